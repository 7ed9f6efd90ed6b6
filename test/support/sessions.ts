/**
 * What tests of sessions say often: the same client at another isolate, a call and its status, a session whose
 * Auth0 tokens are due for renewal. Nothing here asserts anything.
 */
import type { House, TestWorker } from "./house.ts";
import { type Attempt, callMcp, createStranger, openConsent, type Stranger, type Tokens } from "./stranger.ts";
import { type CookieJar, signIn, visit } from "./tenant.ts";

/** A refresh after this time renews Auth0's tokens too: they are older than an hour. */
export const RENEWAL_DUE_SECONDS = 3700;

/** After this time an isolate asks the store again whether a grant lives (REVOCATION_CHECK_SECONDS). */
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

/** A browser that comes back from Auth0: the address it is sent to, not yet visited, and its cookies. */
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
