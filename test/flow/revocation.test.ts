/**
 * Revocation by clients (RFC 7009) and by Auth0 (OpenID Connect Back-Channel Logout 1.0): what
 * ends, how soon, where, and what goes on undisturbed.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Difference } from "../../dev/tenant/forgery.ts";
import { type House, startHouse, type TestWorker } from "../support/house.ts";
import {
  clientAt,
  countVersions,
  ENDED,
  meetConfidential,
  readRefusal,
  RENEWAL_DUE_SECONDS,
  STALENESS_SECONDS,
  statusOfCall,
} from "../support/sessions.ts";
import {
  createStranger,
  json,
  meetStranger,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";

let house: House;
let other: TestWorker;
let strict: TestWorker;
let client: Stranger;
let confidential: Stranger;

beforeAll(async () => {
  house = await startHouse();
  other = await house.startAnother();
  strict = await house.startAnother({ REVOCATION_CHECK_SECONDS: "0" });
  client = await meetStranger(`${house.issuer}/mcp`);
  confidential = await meetConfidential(client);
});
afterAll(() => house.stop());
beforeEach(async () => {
  house.tenant.control.clear();
  await Promise.all([house, other, strict].map((worker) => worker.shiftClock(0)));
});

async function refreshed(token: string, by = client): Promise<Tokens> {
  return json<Tokens>(await by.refresh(token), 200);
}

async function expectNothing(answer: Response): Promise<void> {
  expect(answer.status).toBe(200);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(await answer.text()).toBe("");
}

describe("a client that revokes", () => {
  const tokens: [string, (tokens: Tokens) => string | Promise<string>][] = [
    ["an access token", ({ access_token }) => access_token],
    ["a refresh token", ({ refresh_token }) => refresh_token],
    [
      "an access token that has expired",
      async ({ access_token }) => {
        await house.shiftClock(RENEWAL_DUE_SECONDS);
        return access_token;
      },
    ],
  ];
  const clients: [string, () => Stranger][] = [
    ["a public client", () => client],
    ["a client with a secret", () => confidential],
  ];
  const cases = tokens.flatMap(([token, choose]) =>
    clients.map(([who, by]) => ({ token, choose, who, by })),
  );

  it.for(clients)("is told at its next refresh that the session has ended (%s)", async ([, by]) => {
    const { refresh_token: token } = await by().signIn("rob");
    await expectNothing(await by().revoke(token));
    const { error, error_description: description } = await json<{
      error: string;
      error_description: string;
    }>(await by().refresh(token), 400);
    expect([error, description]).toEqual([
      "invalid_grant",
      "This authorization has ended. Please connect again.",
    ]);
    expect(house.log.at(-1)).toMatchObject({ reason: "grant_ended", grant: "refresh_token" });
  });

  it.for(cases)("$token ends the session ($who)", async ({ choose, by }) => {
    const before = await countVersions(house);
    const session = await by().signIn("ada");
    await expectNothing(await by().revoke(await choose(session)));
    expect(await statusOfCall(house, session.access_token)).toBe(401);
    expect(await readRefusal(await by().refresh(session.refresh_token))).toEqual(ENDED);
    expect(await countVersions(house)).toBe(before);
    await expect.poll(() => house.tenant.control.revokedRefreshTokens()).toHaveLength(1);
  });

  it("a refresh token that was used before ends the session, and all it has led to", async () => {
    const before = await countVersions(house);
    const first = await client.signIn("ada");
    const newer = await refreshed(first.refresh_token);
    await expectNothing(await client.revoke(first.refresh_token));
    expect(await statusOfCall(house, newer.access_token)).toBe(401);
    expect(await readRefusal(await client.refresh(newer.refresh_token))).toEqual(ENDED);
    expect(await countVersions(house)).toBe(before);
  });

  it("has also ended the answer that could have been had again", async () => {
    const first = await client.signIn("ada");
    const newer = await refreshed(first.refresh_token);
    await expectNothing(await client.revoke(newer.refresh_token));
    expect(await readRefusal(await client.refresh(first.refresh_token))).toEqual(ENDED);
    const elsewhere = clientAt(client, other);
    expect(await readRefusal(await elsewhere.refresh(first.refresh_token))).toEqual(ENDED);
  });

  it("need not leave out what it leaves empty (RFC 6749 §3.2)", async () => {
    const { access_token, refresh_token } = await client.signIn("ada");
    const empty = { grant_type: "", client_secret: "", token_type_hint: "" };
    await expectNothing(await client.token({ token: refresh_token, ...empty }));
    expect(await statusOfCall(house, access_token)).toBe(401);
  });

  it("is heard elsewhere within seconds, and at once by whoever asks every time", async () => {
    const { access_token } = await client.signIn("ada");
    const everywhere = [house, other, strict];
    const call = () => Promise.all(everywhere.map((worker) => statusOfCall(worker, access_token)));
    expect(await call()).toEqual([200, 200, 200]);
    await expectNothing(await client.revoke(access_token));
    expect(await call()).toEqual([401, 200, 401]);
    await other.shiftClock(STALENESS_SECONDS);
    expect(await call()).toEqual([401, 401, 401]);
  });

  it("is heard by a clock that was ahead and was set back", async () => {
    const { access_token } = await client.signIn("ada");
    await other.shiftClock(3000);
    expect(await statusOfCall(other, access_token)).toBe(200);
    await other.shiftClock(0);
    await expectNothing(await client.revoke(access_token));
    await other.shiftClock(STALENESS_SECONDS);
    expect(await statusOfCall(other, access_token)).toBe(401);
  });

  it("is heard for as long as its token lives, where newer ones live shorter", async () => {
    const { access_token } = await client.signIn("ada");
    const brief = { ACCESS_TOKEN_TTL_SECONDS: "300" };
    const [here, later] = [await house.startAnother(brief), await house.startAnother(brief)];
    await expectNothing(await clientAt(client, here).revoke(access_token));
    await later.shiftClock(3000);
    expect(await statusOfCall(later, access_token)).toBe(401);
    await Promise.all([here.stop(), later.stop()]);
  });

  it("is told what it may do about the challenge afterwards", async () => {
    const { access_token } = await client.signIn("ada");
    await client.revoke(access_token);
    const headers = { authorization: `Bearer ${access_token}`, "content-type": "application/json" };
    const answer = await fetch(client.resource, { method: "POST", headers, body: "{}" });
    const challenge = answer.headers.get("www-authenticate");
    expect(answer.status).toBe(401);
    expect(challenge).toMatch(/^Bearer .*error="invalid_token"/);
    expect(challenge).toContain("resource_metadata=");
    expect(await answer.json()).toMatchObject({ error: "invalid_token" });
  });
});

describe("a revocation that ends nothing", () => {
  it("is of another client's token, and is answered the same", async () => {
    const session = await client.signIn("ada");
    const another = await meetStranger(`${house.issuer}/mcp`);
    await expectNothing(await another.revoke(session.refresh_token));
    await expectNothing(await another.revoke(session.access_token));
    expect(await statusOfCall(house, session.access_token)).toBe(200);
    await refreshed(session.refresh_token);
    expect(house.tenant.control.count("revoke")).toBe(0);
  });

  const unknown: [string, (tokens: Tokens) => string][] = [
    ["of nobody", () => "of nobody"],
    ["with another hint", ({ refresh_token }) => refresh_token.replace(/.$/, "_")],
    [
      "with another proof",
      ({ refresh_token }) => refresh_token.replace(/\.[\w-]{43}\./, `.${"A".repeat(43)}.`),
    ],
    [
      "with another proof and no hint",
      ({ refresh_token }) => refresh_token.replace(/\..*$/, `.${"A".repeat(43)}`),
    ],
    ["with another signature", ({ access_token }) => access_token.replace(/.{4}$/, "AAAA")],
    ["without a signature", ({ access_token }) => access_token.replace(/[^.]+$/, "")],
    ["that is a session's name", ({ refresh_token }) => refresh_token.replace(/:[^:]+$/, "")],
  ];
  it.for(unknown)("is of a token %s", async ([, invent]) => {
    const session = await client.signIn("ada");
    await expectNothing(await client.revoke(invent(session)));
    expect(await statusOfCall(house, session.access_token)).toBe(200);
  });

  it("comes from a client with the wrong secret, and is refused", async () => {
    const session = await confidential.signIn("ada");
    const form = { client_id: confidential.clientId, client_secret: "wrong" };
    const thief = createStranger({ ...confidential, authenticate: () => ({ form }) });
    const refused = { ...ENDED, status: 401, error: "invalid_client" };
    expect(await readRefusal(await thief.revoke(session.access_token))).toEqual(refused);
    expect(await statusOfCall(house, session.access_token)).toBe(200);
  });

  it("meets a store that is down, and says so", async () => {
    const session = await client.signIn("ada");
    house.store.faults.always("refuse");
    const answer = await readRefusal(await client.revoke(session.refresh_token));
    house.store.faults.clear();
    const retry = { caching: "no-store", retryAfter: "5" };
    expect(answer).toEqual({ status: 503, error: "temporarily_unavailable", ...retry });
    await expectNothing(await client.revoke(session.refresh_token));
    expect(await statusOfCall(house, session.access_token)).toBe(401);
  });
});

describe("a logout at Auth0", () => {
  const logout = (difference?: Difference) => house.tenant.control.logout("ada", difference);

  it("ends the sessions of that login, and no others", async () => {
    const earlier = await client.signIn("ada");
    const rob = await client.signIn("rob");
    const latest = await client.signIn("ada");
    const answer = await logout();
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
    const all = [earlier, rob, latest];
    const calls = await Promise.all(all.map((each) => statusOfCall(house, each.access_token)));
    expect(calls).toEqual([200, 200, 401]);
    expect(await readRefusal(await client.refresh(latest.refresh_token))).toEqual(ENDED);
    await expect.poll(() => house.tenant.control.revokedRefreshTokens()).toHaveLength(1);
  });

  it("that names no login ends every session of the person, with every client", async () => {
    const ada = [await client.signIn("ada"), await confidential.signIn("ada")];
    const rob = await client.signIn("rob");
    expect((await logout({ claims: { sid: undefined } })).status).toBe(200);
    const everybody = [...ada, rob];
    const calls = await Promise.all(
      everybody.map((each) => statusOfCall(house, each.access_token)),
    );
    expect(calls).toEqual([401, 401, 200]);
    // Later than the last time: what was read of the feed then is older than the bound.
    await other.shiftClock(2 * STALENESS_SECONDS);
    const elsewhere = everybody.map((each) => statusOfCall(other, each.access_token));
    expect(await Promise.all(elsewhere)).toEqual([401, 401, 200]);
  });

  const post = (token: string) =>
    fetch(`${house.issuer}/auth/backchannel-logout`, {
      method: "POST",
      body: new URLSearchParams({ logout_token: token }),
    });

  it("counts once", async () => {
    await client.signIn("ada");
    const token = house.tenant.control.logoutToken("ada", { claims: { sid: undefined } });
    expect((await post(token)).status).toBe(200);
    const { access_token } = await client.signIn("ada");
    const again = await post(token);
    expect(again.status).toBe(400);
    expect(await again.json()).toMatchObject({ error: "invalid_request" });
    expect(await statusOfCall(house, access_token)).toBe(200);
  });

  it("that met an outage counts when it comes again", async () => {
    const { access_token } = await client.signIn("ada");
    const token = house.tenant.control.logoutToken("ada");
    for (const skip of [0, 1]) {
      house.store.faults.always("refuse", { skip });
      const refused = await post(token);
      house.store.faults.clear();
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    }
    expect((await post(token)).status).toBe(200);
    expect(await statusOfCall(house, access_token)).toBe(401);
  });

  it("that met a key set that cannot be had counts when it comes again", async () => {
    const { access_token } = await client.signIn("ada");
    const token = house.tenant.control.logoutToken("ada");
    const fresh = await house.startAnother();
    const send = () =>
      fetch(`${fresh.url}/auth/backchannel-logout`, {
        method: "POST",
        body: new URLSearchParams({ logout_token: token }),
      });
    house.tenant.control.fail("jwks", { status: 503 });
    expect((await send()).status).toBe(503);
    house.tenant.control.clear();
    await expect.poll(async () => (await send()).status).toBe(200);
    expect(await statusOfCall(fresh, access_token)).toBe(401);
    await fresh.stop();
  });

  const bad: [string, Difference][] = [
    ["signed by somebody else", { seal: "broken" }],
    ["not signed", { header: { alg: "none" }, seal: "none" }],
    ["signed with our own secret", { header: { alg: "HS256" }, seal: "client secret" }],
    ["of another issuer", { claims: { iss: "https://other.example.test/" } }],
    ["for another application", { claims: { aud: "another" } }],
    ["that has expired", { claims: { iat: 1_700_000_000, exp: 1_700_000_120 } }],
    ["without an identifier", { claims: { jti: undefined } }],
    ["without an event", { claims: { events: {} } }],
    ["that is an ID token", { claims: { nonce: "n" } }],
    ["of another type", { header: { typ: "at+jwt" } }],
  ];
  it.for(bad)("does not count with a token %s", async ([, difference]) => {
    const { access_token } = await client.signIn("ada");
    const answer = await post(house.tenant.control.logoutToken("ada", difference));
    expect(answer.status).toBe(400);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(await answer.json()).toMatchObject({ error: "invalid_request" });
    expect(await statusOfCall(house, access_token)).toBe(200);
  });
});
