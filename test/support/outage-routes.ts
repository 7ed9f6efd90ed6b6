/**
 * Every route that needs the store, as data: what one prepares while all is well, the request that
 * then meets the fault, and how it is answered at each store request that may fail. Nothing here
 * asserts anything.
 */
import type { House, TestWorker } from "./house.ts";
import { comeBack, STALENESS_SECONDS } from "./sessions.ts";
import { callMcp, openConsent, type Stranger } from "./stranger.ts";
import { visit } from "./tenant.ts";

export interface Stage {
  readonly house: House;
  /** Another isolate, where every call asks the store. */
  readonly strict: TestWorker;
  readonly client: Stranger;
}

/** How a request was answered: one of the three ways to say "try again", or a status. */
export type Answer = "503 as JSON" | "503 as a page" | "an error for the client" | `${number}`;

export interface Route {
  readonly name: string;
  prepare(stage: Stage): Promise<() => Promise<Response>>;
  /**
   * The answers when the first, the second, … store request fails and all after it; the last one
   * when none does.
   */
  readonly answers: readonly Answer[];
}

/** How long the store is left alone after it gave no answer. */
const PAUSE_SECONDS = 6;
let pauses = 0;

export const ROUTES: readonly Route[] = [
  {
    name: "a call where every call asks",
    async prepare({ client, strict }) {
      const { access_token } = await client.signIn("ada");
      return () => listTools(strict, access_token);
    },
    answers: ["503 as JSON", "200"],
  },
  {
    name: "a call in an isolate that has read of ends a while ago",
    async prepare({ client, house }) {
      const { access_token } = await client.signIn("ada");
      // Later each time than what was known and the pause after the failure before.
      pauses += 1;
      await house.shiftClock(pauses * (STALENESS_SECONDS + PAUSE_SECONDS));
      return () => listTools(house, access_token);
    },
    answers: ["200", "200"],
  },
  {
    name: "GET /authorize",
    prepare:
      async ({ client }) =>
      () =>
        visit(client.begin().url, new Map()),
    answers: ["503 as a page", "an error for the client", "200"],
  },
  {
    name: "POST /authorize",
    async prepare({ client }) {
      const consent = await openConsent(client.begin());
      return () => consent.decide("allow");
    },
    answers: ["503 as a page", "an error for the client", "302"],
  },
  {
    name: "the return from Auth0",
    async prepare({ client }) {
      const { back, jar } = await comeBack(client);
      return () => visit(back, jar);
    },
    answers: [
      "503 as a page",
      "an error for the client",
      "an error for the client",
      "an error for the client",
      "302",
    ],
  },
  {
    name: "an exchange",
    async prepare({ client }) {
      const attempt = client.begin();
      const callback = await client.approve(attempt, "ada");
      return () => client.exchange(attempt, callback);
    },
    answers: ["503 as JSON", "503 as JSON", "200"],
  },
  {
    name: "a refresh",
    async prepare({ client }) {
      const { refresh_token } = await client.signIn("ada");
      return () => client.refresh(refresh_token);
    },
    answers: ["503 as JSON", "503 as JSON", "200"],
  },
  {
    name: "a registration",
    prepare:
      async ({ client }) =>
      () =>
        register(client),
    answers: ["503 as JSON", "201"],
  },
  {
    name: "a revocation",
    async prepare({ client }) {
      const { refresh_token } = await client.signIn("ada");
      return () => client.revoke(refresh_token);
    },
    answers: ["503 as JSON", "503 as JSON", "200"],
  },
];

/** Says how a request was answered; in full when it is none of the ways in which it may be. */
export async function describeAnswer(response: Response): Promise<string> {
  const { status, headers } = response;
  const location = headers.get("location") ?? "";
  const text = await response.clone().text();
  if (new URLSearchParams(location.split("?")[1]).get("error") === "temporarily_unavailable")
    return isWholeRedirect(location) ? "an error for the client" : `a bad redirect`;
  if (status !== 503) return String(status);
  const isPolite =
    /^\d+$/.test(headers.get("retry-after") ?? "") && !headers.has("www-authenticate");
  const isFresh = headers.get("cache-control") === "no-store" && location === "";
  if (!isPolite || !isFresh)
    return `503 without the right headers: ${JSON.stringify([...headers])}`;
  if (/^<!doctype html>/i.test(text)) return "503 as a page";
  return JSON.parse(text).error === "temporarily_unavailable" ? "503 as JSON" : `503: ${text}`;
}

/**
 * RFC 6749 §4.1.2.1 and RFC 9207: to the client's own address, with its state and our name, without
 * a code.
 */
function isWholeRedirect(location: string): boolean {
  const { searchParams, host } = new URL(location);
  const has = (name: string) => searchParams.get(name) !== null;
  return host === "127.0.0.1:9" && has("state") && has("iss") && !has("code");
}

async function listTools(worker: TestWorker, accessToken: string): Promise<Response> {
  const { response } = await callMcp(`${worker.url}/mcp`, accessToken, { method: "tools/list" });
  return response;
}

function register({ metadata, redirectUri }: Stranger): Promise<Response> {
  return fetch(metadata.registration_endpoint, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ redirect_uris: [redirectUri], token_endpoint_auth_method: "none" }),
  });
}
