/**
 * Auth0's own access tokens at `/mcp` (AUTH0_DIRECT_CLIENTS): those of the applications listed, and
 * nothing else that the tenant or somebody else has signed.
 */
import { decodeJwt } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { ROBOT } from "../../dev/tenant/machines.ts";
import { type House, PERMISSIONS, startHouse, type TestWorker } from "../support/house.ts";
import { callMcp, json, type McpAnswer, meetStranger } from "../support/stranger.ts";

let house: House;
let closed: TestWorker;
let audience: string;

beforeAll(async () => {
  house = await startHouse({
    variables: { TEST_OFFERINGS: "callers", AUTH0_DIRECT_CLIENTS: "robot, spa" },
  });
  closed = await house.startAnother({ AUTH0_DIRECT_CLIENTS: "" });
  audience = house.variables["AUTH0_AUDIENCE"] ?? "";
});
afterEach(async () => {
  house.tenant.control.clear();
  await house.shiftClock(0);
});
afterAll(() => house.stop());

type Shape = Parameters<House["tenant"]["control"]["shape"]>[0];

/** An access token of the tenant's, as its machine gets it, or another that the tenant signed. */
async function tokenOf(shape: Shape = {}): Promise<string> {
  house.tenant.control.shape(shape);
  const response = await fetch(`${house.tenant.url}/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: ROBOT.clientId,
      client_secret: ROBOT.clientSecret,
      audience,
    }),
  });
  return (await json<{ access_token: string }>(response, 200)).access_token;
}

/** One of a person's, from an application that is listed. */
const personal = (claims: Record<string, unknown> = {}): Promise<string> =>
  tokenOf({
    accessToken: {
      claims: {
        sub: "auth0|64f0c0ffee0000000000ada1",
        azp: "spa",
        gty: undefined,
        aud: [audience, `${house.tenant.issuer}userinfo`],
        scope: "openid tool:get_user_info",
        ...claims,
      },
    },
  });

async function call(token: string, name: string): Promise<McpAnswer["result"]> {
  const params = { name, arguments: {} };
  const { answer } = await callMcp(`${house.url}/mcp`, token, { method: "tools/call", params });
  return answer.result;
}

const open = async (token: string, url = house.url): Promise<Response> =>
  (await callMcp(`${url}/mcp`, token, { method: "tools/list" })).response;

describe("a machine's token", () => {
  it("opens what its client grant allows, without the store and without a sign-in", async () => {
    const token = await tokenOf();
    await open(token);
    house.store.wire.take();
    expect((await call(token, "who_calls"))?.structuredContent).toMatchObject({
      kind: "machine",
      permissions: expect.arrayContaining(PERMISSIONS),
    });
    expect(house.store.wire.take()).toEqual([]);
    await vi.waitFor(() =>
      expect(house.log.at(-1)).toMatchObject({
        caller: "machine",
        isBrought: true,
        event: "tool_called",
      }),
    );
  });

  it("of the other dialect does too", async () => {
    expect((await open(await tokenOf({ accessToken: "rfc9068" }))).status).toBe(200);
  });

  it.each(["read_claims", "read_profile"])("is passed on to nobody: %s", async (tool) => {
    expect(await call(await tokenOf(), tool)).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("brought a token of its own") }],
    });
  });
});

describe("a person's token", () => {
  it("opens what was asked of the person, by the same id as after a sign-in here", async () => {
    const result = await call(await personal(), "who_calls");
    house.tenant.control.clear();
    const client = await meetStranger(`${house.issuer}/mcp`);
    const { access_token: ours } = await client.signIn("ada");
    expect(result?.structuredContent).toEqual({
      kind: "person",
      userId: decodeJwt(ours).sub,
      permissions: ["tool:get_user_info"],
    });
  });

  it("does not open what the person holds and was not asked for, and leads to no sign-in", async () => {
    const token = await personal();
    const params = { name: "explain", arguments: {} };
    const { response, answer } = await callMcp(`${house.url}/mcp`, token, {
      method: "tools/call",
      params,
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("www-authenticate")).toBeNull();
    expect(answer.result).toMatchObject({ isError: true });
    expect(answer.result?.content?.[0]?.text).toContain("Missing: tool:explain_access.");
  });

  it("without permissions is no 401, and names the switches", async () => {
    const response = await open(await personal({ permissions: undefined }));
    expect(response.headers.get("www-authenticate")).toBeNull();
    expect(await json(response, 403)).toMatchObject({
      error_description: expect.stringContaining("Enable RBAC"),
    });
  });
});

describe("refused without a challenge that leads to us is a token", () => {
  it.each<[string, Shape | (() => Shape)]>([
    ["of an application that is not listed", { accessToken: { claims: { azp: "other" } } }],
    ["that is an ID token", { accessToken: { claims: { nonce: "n" } } }],
    ["for our application, as ID tokens are", { accessToken: { claims: { aud: "house" } } }],
    ["for another API", { accessToken: "wrong-aud" }],
    ["bound to a key", { accessToken: { claims: { cnf: { jkt: "k" } } } }],
    ["that has expired", { accessToken: "expired" }],
    ["that never expires", { accessToken: "no-exp" }],
    ["with a broken signature", { accessToken: "bad-signature" }],
    ["of a key that was never published", { accessToken: "unknown-kid" }],
    ["with an extension that we do not know", { accessToken: "critical-header" }],
    ["that others got by exchange", { accessToken: { claims: { act: { sub: "other" } } } }],
    ["of nobody", { accessToken: "no-sub" }],
  ])("%s", async (_which, shape) => {
    const response = await open(await tokenOf(typeof shape === "function" ? shape() : shape));
    expect(response.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
    expect(await json(response, 401)).toMatchObject({ error: "invalid_token" });
    await vi.waitFor(() =>
      expect(house.log.at(-1)).toMatchObject({ reason: "brought_token_refused" }),
    );
  });
});

describe("none of ours and none of Auth0's, so refused like any other, is a token", () => {
  it.each<[string, Shape]>([
    ["of another issuer", { accessToken: "wrong-iss" }],
    ["that is not signed", { accessToken: "alg-none" }],
    ["signed with the secret", { accessToken: "hs256" }],
    ["signed with the public key as a secret", { accessToken: "hs256-with-public-key" }],
    ["that only Auth0 can read", { accessToken: "opaque" }],
    ["that is encrypted", { accessToken: "jwe" }],
  ])("%s", async (_which, shape) => {
    const response = await open(await tokenOf(shape));
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain("resource_metadata=");
  });
});

it("is off unless somebody is listed", async () => {
  const response = await open(await tokenOf(), closed.url);
  expect(response.status).toBe(401);
  await vi.waitFor(() =>
    expect(closed.log.at(-1)).toMatchObject({ reason: "access_token_malformed" }),
  );
});

it("ends with its time, though it is remembered", async () => {
  const token = await tokenOf({ accessTokenTtlSeconds: 600 });
  expect((await open(token)).status).toBe(200);
  await house.shiftClock(700);
  expect((await open(token)).status).toBe(401);
});

it("is refused when its application is blocked", async () => {
  const strict = await house.startAnother({ BLOCKED_CLIENTS: "robot" });
  expect((await open(await tokenOf(), strict.url)).status).toBe(403);
  await strict.stop();
});

it("that cannot be judged because Auth0 does not answer is no 401", async () => {
  const token = await tokenOf();
  const fresh = await house.startAnother();
  house.tenant.control.fail("jwks", { status: 503 });
  house.tenant.control.fail("discovery", { status: 503 });
  const response = await open(token, fresh.url);
  expect(response.status).toBe(503);
  expect(response.headers.has("retry-after")).toBe(true);
  await fresh.stop();
});

it("is told of when the API is not this server alone", async () => {
  expect(house.log.map(({ reason }) => reason)).toContain("direct_audience_shared");
});

it("does not change who may sign in here, and ours stay ours", async () => {
  const client = await meetStranger(`${house.issuer}/mcp`);
  const { access_token: token } = await client.signIn("rob");
  expect((await open(token)).status).toBe(200);
  const response = await fetch(`${house.issuer}/.well-known/oauth-protected-resource/mcp`);
  expect(await json(response, 200)).toMatchObject({ authorization_servers: [house.issuer] });
});
