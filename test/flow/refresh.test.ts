/**
 * Refresh tokens: the same answer again for a minute, then theft; nobody else's token, no invented
 * one, and no more scope than was granted. Clocks are moved, not waited for.
 */
import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { REFUSALS } from "../../src/errors.ts";
import { type House, startHouse, type TestWorker } from "../support/house.ts";
import {
  clientAt,
  ENDED,
  meetConfidential,
  readRefusal,
  statusOfCall,
} from "../support/sessions.ts";
import {
  callMcp,
  createStranger,
  json,
  meetStranger,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";

let house: House;
let other: TestWorker;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse();
  other = await house.startAnother();
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());
beforeEach(async () => {
  house.tenant.control.clear();
  await house.shiftClock(0);
});

async function refreshed(token: string, by = client): Promise<Tokens> {
  return json<Tokens>(await by.refresh(token), 200);
}

describe("a refresh token that was used before", () => {
  it("gets the same answer within a minute, from every isolate", async () => {
    const { refresh_token } = await client.signIn("ada");
    const answer = await (await client.refresh(refresh_token)).text();
    await house.shiftClock(59);
    expect(await (await client.refresh(refresh_token)).text()).toBe(answer);
    const elsewhere = await clientAt(client, other).refresh(refresh_token);
    expect(elsewhere.headers.get("cache-control")).toBe("no-store");
    expect(await elsewhere.text()).toBe(answer);
    expect(await statusOfCall(house, JSON.parse(answer).access_token)).toBe(200);
  });

  const reuses: [string, (tokens: Tokens) => Promise<Tokens>][] = [
    [
      "a minute later",
      async ({ refresh_token }) => {
        const newest = await refreshed(refresh_token);
        await house.shiftClock(61);
        return newest;
      },
    ],
    [
      "as soon as the newer one is used",
      async ({ refresh_token }) => refreshed((await refreshed(refresh_token)).refresh_token),
    ],
    [
      "however many came after it",
      async ({ refresh_token }) => {
        let newest = await refreshed(refresh_token);
        for (let count = 0; count < 3; count++) newest = await refreshed(newest.refresh_token);
        return newest;
      },
    ],
  ];

  it.for(reuses)("ends the session %s", async ([, move]) => {
    const first = await client.signIn("ada");
    const newest = await move(first);
    house.log.length = 0;
    const answer = await client.refresh(first.refresh_token);
    const body = await answer.clone().json();
    expect(await readRefusal(answer)).toEqual(ENDED);
    expect(body.error_description).toBe(REFUSALS.refresh_token_reused.text);

    expect(house.log.find((line) => line["reason"] === "refresh_token_reused")).toMatchObject({
      route: "/token",
      status: 400,
      clientFamily: "mcp-sdk",
      issuedTo: "mcp-sdk",
      secondsAgo: expect.any(Number),
      user: decodeJwt(first.access_token).sub,
    });
    expect(await statusOfCall(house, newest.access_token)).toBe(401);
    expect(await readRefusal(await client.refresh(newest.refresh_token))).toEqual(ENDED);
    await expect.poll(() => house.tenant.control.revokedRefreshTokens()).toHaveLength(1);
  });

  it("says in the log whether another kind of client came with it, and how late", async () => {
    const { refresh_token } = await client.signIn("ada");
    await refreshed(refresh_token);
    await house.shiftClock(3 * 86_400);
    house.log.length = 0;
    const headers = { "user-agent": "claude-code/2.0" };
    const form = { grant_type: "refresh_token", refresh_token };
    expect((await client.token(form, { headers })).status).toBe(400);
    const line = house.log.find(({ reason }) => reason === "refresh_token_reused");
    expect(line).toMatchObject({ clientFamily: "claude", issuedTo: "mcp-sdk" });
    expect(line?.["secondsAgo"]).toBeGreaterThanOrEqual(3 * 86_400);
    await expect.poll(() => house.tenant.control.count("revoke")).toBe(1);
  });

  it("leaves nothing of the session in the store", async () => {
    const before = await house.store.run("DBSIZE");
    const { refresh_token } = await client.signIn("rob");
    await refreshed((await refreshed(refresh_token)).refresh_token);
    await client.refresh(refresh_token);
    expect(await house.store.run("DBSIZE")).toBe(before);
    await expect.poll(() => house.tenant.control.count("revoke")).toBe(1);
  });
});

describe("somebody else with a refresh token", () => {
  it("is refused, and the session lives on", async () => {
    const thief = await meetStranger(`${house.issuer}/mcp`);
    const { refresh_token } = await client.signIn("ada");
    expect(await readRefusal(await thief.refresh(refresh_token))).toEqual(ENDED);
    const newer = await refreshed(refresh_token);
    expect(await readRefusal(await thief.refresh(refresh_token))).toEqual(ENDED);
    await house.shiftClock(61);
    expect(await readRefusal(await thief.refresh(refresh_token))).toEqual(ENDED);
    expect(await statusOfCall(house, newer.access_token)).toBe(200);
    await refreshed(newer.refresh_token);
    expect(house.tenant.control.count("revoke")).toBe(0);
  });

  it("does not pass without the client's secret, nor get an answer that was given", async () => {
    const confidential = await meetConfidential(client);
    const { refresh_token } = await confidential.signIn("ada");
    const thief = createStranger({
      ...confidential,
      authenticate: () => ({ form: { client_id: confidential.clientId, client_secret: "wrong" } }),
    });
    const refused = { ...ENDED, status: 401, error: "invalid_client" };
    expect(await readRefusal(await thief.refresh(refresh_token))).toEqual(refused);
    const newer = await refreshed(refresh_token, confidential);
    expect(await readRefusal(await thief.refresh(refresh_token))).toEqual(refused);
    await house.shiftClock(61);
    expect(await readRefusal(await thief.refresh(refresh_token))).toEqual(refused);
    expect(await statusOfCall(house, newer.access_token)).toBe(200);
    await refreshed(newer.refresh_token, confidential);
  });
});

describe("an invented refresh token for a session that exists", () => {
  const inventions: [string, (token: string, another: string) => string][] = [
    ["another secret", (token) => token.replace(/:[^:.]+\./, `:${"x".repeat(32)}.`)],
    ["another proof", (token) => token.replace(/\.[\w-]+$/, `.${"A".repeat(43)}`)],
    [
      "the proof of another session",
      (token, another) => token.replace(/\..*$/, another.slice(-44)),
    ],
    ["no proof", (token) => token.replace(/\..*$/, "")],
    ["a proof cut short", (token) => token.slice(0, -1)],
    ["a proof that goes on", (token) => `${token}A`],
    ["nothing but the names", (token) => token.replace(/:[^:]+$/, ":")],
    ["ten thousand characters", (token) => token + "A".repeat(10_000)],
    ["nothing at all", () => ""],
  ];

  it.for(inventions)("ends nothing: %s", async ([, invent]) => {
    const { access_token, refresh_token } = await client.signIn("ada");
    const another = await client.signIn("ada");
    const invented = invent(refresh_token, another.refresh_token);
    expect(invented).not.toBe(refresh_token);
    const { status } = await readRefusal(await client.refresh(invented));
    expect(status).toBe(400);
    expect(await statusOfCall(house, access_token)).toBe(200);
    await refreshed(refresh_token);
    expect(house.tenant.control.count("revoke")).toBe(0);
  });
});

describe("scope at a refresh", () => {
  const refreshWith = (refresh_token: string, scope: string) =>
    client.token({ grant_type: "refresh_token", refresh_token, scope });

  it("can be narrower for one token, and is whole again for the next", async () => {
    const tokens = await client.signIn("ada");
    const narrow = await json<Tokens>(await refreshWith(tokens.refresh_token, "openid"), 200);
    expect(narrow.scope).toBe("openid");
    expect(decodeJwt(narrow.access_token)["scope"]).toBe("openid");
    const call = { method: "tools/call", params: { name: "get_user_info", arguments: {} } };
    const { response } = await callMcp(client.resource, narrow.access_token, call);
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
    expect((await refreshed(narrow.refresh_token)).scope).toBe(tokens.scope);
  });

  it("is refused when none of it was granted, and the token can still be used", async () => {
    const { refresh_token } = await client.signIn("ada");
    const refused = await readRefusal(await refreshWith(refresh_token, "tool:delete_everything"));
    expect(refused).toEqual({ ...ENDED, error: "invalid_scope" });
    await refreshed(refresh_token);
  });

  it("belongs to the answer: the used token with another scope gets no answer", async () => {
    const { refresh_token } = await client.signIn("ada");
    const newer = await refreshed(refresh_token);
    expect(await readRefusal(await refreshWith(refresh_token, "openid"))).toEqual(ENDED);
    expect(await statusOfCall(house, newer.access_token)).toBe(200);
  });
});
