/**
 * What an operator reads of a session's whole life: one line for each event of security, with who,
 * through what, how long and at which cost; and the trace that it belongs to, continued to Auth0.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type House, startHouse } from "../support/house.ts";
import { callMcp, json, meetStranger, openConsent, type Stranger } from "../support/stranger.ts";
import { type Tokens } from "../support/stranger.ts";

let house: House;
let client: Stranger;
let tokens: Tokens;

beforeAll(async () => {
  house = await startHouse({ limits: { LIMIT_REGISTER: 20 } });
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());
beforeEach(async () => {
  house.tenant.control.clear();
  tokens = await client.signIn("ada");
});

const call = (name: string, token = tokens.access_token) =>
  callMcp(`${house.issuer}/mcp`, token, { method: "tools/call", params: { name, arguments: {} } });

/** The newest line at an address. */
const lineAt = (route: string, method = "POST") =>
  house.log.findLast((line) => line["route"] === route && line["method"] === method);

type Fields = Record<string, unknown>;

const EVENTS: readonly (readonly [
  event: string,
  route: string,
  happen: () => Promise<unknown>,
  more?: Fields,
])[] = [
  ["registered", "/register", () => meetStranger(`${house.issuer}/mcp`)],
  ["consented", "/authorize", () => client.signIn("ada")],
  [
    "denied",
    "/authorize",
    () => client.approve(client.begin(), "deny"),
    { reason: "consent_denied" },
  ],
  ["code_exchanged", "/token", () => client.signIn("ada"), { grant: "authorization_code" }],
  ["refreshed", "/token", () => client.refresh(tokens.refresh_token), { grant: "refresh_token" }],
  ["revoked", "/token", () => client.revoke(tokens.refresh_token), { reason: "grant_revoked" }],
  [
    "refresh_reused",
    "/token",
    async () => {
      await json<Tokens>(await client.refresh(tokens.refresh_token), 200);
      const stolen = { grant_type: "refresh_token", refresh_token: tokens.refresh_token };
      const elsewhere = { headers: { "x-test-network": "64500/KP" } };
      expect((await client.token({ ...stolen, scope: "openid" }, elsewhere)).status).toBe(400);
    },
    { reason: "refresh_token_reused", issuedTo: expect.any(String) },
  ],
  [
    "code_replayed",
    "/token",
    async () => {
      const attempt = client.begin();
      const callback = await client.approve(attempt, "ada");
      await client.exchange(attempt, callback);
      await client.exchange(attempt, callback);
    },
    { reason: "code_replayed" },
  ],
  ["refused", "/token", () => client.refresh("not a token of ours")],
  ["refused", "/mcp", () => call("get_user_info", `${tokens.access_token}x`)],
  ["tool_called", "/mcp", () => call("get_user_info"), { tool: "get_user_info" }],
  [
    "tool_refused",
    "/mcp",
    async () => call("explain_access", (await client.signIn("eve")).access_token),
    { reason: "permission_missing" },
  ],
  [
    "limited",
    "/register",
    async () => {
      for (let times = 0; times < 25; times += 1)
        await fetch(`${house.issuer}/register`, { method: "POST", body: "{}" });
    },
    { reason: "rate_limited", limit: "register" },
  ],
];

describe("an event of security", () => {
  const rows = EVENTS.map(([event, route, happen, more = {}]) => ({ event, route, happen, more }));
  it.each(rows)("$event at $route is one line", async ({ event, route, happen, more }) => {
    await happen();
    expect(lineAt(route)).toMatchObject({
      event,
      requestId: expect.stringMatching(/^[\w-]{4,64}$/),
      at: expect.any(String),
      durationMs: expect.any(Number),
      clientFamily: expect.any(String),
      version: expect.any(String),
      ...more,
    });
  });

  it("the beginning of a sign-in and its end are two more", async () => {
    await openConsent(client.begin());
    expect(lineAt("/authorize", "GET")).toMatchObject({
      event: "consent_shown",
      client: expect.any(String),
    });
    await client.signIn("ada");
    expect(lineAt("/auth/callback", "GET")).toMatchObject({
      event: "signed_in",
      user: expect.stringMatching(/^[\w-]{43}$/),
      client: expect.any(String),
      storeCommands: expect.any(Number),
    });
  });

  it("no line has a token, an address or a name of the person", async () => {
    await call("get_user_info");
    const text = JSON.stringify(house.log);
    for (const secret of [tokens.access_token, tokens.refresh_token, "ada@acme.test", "Ada Byrne"])
      expect(text).not.toContain(secret);
  });
});

describe("a request's trace", () => {
  const id = "4bf92f3577b34da6a3ce929d0e0e4736";

  it("stands in its line, and goes on to Auth0 with an id of our own", async () => {
    house.tenant.control.shape({ accessTokenTtlSeconds: 200 });
    const { refresh_token } = await client.signIn("ada");
    const body = new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token,
      client_id: client.clientId,
    });
    const headers = { traceparent: `00-${id}-00f067aa0ba902b7-01` };
    const before = house.tenant.control.traces().length;
    const response = await fetch(`${house.issuer}/token`, { method: "POST", headers, body });
    expect(response.status).toBe(200);
    const line = lineAt("/token");
    expect(line).toMatchObject({ traceId: id, spanId: expect.stringMatching(/^[0-9a-f]{16}$/) });
    const told = house.tenant.control.traces().slice(before);
    expect(told).toContain(`00-${id}-${String(line?.["spanId"])}-01`);
  });

  it("that nobody began is begun by nobody", async () => {
    await client.signIn("ada");
    expect(house.tenant.control.traces()).toEqual([]);
    expect(lineAt("/token")).not.toHaveProperty("traceId");
  });
});
