/**
 * Auth0 away, or slow, or with other keys: what still works, what the client is told, and how it
 * comes back.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { expectErrorPage } from "../support/error-page.ts";
import { type House, startHouse } from "../support/house.ts";
import { arrive, comeBack, RENEWAL_DUE_SECONDS } from "../support/sessions.ts";
import {
  callMcp,
  json,
  locationOf,
  meetStranger,
  openConsent,
  refusalOf,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";
import { visit } from "../support/tenant.ts";

const TRY_AGAIN = "The sign-in service does not answer right now. Please try again shortly.";

let house: House;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse();
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterEach(async () => {
  house.tenant.control.clear();
  await house.shiftClock(0);
});
afterAll(() => house.stop());

describe("a token endpoint that does not answer is a passing fault: the client hears so, and its next try works", () => {
  it.each([
    ["500", { status: 500 }],
    ["502", { status: 502 }],
    ["503", { status: 503 }],
    ["a broken connection", "reset"],
    [
      "broken JSON",
      { status: 200, body: '{"access_token":', headers: { "content-type": "application/json" } },
    ],
    ["nothing for five seconds", "hang"],
  ] as const)("%s", async (_case, fault) => {
    const returning = await comeBack(client);
    house.tenant.control.fail("token", fault);
    const { attempt, back, jar } = returning;
    expect(refusalOf(await arrive(returning))).toEqual({
      error: "temporarily_unavailable",
      error_description: TRY_AGAIN,
      state: attempt.state,
      iss: house.issuer,
    });
    await expectErrorPage(await visit(back, jar), "authorization_expired");
    house.tenant.control.clear();
    await client.signIn("rob");
  });

  it("429", async () => {
    const returning = await comeBack(client);
    house.tenant.control.fail("token", { status: 429, headers: { "retry-after": "7" } });
    expect(refusalOf(await arrive(returning))).toMatchObject({ error: "temporarily_unavailable" });
  });
});

describe("an isolate that starts while Auth0 is away", () => {
  it("serves what needs no Auth0, sends the person back to try again, and recovers by itself", async () => {
    house.tenant.control.fail("discovery", { status: 503 });
    const worker = await house.startAnother();
    const send = (path: string) => fetch(worker.url + path);
    expect((await send("/health")).status).toBe(200);
    expect((await send("/.well-known/oauth-authorization-server")).status).toBe(200);
    const { url, state } = client.begin();
    const there = { url: new URL(worker.url + url.pathname + url.search) };
    const answer = refusalOf(locationOf(await (await openConsent(there)).decide("allow")));
    expect(answer).toEqual({
      error: "temporarily_unavailable",
      error_description: TRY_AGAIN,
      state,
      iss: house.issuer,
    });
    house.tenant.control.clear();
    const again = locationOf(await (await openConsent(there)).decide("allow"));
    expect(again.origin + again.pathname).toBe(`${house.tenant.issuer}authorize`);
  });

  it.each([
    ["another issuer", { issuer: "https://evil.example/" }],
    ["an endpoint elsewhere", { authorization_endpoint: "https://evil.example/authorize" }],
    ["a token endpoint without TLS", { token_endpoint: "http://evil.example/oauth/token" }],
  ])("trusts no metadata that names %s", async (_case, difference) => {
    const honest = await json<object>(
      await fetch(`${house.tenant.url}/.well-known/openid-configuration`),
      200,
    );
    house.tenant.control.fail("discovery", { status: 200, body: { ...honest, ...difference } });
    const worker = await house.startAnother();
    const { url } = client.begin();
    const there = { url: new URL(worker.url + url.pathname + url.search) };
    const answer = refusalOf(locationOf(await (await openConsent(there)).decide("allow")));
    expect(answer).toMatchObject({ error: "server_error" });
    expect(answer["error_description"]).not.toContain("evil");
  });
});

describe("Auth0's signing keys", () => {
  it("may change: the next one is known already, an unheard-of one is asked for once", async () => {
    await client.signIn("rob");
    await house.tenant.control.rotateKeys();
    await client.signIn("rob");
    expect(house.tenant.control.count("jwks")).toBeLessThanOrEqual(1);
    await house.tenant.control.rotateKeys();
    await house.shiftClock(40);
    await Promise.all([client.signIn("rob"), client.signIn("ada")]);
    expect(house.tenant.control.count("jwks")).toBeLessThanOrEqual(2);
  });

  it("are not asked for again and again when tokens name keys that do not exist", async () => {
    house.tenant.control.shape({ idToken: "unknown-kid" });
    for (let login = 0; login < 5; login++) await arrive(await comeBack(client));
    expect(house.tenant.control.count("jwks")).toBeLessThanOrEqual(1);
  });
});

describe("a renewal that Auth0 does not answer", () => {
  it.each([
    ["503", { status: 503 }, "5"],
    ["429", { status: 429, headers: { "retry-after": "7" } }, "7"],
    ["a broken connection", "reset", "5"],
  ] as const)("(%s) is a 503 that consumes nothing", async (_case, fault, retryAfter) => {
    const tokens = await client.signIn("rob");
    await house.shiftClock(RENEWAL_DUE_SECONDS);
    house.tenant.control.fail("token", fault);
    const response = await client.refresh(tokens.refresh_token);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe(retryAfter);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toMatchObject({ error: "temporarily_unavailable" });
    house.tenant.control.clear();
    expect((await client.refresh(tokens.refresh_token)).status).toBe(200);
  });

  it("because the person is blocked ends the grant", async () => {
    const tokens = await client.signIn("rob");
    await house.shiftClock(RENEWAL_DUE_SECONDS);
    house.tenant.control.block("rob");
    const refused = await json(await client.refresh(tokens.refresh_token), 400);
    expect(refused).toEqual({
      error: "invalid_grant",
      error_description: "Your sign-in has ended. Please connect again.",
    });
    house.tenant.control.clear();
    expect(await json(await client.refresh(tokens.refresh_token), 400)).toMatchObject({
      error: "invalid_grant",
    });
  });
});

describe("without a refresh token of Auth0's", () => {
  it("nothing of ours outlives Auth0's access token", async () => {
    house.tenant.control.shape({ refreshToken: "none", accessTokenTtlSeconds: 600 });
    const tokens = await client.signIn("rob");
    expect(tokens.expires_in).toBeGreaterThan(590);
    expect(tokens.expires_in).toBeLessThanOrEqual(600);
    await house.shiftClock(500);
    const renewed = await json<Tokens>(await client.refresh(tokens.refresh_token), 200);
    expect(renewed.expires_in).toBeLessThanOrEqual(100);
    await house.shiftClock(601);
    expect(await json(await client.refresh(renewed.refresh_token), 400)).toMatchObject({
      error: "invalid_grant",
    });
  });
});

describe("/userinfo", () => {
  it.each([
    ["503", { status: 503 }],
    ["429", { status: 429 }],
  ])("that answers %s is replaced by the profile of the sign-in", async (_case, fault) => {
    const tokens = await client.signIn("eve");
    house.tenant.control.setPermissions("eve", ["tool:get_user_info"]);
    const allowed = await client.signIn("eve");
    house.tenant.control.fail("userinfo", fault);
    expect(tokens.scope).not.toContain("tool:get_user_info");
    expect((await getUserInfo(allowed)).structuredContent).toMatchObject({
      user_info: { email: "eve@acme.test" },
    });
  });

  it("that refuses makes an error result in our words", async () => {
    const tokens = await client.signIn("ada");
    house.tenant.control.fail("userinfo", {
      status: 401,
      body: { error: "invalid_token", error_description: "evil" },
    });
    const { isError, content } = await getUserInfo(tokens);
    expect(isError).toBe(true);
    expect(content).toEqual([
      {
        type: "text",
        text: "The sign-in service refused our request. The operator finds the reason in the log.",
      },
    ]);
  });
});

async function getUserInfo({ access_token }: Tokens) {
  const call = { method: "tools/call", params: { name: "get_user_info", arguments: {} } };
  const { response, answer } = await callMcp(client.resource, access_token, call);
  expect(response.status).toBe(200);
  return answer.result ?? {};
}
