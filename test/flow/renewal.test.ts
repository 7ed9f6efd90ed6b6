/**
 * Auth0's tokens behind a session: renewed within the hour and not more often, once however many
 * ask, and never lost to an outage of Auth0's. Clocks are moved, not waited for.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PEOPLE } from "../../dev/tenant/people.ts";
import type { Fault } from "../../dev/tenant/traffic.ts";
import { type House, PERMISSIONS, startHouse, type TestWorker } from "../support/house.ts";
import {
  clientAt,
  countRenewals,
  countVersions,
  ENDED,
  permissionsIn,
  readRefusal,
  RENEWAL_DUE_SECONDS,
  signInAndWait,
  statusOfCall,
} from "../support/sessions.ts";
import { callMcp, json, meetStranger, type Stranger, type Tokens } from "../support/stranger.ts";

const HOUR_SECONDS = 3600;

let house: House;
let other: TestWorker;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse();
  other = await house.startAnother();
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());
beforeEach(() => shiftClocks(0));
beforeEach(() => house.tenant.control.clear());

async function shiftClocks(offsetSeconds: number): Promise<void> {
  await Promise.all([house, other].map((worker) => worker.shiftClock(offsetSeconds)));
}

async function refreshed(token: string): Promise<Tokens> {
  return json<Tokens>(await client.refresh(token), 200);
}

async function heldBy({ access_token }: Tokens): Promise<readonly string[]> {
  return (await permissionsIn(access_token)).held;
}

describe("a refresh", () => {
  it("goes on when its client hangs up, so that Auth0's new token is not lost", async () => {
    const { refresh_token } = await signInAndWait(client, [house]);
    const { control } = house.tenant;
    control.latency("token:refresh_token", 300);
    const hangUp = new AbortController();
    const form = { grant_type: "refresh_token", refresh_token, resource: client.resource };
    const left = client.token(form, { signal: hangUp.signal }).catch(() => "hung up");
    await expect.poll(() => control.count("token:refresh_token")).toBe(1);
    hangUp.abort();
    expect(await left).toBe("hung up");
    const tokens = await refreshed(refresh_token);
    expect(control.count("token:refresh_token")).toBe(1);
    expect(await statusOfCall(house, tokens.access_token)).toBe(200);
  });

  const ages: [number, number][] = [
    [0, 0],
    [HOUR_SECONDS - 60, 0],
    [HOUR_SECONDS + 1, 1],
    [10 * HOUR_SECONDS, 1],
  ];
  it.for(ages)("of tokens that are %i seconds old asks Auth0 %i times", async ([age, times]) => {
    const { refresh_token } = await client.signIn("ada");
    await shiftClocks(age);
    const { renewals } = await countRenewals(house, () => refreshed(refresh_token));
    expect(renewals).toBe(times);
  });

  it("asks Auth0 when its token is about to end, however young", async () => {
    house.tenant.control.shape({ accessTokenTtlSeconds: 600 });
    const { refresh_token } = await client.signIn("ada");
    house.tenant.control.shape({});
    const early = await countRenewals(house, () => refreshed(refresh_token));
    await shiftClocks(301);
    const late = await countRenewals(house, () => refreshed(early.value.refresh_token));
    expect([early.renewals, late.renewals]).toEqual([0, 1]);
  });

  it("brings the permissions that Auth0 gives by then", async () => {
    const tokens = await client.signIn("rob");
    expect(await heldBy(tokens)).toEqual(["tool:get_user_info"]);
    house.tenant.control.setPermissions("rob", PERMISSIONS);
    const soon = await refreshed(tokens.refresh_token);
    expect(await heldBy(soon)).toEqual(["tool:get_user_info"]);
    await shiftClocks(RENEWAL_DUE_SECONDS);
    const later = await refreshed(soon.refresh_token);
    expect(await heldBy(later)).toEqual(expect.arrayContaining(PERMISSIONS));
    house.tenant.control.setPermissions("rob", []);
    await shiftClocks(2 * RENEWAL_DUE_SECONDS);
    expect(await heldBy(await refreshed(later.refresh_token))).toEqual([]);
  });
});

describe("when Auth0 says that a session is over", () => {
  it("it is over here: invalid_grant, and nothing is left of it", async () => {
    const before = await countVersions(house);
    const tokens = await signInAndWait(client, [house]);
    house.tenant.control.block("ada");
    expect(await readRefusal(await client.refresh(tokens.refresh_token))).toEqual(ENDED);
    expect(await statusOfCall(house, tokens.access_token)).toBe(401);
    expect(await countVersions(house)).toBe(before);
  });
});

describe("when Auth0 cannot be asked", () => {
  const faults: [string, Fault, string][] = [
    ["answers 500", { status: 500 }, "5"],
    ["answers 503", { status: 503 }, "5"],
    ["answers 429", { status: 429, headers: { "retry-after": "17" } }, "17"],
    ["sends no JSON", { status: 200, body: "<!doctype html>" }, "5"],
    ["breaks the connection", "reset", "5"],
    ["never answers", "hang", "5"],
  ];

  it.for(faults)(
    "%s: 503, and the next try works",
    { timeout: 60_000 },
    async ([, fault, retryAfter]) => {
      const { refresh_token } = await signInAndWait(client, [house]);
      house.tenant.control.fail("token", fault);
      const startedAtMs = performance.now();
      const answer = await readRefusal(await client.refresh(refresh_token));
      // Eight seconds for the client; what was asked of Auth0 goes on.
      expect(performance.now() - startedAtMs).toBeLessThan(9500);
      const expected = { error: "temporarily_unavailable", caching: "no-store", retryAfter };
      expect(answer).toEqual({ status: 503, ...expected });
      house.tenant.control.clear();
      // What never answers is waited for as long as Auth0 may think; whoever comes meanwhile is told when.
      const again = () => client.refresh(refresh_token);
      await expect.poll(async () => (await again()).status, { timeout: 40_000 }).toBe(200);
      const newer = await json<Tokens>(await again(), 200);
      expect(await statusOfCall(house, newer.access_token)).toBe(200);
    },
  );
});

describe("when our store fails after Auth0 has given newer tokens", () => {
  it.for(["refuse", "lost"] as const)("the next try does not ask Auth0 again: %s", async (kind) => {
    const { refresh_token } = await signInAndWait(client, [house]);
    const { renewals } = await countRenewals(house, async () => {
      house.store.faults.always(kind, { skip: 1 });
      const { status, error } = await readRefusal(await client.refresh(refresh_token));
      house.store.faults.clear();
      expect([status, error]).toEqual([503, "temporarily_unavailable"]);
      const newer = await refreshed(refresh_token);
      await shiftClocks(2 * RENEWAL_DUE_SECONDS);
      await refreshed(newer.refresh_token);
    });
    // Once for each of the two hours.
    expect(renewals).toBe(2);
  });
});

describe("when Auth0 gives no refresh token", () => {
  it("nothing of ours outlives Auth0's access token", async () => {
    house.tenant.control.shape({ refreshToken: "none", accessTokenTtlSeconds: 1800 });
    const tokens = await client.signIn("ada");
    expect(tokens.expires_in).toBeGreaterThan(1790);
    expect(tokens.expires_in).toBeLessThanOrEqual(1800);
    await shiftClocks(900);
    const newer = await refreshed(tokens.refresh_token);
    expect(newer.expires_in).toBeLessThanOrEqual(900);
    await shiftClocks(1790);
    expect(await readRefusal(await client.refresh(newer.refresh_token))).toEqual(ENDED);
    await shiftClocks(1801);
    expect(await statusOfCall(house, newer.access_token)).toBe(401);
  });
});

describe("a tool that needs Auth0's token when it is about to end", () => {
  const call = { method: "tools/call", params: { name: "get_user_info", arguments: {} } };

  async function signInForFiveMinutes(): Promise<Tokens> {
    house.tenant.control.shape({ accessTokenTtlSeconds: 900 });
    const tokens = await client.signIn("ada");
    house.tenant.control.shape({});
    await shiftClocks(700);
    return tokens;
  }

  it("gets a newer one: twenty calls in two isolates make one call to Auth0", async () => {
    const { access_token, refresh_token } = await signInForFiveMinutes();
    const { value, renewals } = await countRenewals(house, () =>
      Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          callMcp(`${index % 2 === 0 ? house.url : other.url}/mcp`, access_token, call),
        ),
      ),
    );
    expect(value.map(({ answer }) => answer.result?.isError ?? false)).toEqual(
      Array(20).fill(false),
    );
    expect(renewals).toBe(1);
    const again = await countRenewals(house, () => callMcp(client.resource, access_token, call));
    expect(again.renewals).toBe(0);
    await refreshed(refresh_token);
  });

  it("ends the session when Auth0 says so", async () => {
    const { access_token, refresh_token } = await signInForFiveMinutes();
    house.tenant.control.block("ada");
    const { answer } = await callMcp(client.resource, access_token, call);
    expect(answer.result?.isError).toBe(true);
    expect(await statusOfCall(house, access_token)).toBe(401);
    expect(await readRefusal(await client.refresh(refresh_token))).toEqual(ENDED);
  });

  it("leaves none at Auth0 when the session is ended before it is written down", async () => {
    const { access_token } = await signInForFiveMinutes();
    const { faults, wire } = house.store;
    const revocations = () => house.tenant.control.count("revoke");
    const before = revocations();
    wire.take();
    faults.next("held", { match: "HSETNX" });
    const calling = callMcp(client.resource, access_token, call);
    await expect.poll(() => wire.take().some(({ fault }) => fault === "held")).toBe(true);
    expect((await clientAt(client, other).revoke(access_token)).status).toBe(200);
    await expect.poll(revocations).toBe(before + 1);
    expect(await faults.deliver()).toBeGreaterThan(0);
    await calling;
    await expect.poll(revocations).toBe(before + 2);
    expect(await statusOfCall(other, access_token)).toBe(401);
  });

  it("is held up by no renewal that came to nothing", async () => {
    const { access_token, refresh_token } = await signInForFiveMinutes();
    house.tenant.control.fail("token", { status: 503 });
    await callMcp(client.resource, access_token, call);
    house.tenant.control.clear();
    const { renewals } = await countRenewals(house, () =>
      callMcp(`${other.url}/mcp`, access_token, call),
    );
    expect(renewals).toBe(1);
    await refreshed(refresh_token);
  });

  it("still answers while Auth0 is down and the token has minutes to live", async () => {
    const { access_token } = await signInForFiveMinutes();
    house.tenant.control.fail("token", { status: 503 });
    house.tenant.control.fail("userinfo", { status: 503 });
    const { answer } = await callMcp(client.resource, access_token, call);
    expect(answer.result?.isError ?? false).toBe(false);
    expect(answer.result?.structuredContent?.["user_info"]).toMatchObject({
      name: PEOPLE.ada.profile.name,
    });
  });
});
