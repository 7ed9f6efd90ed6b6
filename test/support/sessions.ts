/**
 * What tests of sessions say often: the same client at another isolate, a call and its status, a
 * session whose Auth0 tokens are due for renewal, a browser on its way. Nothing here asserts
 * anything.
 */
import { setImmediate as turn } from "node:timers/promises";
import { decodeJwt } from "jose";
import { z } from "zod";
import { createPermissionIndex } from "../../src/grants/permission-index.ts";
import { type House, PERMISSIONS, type TestWorker } from "./house.ts";
import {
  type Attempt,
  callMcp,
  createStranger,
  openConsent,
  type Stranger,
  type Tokens,
} from "./stranger.ts";
import { type CookieJar, signIn, visit } from "./tenant.ts";

/** A refresh after this time renews Auth0's tokens too: they are older than an hour. */
export const RENEWAL_DUE_SECONDS = 3700;

/**
 * After this time an isolate asks the store again whether a grant lives (REVOCATION_CHECK_SECONDS).
 */
export const STALENESS_SECONDS = 31;

/** The same client, whose token requests reach another isolate. */
export function clientAt(client: Stranger, worker: TestWorker): Stranger {
  const address = `${worker.url}/token`;
  const metadata = { ...client.metadata, token_endpoint: address, revocation_endpoint: address };
  return createStranger({ ...client, metadata });
}

/** The status of a simple call with this access token at one isolate. */
export async function statusOfCall(worker: TestWorker, accessToken: string): Promise<number> {
  const { response } = await callMcp(`${worker.url}/mcp`, accessToken, { method: "tools/list" });
  return response.status;
}

/** The JSON of a token response, whatever became of it. */
export async function readTokens(response: Response): Promise<Tokens> {
  return response.json();
}

/** What a client reads in a refusal; `retryAfter` is null when it is not told to try again. */
export async function readRefusal(response: Response) {
  const { error } = await response.json();
  const { status, headers } = response;
  const caching = headers.get("cache-control");
  return { status, error, caching, retryAfter: headers.get("retry-after") };
}

/** A refusal that sends the client back to the sign-in. */
export const ENDED = {
  status: 400,
  error: "invalid_grant",
  caching: "no-store",
  retryAfter: null,
} as const;

/** A client with a secret, registered where another one is. */
export async function meetConfidential(known: Stranger): Promise<Stranger> {
  const response = await fetch(known.metadata.registration_endpoint, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: "A stranger with a secret",
      redirect_uris: [known.redirectUri],
      token_endpoint_auth_method: "client_secret_post",
    }),
  });
  const { client_id, client_secret } = await response.json();
  const authenticate = () => ({ form: { client_id, client_secret } });
  return createStranger({ ...known, clientId: client_id, authenticate });
}

/** Signs in now and lets more than an hour pass for these isolates. */
export async function signInAndWait(
  client: Stranger,
  isolates: readonly TestWorker[],
): Promise<Tokens> {
  await Promise.all(isolates.map((isolate) => isolate.shiftClock(0)));
  const tokens = await client.signIn("ada");
  await Promise.all(isolates.map((isolate) => isolate.shiftClock(RENEWAL_DUE_SECONDS)));
  return tokens;
}

/** How often Auth0 was asked for newer tokens while `run` ran. */
export async function countRenewals<Value>(
  house: House,
  run: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly renewals: number }> {
  const before = house.tenant.control.count("token:refresh_token");
  const value = await run();
  return { value, renewals: house.tenant.control.count("token:refresh_token") - before };
}

/** Settles once Auth0 has been asked for newer tokens, which it need not have answered. */
export async function untilRenewing({ tenant }: House): Promise<void> {
  const before = tenant.control.count("token:refresh_token");
  while (tenant.control.count("token:refresh_token") === before) await turn();
}

/**
 * A browser that comes back from Auth0: the address it is sent to, not yet visited, and its
 * cookies.
 */
export interface Return {
  readonly attempt: Attempt;
  readonly back: URL;
  readonly jar: CookieJar;
}

/** Consent and login, up to the way back to us. */
export async function comeBack(client: Stranger): Promise<Return> {
  const attempt = client.begin();
  const jar: CookieJar = new Map();
  const decided = await (await openConsent(attempt, jar)).decide("allow");
  const back = await signIn(decided.headers.get("location") ?? "", "ada");
  return { attempt, back, jar };
}

/** The way back, and on to the client with a code. */
export async function arrive({ back, jar }: Return): Promise<URL> {
  const done = await visit(back, jar);
  return new URL(done.headers.get("location") ?? "");
}

/** Every key in the store. */
export async function storedKeys({ store }: House): Promise<string[]> {
  const reply = await store.run("SCAN", "0", "COUNT", "100000");
  const [, found] = Array.isArray(reply) ? reply : [];
  return Array.isArray(found) ? found.map(String) : [];
}

/** The key of the hash in which an access token's grant lies. */
export function recordKey(accessToken: string): string {
  return `mcp:${String(decodeJwt(accessToken)["grant_record"])}`;
}

/** The permissions that an access token carries, as names. */
export async function permissionsIn(
  accessToken: string,
): Promise<{ readonly held: readonly string[]; readonly granted: readonly string[] }> {
  const index = await createPermissionIndex(PERMISSIONS);
  const { permissions } = permissionsSchema.parse(decodeJwt(accessToken));
  if (permissions.list !== index.list) throw new Error("the token is of another list");
  return { held: index.decode(permissions.held), granted: index.decode(permissions.granted) };
}

const permissionsSchema = z.object({
  permissions: z.object({ list: z.string(), held: z.string(), granted: z.string() }),
});

/** How many versions of grants and connections lie in the store: what is left of sessions. */
export async function countVersions({ store }: House): Promise<number> {
  const dump = await store.dump();
  return dump.filter((text) => /^[\w-]+\.\d+\.[\w-]+=v1\./.test(text)).length;
}
