/**
 * The longest life of a session (`SESSION_MAX_SECONDS`): however often it is used, after that time
 * its client starts a sign-in. The setting counts as it is now. Clocks are moved, not waited for.
 */
import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type House, startHouse, type TestWorker } from "../support/house.ts";
import { clientAt, readRefusal, statusOfCall } from "../support/sessions.ts";
import { json, locationOf, meetStranger, openConsent, type Stranger } from "../support/stranger.ts";
import { type Tokens } from "../support/stranger.ts";
import { type CookieJar, signIn, visit } from "../support/tenant.ts";

const HOUR = 3600;

let house: House;
let unlimited: TestWorker;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse({ variables: { SESSION_MAX_SECONDS: String(8 * HOUR) } });
  unlimited = await house.startAnother({ SESSION_MAX_SECONDS: "0" });
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());
beforeEach(async () => {
  await Promise.all([house, unlimited].map((worker) => worker.shiftClock(0)));
});

const OVER = { status: 400, error: "invalid_grant", caching: "no-store", retryAfter: null };

async function refreshAt(seconds: number, { refresh_token }: Tokens): Promise<Response> {
  await house.shiftClock(seconds);
  return client.refresh(refresh_token);
}

it("ends a session that was used all the time, and no access token outlives it", async () => {
  let tokens = await client.signIn("ada");
  for (const hour of [1, 3, 5, 7])
    tokens = await json<Tokens>(await refreshAt(hour * HOUR, tokens), 200);
  tokens = await json<Tokens>(await refreshAt(7.5 * HOUR, tokens), 200);
  expect(tokens.expires_in).toBeLessThanOrEqual(HOUR / 2);
  expect(tokens.expires_in).toBeGreaterThan(HOUR / 2 - 60);
  const { exp = 0, iat = 0 } = decodeJwt(tokens.access_token);
  expect(exp - iat).toBe(tokens.expires_in);
  expect(await statusOfCall(house, tokens.access_token)).toBe(200);
  const refused = await refreshAt(8 * HOUR + 1, tokens);
  expect(await readRefusal(refused)).toEqual(OVER);
  expect(await statusOfCall(house, tokens.access_token)).toBe(401);
  const again = await client.signIn("ada");
  expect(await statusOfCall(house, again.access_token)).toBe(200);
});

it("counts for a session from before it was set, by its name in the log", async () => {
  const there = clientAt(client, unlimited);
  const tokens = await there.signIn("ada");
  await unlimited.shiftClock(10 * HOUR);
  const renewed = await json<Tokens>(await there.refresh(tokens.refresh_token), 200);
  expect(renewed.expires_in).toBe(HOUR);
  expect(await readRefusal(await refreshAt(10 * HOUR + 61, renewed))).toEqual(OVER);
  expect(house.log.findLast(({ route }) => route === "/token")).toMatchObject({
    reason: "session_over",
  });
  // Whoever takes the setting back has lost nobody who still comes.
  await unlimited.shiftClock(10 * HOUR + 122);
  await json<Tokens>(await there.refresh(renewed.refresh_token), 200);
});

it("is told to people where the lives of their connections are shown", async () => {
  const consent = await openConsent(client.begin());
  expect(consent.html).toContain("Or until it is 8 hours old.");
  await client.signIn("rob");
  const jar: CookieJar = new Map();
  const start = await visit(new URL(`${house.issuer}/connections/sign-in`), jar);
  const back = await signIn(locationOf(start), "rob", jar);
  const page = await visit(locationOf(await visit(back, jar)), jar);
  expect(await page.text()).toMatch(/ends <time/);
});
