/**
 * What must not be readable anywhere: a whole life of a session with its errors, then the store,
 * the log and every answer.
 */
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { PEOPLE } from "../../dev/tenant/people.ts";
import { type House, PERMISSIONS, startHouse } from "../support/house.ts";
import { CANARY, makeMistakes } from "../support/mistakes.ts";
import { RENEWAL_DUE_SECONDS } from "../support/sessions.ts";
import {
  callMcp,
  json,
  meetStranger,
  openConsent,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";
import { type CookieJar, signIn, visit } from "../support/tenant.ts";
import { inPlainSight } from "../support/store.ts";

interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly body: string;
}

const JWT = /eyJ[\w-]+\.eyJ/;

let house: House;
const exchanges: Exchange[] = [];
/** Everything that was secret or personal on the way, by what it is. */
const secrets = new Map<string, string>();
/** The store as it was while the session lived. */
let dump: string[];

const fetchUnseen = globalThis.fetch;

beforeAll(async () => {
  house = await startHouse();
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const response = await fetchUnseen(request.clone());
    if (request.url.startsWith(house.issuer) && !request.url.includes("/__clock"))
      exchanges.push({ request, response, body: await response.clone().text() });
    return response;
  };
  const client = await meetStranger(`${house.issuer}/mcp`, {
    client_name: "Lovelace's analytical engine",
  });
  const tokens = await live(client);
  dump = await house.store.dump();
  await makeMistakes(house, client, {
    tokens,
    code: secretOf("code"),
    verifier: secretOf("verifier"),
  });
  await client.revoke(tokens.access_token);
  noteAll({ ...house.variables }, ["RESOURCE_BASE_URL", "AUTH0_CLIENT_ID"]);
  secrets.set("whatever a stranger sent", CANARY);
  await vi.waitFor(() => expect(lines().length).toBe(exchanges.length));
});
afterAll(async () => {
  globalThis.fetch = fetchUnseen;
  await house.stop();
});

describe("the store", () => {
  it("has records of the client, the grant, its tokens, the person's connections, and a rotation", () => {
    expect(dump.length).toBeGreaterThanOrEqual(10);
  });

  it.each([
    ["who the client is", () => [secretOf("client id"), "analytical", "127.0.0.1:9"]],
    ["who the person is", () => [secretOf("user id"), ...personal("ada"), ...personal("rob")]],
    ["what was allowed", () => [...PERMISSIONS, "tool:", "openid", "offline_access", "email"]],
    [
      "where anything is",
      () => [house.issuer, house.tenant.url, "http:", "https:", "localhost", "example.test"],
    ],
    [
      "what any record is",
      () => ["client:", "grant:", "upstream:", "rotation", "connections", "{", '"'],
    ],
    ["any secret", () => [...secrets.values()]],
  ])("does not tell %s", (_case, texts) => {
    for (const text of texts()) expect(find(placesOf(text), text), text).toBeUndefined();
  });

  it("has nothing but hashed names and sealed values", () => {
    for (const text of dump)
      expect(text).toMatch(
        // Keys and members; names of versions and of ends, with the time; nonces of claims; sealed texts.
        /^(mcp:([\w-]{43}|names:[\w-]{8}|ended|farewells)|[\w-]{43}|\d+|(g|[\w-]{22})\.(\d+|end)(\.\d+=)?|[\w-]{16}|(((g|[\w-]{22})\.\d+\.[\w-]{12}|[eu]\.[\w-]{43})=)?v1\.[\w-]{8}\.[\w-]+)$/,
      );
  });
});

describe("the log", () => {
  it("has exactly one line for each request, under the id that the answer carries", () => {
    const ids = lines().map(({ requestId }) => requestId);
    const answered = exchanges.map(({ response }) => response.headers.get("x-request-id"));
    expect(ids).toHaveLength(exchanges.length);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(ids)).toEqual(new Set(answered));
  });

  it("says why, whenever something was refused", () => {
    const silent = exchanges
      .filter(({ response }) => isRefusal(response))
      .filter(({ response }) => typeof lineOf(response)?.["reason"] !== "string");
    expect(
      silent.map(({ request, response, body }) => [
        request.method,
        request.url,
        response.status,
        body,
      ]),
    ).toEqual([]);
  });

  it("gives no reason when nothing was", () => {
    const talkative = exchanges
      .filter(({ response }) => !isRefusal(response))
      .map(({ response }) => lineOf(response)?.["reason"])
      .filter((reason) => reason !== undefined);
    expect(talkative).toEqual(["grant_revoked"]);
  });

  it("repeats only paths that are ours", () => {
    const routes = new Set(lines().map(({ route }) => route));
    expect(routes).toEqual(
      new Set([
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-protected-resource/mcp",
        "/auth/backchannel-logout",
        "/auth/callback",
        "/authorize",
        "/authorize/confirm",
        "/mcp",
        "/register",
        "/token",
        "other",
      ]),
    );
  });

  it("has one form: nothing that a library prints is in it", () => {
    expect(house.log.filter((line) => "text" in line)).toEqual([]);
  });

  it("has no secret, no token, and nothing about a person", () => {
    const texts = house.log.map((line) => JSON.stringify(line));
    for (const [name, secret] of secrets)
      if (name !== "user id") expect(find(texts, secret), name).toBeUndefined();
    for (const text of [...personal("ada"), ...personal("rob"), "Lovelace"])
      expect(find(texts, text), text).toBeUndefined();
  });
});

describe("every answer", () => {
  it("carries the headers that keep it safe, and an id", () => {
    for (const { request, response } of exchanges) {
      const { headers } = response;
      expect(headers.get("x-request-id"), request.url).toMatch(/^[\w-]{8,64}$/);
      expect(headers.get("x-content-type-options"), request.url).toBe("nosniff");
      expect(headers.get("x-frame-options"), request.url).toBe("DENY");
      expect(headers.get("referrer-policy"), request.url).toBe("no-referrer");
      expect(headers.get("permissions-policy"), request.url).toContain("camera=()");
      expect(headers.get("content-security-policy"), request.url).toMatch(
        /^default-src 'none'; .*frame-ancestors 'none'$/,
      );
      const isPublic =
        request.url.includes("oauth-authorization-server") && request.method === "GET";
      expect(headers.get("cache-control"), request.url).toBe(
        isPublic ? "public, max-age=3600" : "no-store",
      );
    }
  });

  it("that refuses repeats nothing that was sent, and nothing that is kept", () => {
    const refusals = exchanges.filter(({ response }) => isRefusal(response));
    expect(refusals.length).toBeGreaterThan(20);
    for (const { request, response, body } of refusals) {
      const location = response.headers.get("location") ?? "";
      for (const [name, secret] of secrets) {
        expect(body.includes(secret), `${name} in the answer to ${request.url}`).toBe(false);
        const isTheirs = name === "state" || name === "client id";
        if (!isTheirs)
          expect(location.includes(secret), `${name} in the redirect of ${request.url}`).toBe(
            false,
          );
      }
      expect(body).not.toMatch(/\bat \w+ \(|node_modules|\.ts:\d|Error:/);
    }
  });

  it("that redirects has no token in its address", () => {
    const locations = exchanges
      .map(({ response }) => response.headers.get("location") ?? "")
      .filter((location) => location !== "");
    expect(locations.length).toBeGreaterThan(5);
    for (const name of ["access token", "refresh token", "verifier", "handle"])
      expect(find(locations, secretOf(name)), name).toBeUndefined();
    for (const location of locations) expect(location).not.toMatch(JWT);
  });
});

/** Signs in, calls, lets an hour pass, refreshes with a renewal at Auth0, calls again. */
async function live(client: Stranger): Promise<Tokens> {
  const [attempt, jar]: [ReturnType<Stranger["begin"]>, CookieJar] = [
    client.begin({ scope: `openid profile email offline_access ${PERMISSIONS.join(" ")}` }),
    new Map(),
  ];
  const consent = await openConsent(attempt, jar);
  const toAuth0 = new URL((await consent.decide("allow")).headers.get("location") ?? "");
  const back = await signIn(toAuth0, "ada");
  for (const { name, value } of jar.values()) secrets.set(`cookie ${name}`, value);
  const callback = new URL((await visit(back, jar)).headers.get("location") ?? "");
  const tokens = await json<Tokens>(await client.exchange(attempt, callback), 200);
  await getUserInfo(tokens);
  await house.shiftClock(RENEWAL_DUE_SECONDS);
  const renewed = await json<Tokens>(await client.refresh(tokens.refresh_token), 200);
  await house.shiftClock(0);
  await getUserInfo(renewed);
  noteAll({
    state: attempt.state,
    verifier: attempt.verifier,
    challenge: attempt.url.searchParams.get("code_challenge") ?? "",
    handle: consent.handle,
    code: callback.searchParams.get("code") ?? "",
    "our state at Auth0": toAuth0.searchParams.get("state") ?? "",
    "our nonce": toAuth0.searchParams.get("nonce") ?? "",
    "Auth0's code": back.searchParams.get("code") ?? "",
    "access token": tokens.access_token,
    "refresh token": tokens.refresh_token,
    "renewed access token": renewed.access_token,
    "renewed refresh token": renewed.refresh_token,
    "client id": client.clientId,
    "user id": decodeJwt(renewed.access_token).sub ?? "",
  });
  return renewed;
}

async function getUserInfo({ access_token }: Tokens): Promise<void> {
  const call = { method: "tools/call", params: { name: "get_user_info", arguments: {} } };
  const { answer } = await callMcp(`${house.issuer}/mcp`, access_token, call);
  expect(answer.result?.structuredContent).toMatchObject({
    user_info: { email: PEOPLE.ada.email },
  });
}

function isRefusal({ status, headers }: Response): boolean {
  return status >= 400 || new URL(headers.get("location") ?? "none:").searchParams.has("error");
}

/** The lines about requests; others are warnings. */
function lines() {
  return house.log.filter((line) => "route" in line);
}

function lineOf({ headers }: Response) {
  return lines().find(({ requestId }) => requestId === headers.get("x-request-id"));
}

function noteAll(named: Readonly<Record<string, string>>, except: readonly string[] = []): void {
  for (const [name, value] of Object.entries(named))
    if (!except.includes(name)) secrets.set(name, value);
}

function secretOf(name: string): string {
  const secret = secrets.get(name);
  if (secret === undefined || secret === "") throw new Error(`there was no ${name}`);
  return secret;
}

function personal(person: keyof typeof PEOPLE): string[] {
  const { sub, email, profile } = PEOPLE[person];
  return [sub, email, profile.name, profile.picture];
}

/** Where a text is looked for: a short word stands in what is sealed too, once in ten thousand runs. */
function placesOf(text: string): readonly string[] {
  return /^[\w-]{1,8}$/.test(text) ? inPlainSight(dump) : dump;
}

function find(texts: readonly string[], part: string): string | undefined {
  return texts.find((text) => text.includes(part));
}
