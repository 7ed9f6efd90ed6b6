/**
 * What the store is left with: everything ends by itself, a person's connections are few and found
 * without a search, and whoever registers and goes away is soon forgotten.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { MOST_CONNECTIONS } from "../../src/grants/connections.ts";
import { createDocumentClient } from "../support/document-client.ts";
import { type House, PERMISSIONS, startHouse } from "../support/house.ts";
import { statusOfCall, storedKeys } from "../support/sessions.ts";
import {
  json,
  locationOf,
  meetStranger,
  openConsent,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";
import { type CookieJar, signIn, visit } from "../support/tenant.ts";

const HOUR_SECONDS = 3600;
const DAY_SECONDS = 86_400;

let house: House;
let client: Stranger;

beforeAll(async () => {
  const { answer } = await createDocumentClient("https://keyed.example.test/client.json");
  house = await startHouse({ elsewhere: answer });
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());
afterEach(() => house.shiftClock(0));
afterEach(() => house.tenant.control.clear());

async function secondsLeft(key: string): Promise<number> {
  return Number(await house.store.run("PTTL", key)) / 1000;
}

/** The one key that `run` has added. */
async function findNewKey(run: () => Promise<unknown>): Promise<string> {
  const before = new Set(await storedKeys(house));
  await run();
  const added = (await storedKeys(house)).filter((key) => !before.has(key));
  expect(added).toHaveLength(1);
  return added[0] ?? "";
}

describe("a registration", () => {
  it("that leads to no login is forgotten within a day; one that does, after ninety", async () => {
    let registered = client;
    const key = await findNewKey(async () => {
      registered = await meetStranger(client.resource);
    });
    expect(await secondsLeft(key)).toBeGreaterThan(23 * HOUR_SECONDS);
    expect(await secondsLeft(key)).toBeLessThanOrEqual(24 * HOUR_SECONDS);
    const attempt = registered.begin();
    const callback = await registered.approve(attempt, "ada");
    expect(await secondsLeft(key)).toBeLessThanOrEqual(24 * HOUR_SECONDS);
    await registered.exchange(attempt, callback);
    expect(await secondsLeft(key)).toBeGreaterThan(89 * DAY_SECONDS);
    expect(await secondsLeft(key)).toBeLessThanOrEqual(90 * DAY_SECONDS);
  });

  it("that is used is renewed at half-time, and is still the same", async () => {
    // Without a refresh token of Auth0's nobody need be asked for newer ones in all that time.
    house.tenant.control.shape({ refreshToken: "none", accessTokenTtlSeconds: 90 * DAY_SECONDS });
    let registered = client;
    const key = await findNewKey(async () => {
      registered = await meetStranger(client.resource);
    });
    const { refresh_token } = await registered.signIn("ada");
    const record = await house.store.run("GET", key);
    await house.store.run("EXPIRE", key, String(40 * DAY_SECONDS));
    // Never unused for thirty days, which would end the grant.
    await house.shiftClock(22 * DAY_SECONDS);
    const first = await json<Tokens>(await registered.refresh(refresh_token), 200);
    await house.shiftClock(44 * DAY_SECONDS);
    const early = await json<Tokens>(await registered.refresh(first.refresh_token), 200);
    expect(await secondsLeft(key)).toBeLessThanOrEqual(40 * DAY_SECONDS);
    await house.shiftClock(46 * DAY_SECONDS);
    await json<Tokens>(await registered.refresh(early.refresh_token), 200);
    expect(await secondsLeft(key)).toBeGreaterThan(89 * DAY_SECONDS);
    expect(await house.store.run("GET", key)).toBe(record);
  });
});

describe("everything", () => {
  it("in the store has an end; only the key of all names lasts a century", async () => {
    await openConsent(client.begin());
    await client.approve(client.begin(), "rob");
    const { refresh_token } = await client.signIn("rob");
    await client.refresh(refresh_token);
    await client.signIn("eve");
    await house.tenant.control.logout("eve");
    const keys = await storedKeys(house);
    const lives = await Promise.all(keys.map(secondsLeft));
    expect(Math.min(...lives)).toBeGreaterThan(0);
    const lasting = keys.filter((_, index) => (lives[index] ?? 0) > 90 * DAY_SECONDS);
    expect(lasting).toEqual([expect.stringMatching(/^mcp:names:[\w-]{8}$/)]);
  });
});

/** The page of Eve's connections, and the browser that she is signed in with. */
async function openConnections() {
  const own: CookieJar = new Map();
  const away = await visit(new URL("/connections/sign-in", house.issuer), own);
  await visit(await signIn(locationOf(away), "eve"), own);
  const page = await (await visit(new URL("/connections", house.issuer), own)).text();
  return { own, page };
}

describe("a person's connections", () => {
  it("are at most a hundred: the longest unused goes, and Auth0 is told", async () => {
    const sessions: Tokens[] = [];
    const signIn = async (): Promise<void> => void sessions.push(await client.signIn("eve"));
    house.tenant.control.setPermissions("eve", PERMISSIONS);
    await signIn();
    await house.shiftClock(10);
    await signIn();
    await house.shiftClock(20);
    while (sessions.length < MOST_CONNECTIONS) await signIn();
    const [first, second, third] = sessions;
    await client.refresh(first?.refresh_token ?? "");
    house.tenant.control.clear();
    house.tenant.control.setPermissions("eve", PERMISSIONS);

    house.store.wire.take();
    await signIn();
    const asked = house.store.wire.take().flatMap(({ commands }) => commands);
    expect(asked).not.toContain("SCAN");
    expect(asked).not.toContain("KEYS");
    const looked = [first, second, third, sessions.at(-1)];
    const statuses = looked.map((each) => statusOfCall(house, each?.access_token ?? ""));
    expect(await Promise.all(statuses)).toEqual([200, 401, 200, 200]);
    await expect.poll(() => house.tenant.control.revokedRefreshTokens()).toHaveLength(1);

    const { own, page } = await openConnections();
    expect(page.length).toBeLessThan(150_000);
    expect(page.match(/name="do" value="end"/g)).toHaveLength(MOST_CONNECTIONS);
    expect(page).not.toContain('value="narrow"');
    const [, details = ""] = /href="(\/connections\?show=[\w-]+)#shown"/.exec(page) ?? [];
    const one = await visit(new URL(details, house.issuer), own);
    expect([details, one.status]).toEqual([expect.stringContaining("show="), 200]);
    expect((await one.text()).match(/value="narrow"/g)).toHaveLength(1);

    house.tenant.control.clear();
    house.store.wire.take();
    await house.tenant.control.logout("eve", { claims: { sid: undefined } });
    const endpoints = ["discovery", "jwks", "revoke"] as const;
    const told = endpoints.reduce((sum, each) => sum + house.tenant.control.count(each), 0);
    const sent = house.store.wire.take();
    expect(told + sent.length).toBeLessThanOrEqual(20);
    // Two for each grant, and what is done once.
    const logoutCommands = sent.flatMap(({ commands }) => commands);
    expect(logoutCommands.length).toBeLessThanOrEqual(2 * MOST_CONNECTIONS + 30);
    const all = await Promise.all(sessions.map((each) => statusOfCall(house, each.access_token)));
    expect(new Set(all)).toEqual(new Set([401]));
    // Auth0 is told by those that come later.
    await client.signIn("eve");
    await expect.poll(() => house.tenant.control.revokedRefreshTokens().length).toBeGreaterThan(4);
  });
});
