/**
 * Three people sign in with a client that knows nothing but our URL: what they see, what they get,
 * what it says.
 */
import { createHash } from "node:crypto";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PEOPLE } from "../../dev/tenant/people.ts";
import { type House, PERMISSIONS, startHouse } from "../support/house.ts";
import { permissionsIn } from "../support/sessions.ts";
import {
  type Attempt,
  callMcp,
  json,
  meetStranger,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";
import { ON_ITS_OWN } from "../support/tenant.ts";

const OPEN_TOOLS = ["get_time", "count_down"];
const PERSONS = [
  ["ada", PERMISSIONS, ["get_user_info", "explain_access", ...OPEN_TOOLS]],
  ["rob", ["tool:get_user_info"], ["get_user_info", ...OPEN_TOOLS]],
  ["eve", [], OPEN_TOOLS],
] as const;

let house: House;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse();
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());
beforeEach(() => house.tenant.control.clear());

describe.each(PERSONS)("%s", (person, permissions, tools) => {
  let tokens: Tokens;

  beforeAll(async () => {
    tokens = await client.signIn(person);
  });

  it("gets a token response that is never cached and says what was granted", () => {
    const scope = ["openid profile email", ...permissions].join(" ");
    expect(tokens).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: "Bearer",
      expires_in: 3600,
      refresh_token: expect.any(String),
      scope,
      resource: `${house.issuer}/mcp`,
    });
  });

  it("gets an access token (RFC 9068) that says what they may do, and not who they are", async () => {
    expect(decodeProtectedHeader(tokens.access_token)).toEqual({
      alg: "HS256",
      typ: "at+jwt",
      kid: expect.any(String),
    });
    const claims = decodeJwt(tokens.access_token);
    expect(claims).toEqual({
      iss: house.issuer,
      aud: `${house.issuer}/mcp`,
      sub: createHash("sha256")
        .update(`${house.tenant.issuer}\n${PEOPLE[person].sub}`)
        .digest("base64url"),
      kind: "person",
      client_id: client.clientId,
      scope: "openid profile email",
      permissions: {
        list: expect.stringMatching(/^[\w-]{8}$/),
        held: expect.stringMatching(/^[\w-]+$/),
        granted: expect.stringMatching(/^[\w-]+$/),
      },
      iat: expect.closeTo(Date.now() / 1000, -2),
      exp: (claims.iat ?? 0) + 3600,
      jti: expect.any(String),
      grant_id: expect.any(String),
      grant_record: expect.any(String),
    });
    expect(await permissionsIn(tokens.access_token)).toEqual({
      held: permissions.toSorted(),
      granted: permissions.toSorted(),
    });
  });

  it("sees the tools they may use", async () => {
    const { response, answer } = await callMcp(client.resource, tokens.access_token, {
      method: "tools/list",
    });
    expect(response.status).toBe(200);
    expect(answer.result?.tools?.map(({ name }) => name)).toEqual(tools);
  });

  it.each([
    ["get_user_info", "tool:get_user_info"],
    ["explain_access", "tool:explain_access"],
    ["get_time", undefined],
  ])("may call %s, or hears what is missing", async (name, permission) => {
    const { response, answer } = await callTool(tokens, name);
    expect(response.status).toBe(200);
    expect(response.headers.get("www-authenticate")).toBeNull();
    if (permission === undefined || permissions.some((held) => held === permission)) {
      expect(answer.result?.isError).toBeUndefined();
      expect(JSON.parse(answer.result?.content?.[0]?.text ?? "")).toEqual(
        answer.result?.structuredContent,
      );
    } else {
      const text = `You do not have every permission that this needs. Missing: ${permission}. Ask an administrator to assign it in Auth0.`;
      expect(answer.result).toEqual({ content: [{ type: "text", text }], isError: true });
    }
  });

  it("stays signed in by refreshing", async () => {
    const response = await client.refresh(tokens.refresh_token);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const renewed = await json<Tokens>(response, 200);
    expect(renewed.refresh_token).not.toBe(tokens.refresh_token);
    expect(renewed.scope).toBe(tokens.scope);
    expect((await callTool(renewed, "get_time")).response.status).toBe(200);
  });
});

it("get_user_info answers what the server before this one answered, and nothing else", async () => {
  const { answer } = await callTool(await client.signIn("rob"), "get_user_info");
  const { profile, sub, email } = PEOPLE.rob;
  expect(answer.result?.structuredContent).toEqual({
    issuer: house.tenant.issuer,
    audience: [house.variables["AUTH0_AUDIENCE"], `${house.tenant.issuer}userinfo`],
    scope: "openid profile email offline_access",
    permissions: ["tool:get_user_info"],
    user_info: { sub, ...profile, email, email_verified: true },
  });
});

describe("a client that asked for one permission only", () => {
  it("is shown the tools that need another one, told which, and gets it by asking again", async () => {
    const tokens = await client.signIn("ada", { scope: "openid tool:get_user_info" });
    expect(tokens.scope).toBe("openid tool:get_user_info");
    const list = await callMcp(client.resource, tokens.access_token, { method: "tools/list" });
    expect(list.answer.result?.tools?.map(({ name }) => name)).toContain("explain_access");
    const { response } = await callTool(tokens, "explain_access");
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toBe(
      'Bearer error="insufficient_scope", error_description="This application was not granted every permission that this needs.", ' +
        `scope="tool:explain_access openid tool:get_user_info", resource_metadata="${house.issuer}/.well-known/oauth-protected-resource/mcp"`,
    );
    expect(await response.json()).toMatchObject({ error: "insufficient_scope" });
    const more = await client.signIn("ada", { scope: `${tokens.scope} tool:explain_access` });
    expect((await callTool(more, "explain_access")).answer.result?.isError).toBeUndefined();
  });

  it("is not sent through a browser for a permission that only an administrator can give", async () => {
    const tokens = await client.signIn("rob", { scope: "openid tool:get_user_info" });
    const { response, answer } = await callTool(tokens, "explain_access");
    expect(response.status).toBe(200);
    expect(answer.result?.isError).toBe(true);
  });
});

describe("scopes", () => {
  it.each([
    [
      "that name no permission mean whatever the person holds",
      "openid",
      "openid tool:get_user_info",
    ],
    [
      "that we do not know are ignored",
      "openid admin:everything tool:get_user_info",
      "openid tool:get_user_info",
    ],
    [
      "that are all unknown are as none",
      "admin:everything",
      "openid profile email tool:get_user_info",
    ],
    [
      "that the person does not hold are not granted",
      "openid tool:explain_access tool:get_user_info",
      "openid tool:get_user_info",
    ],
    [
      "that ask to stay are granted",
      "openid offline_access tool:get_user_info",
      "openid offline_access tool:get_user_info",
    ],
  ])("%s", async (_case, scope, granted) => {
    expect((await client.signIn("rob", { scope })).scope).toBe(granted);
  });

  it("can be fewer in a refresh, and are never more than before", async () => {
    const tokens = await client.signIn("ada", { scope: "openid tool:get_user_info" });
    const refresh = (refresh_token: string, scope: string) =>
      client.token({ grant_type: "refresh_token", refresh_token, scope });
    const fewer = await json<Tokens>(await refresh(tokens.refresh_token, "openid"), 200);
    expect(decodeJwt(fewer.access_token)["scope"]).toBe("openid");
    const asked = "openid tool:get_user_info tool:explain_access";
    const more = await json<Tokens>(await refresh(fewer.refresh_token, asked), 200);
    expect(more.scope).toBe("openid tool:get_user_info");
    const { granted } = await permissionsIn(more.access_token);
    expect(granted).toEqual(["tool:get_user_info"]);
  });
});

describe("a code", () => {
  const right = (attempt: Attempt, callback: URL): Record<string, string> => ({
    grant_type: "authorization_code",
    code: callback.searchParams.get("code") ?? "",
    redirect_uri: client.redirectUri,
    code_verifier: attempt.verifier,
    resource: client.resource,
  });

  it("is given to nobody else, for nothing else, and stays good for its client", async () => {
    const attempt = client.begin();
    const callback = await client.approve(attempt, "rob");
    const stranger = await meetStranger(client.resource);
    const challenge = createHash("sha256").update(attempt.verifier).digest("base64url");
    const bends: [string, Record<string, string>, string, string][] = [
      ["another client", { client_id: stranger.clientId }, "invalid_grant", "client_mismatch"],
      ["no verifier", { code_verifier: "" }, "invalid_request", "code_verifier_missing"],
      [
        "another verifier",
        { code_verifier: "v".repeat(43) },
        "invalid_grant",
        "code_verifier_mismatch",
      ],
      [
        "the challenge itself",
        { code_verifier: challenge },
        "invalid_grant",
        "code_verifier_mismatch",
      ],
      [
        "another address",
        { redirect_uri: `${client.redirectUri}/` },
        "invalid_grant",
        "redirect_uri_invalid",
      ],
      [
        "another port",
        { redirect_uri: "http://127.0.0.1:10/callback" },
        "invalid_grant",
        "redirect_uri_mismatch",
      ],
      [
        "another resource",
        { resource: "https://evil.example/" },
        "invalid_target",
        "resource_not_configured",
      ],
      [
        "a scope it was not granted",
        { scope: "tool:explain_access" },
        "invalid_scope",
        "scope_not_granted",
      ],
    ];
    for (const [name, bent, error, reason] of bends) {
      const answer = await client.token({ ...right(attempt, callback), ...bent });
      expect([name, answer.status, (await answer.json()).error]).toEqual([name, 400, error]);
      await expect.poll(() => [name, house.log.at(-1)?.["reason"]]).toEqual([name, reason]);
    }
    await json<Tokens>(await client.token(right(attempt, callback)), 200);
    expect(house.tenant.control.count("revoke")).toBe(0);
  });
});

it("a token request above 64 KB is not read", async () => {
  const form = { grant_type: "refresh_token", refresh_token: "x".repeat(65 * 1024) };
  const response = await client.token(form, { headers: ON_ITS_OWN });
  expect(response.status).toBe(413);
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(await response.json()).toEqual({
    error: "invalid_request",
    error_description: "The request body is too large.",
  });
});

describe("revocation (RFC 7009)", () => {
  it.each(["access_token", "refresh_token"] as const)(
    "of the %s ends all of the grant, at Auth0 too",
    async (kind) => {
      const [tokens, others] = [await client.signIn("ada"), await client.signIn("ada")];
      const response = await client.revoke(tokens[kind]);
      expect(response.status).toBe(200);
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(await response.text()).toBe("");
      const { response: call } = await callTool(tokens, "get_time");
      expect(call.status).toBe(401);
      expect(call.headers.get("www-authenticate")).toContain('error="invalid_token"');
      expect(await call.json()).toEqual({
        error: "invalid_token",
        error_description: "This authorization has ended. Please connect again.",
      });
      expect(await json(await client.refresh(tokens.refresh_token), 400)).toMatchObject({
        error: "invalid_grant",
      });
      await expect.poll(() => house.tenant.control.revokedRefreshTokens()).toHaveLength(1);
      expect((await callTool(others, "get_time")).response.status).toBe(200);
    },
  );

  it("of an unknown token, and of another client's, says 200 and ends nothing", async () => {
    const [tokens, other] = [await client.signIn("ada"), await meetStranger(client.resource)];
    for (const token of ["unknown", tokens.access_token, tokens.refresh_token])
      expect((await other.revoke(token)).status).toBe(200);
    expect((await callTool(tokens, "get_time")).response.status).toBe(200);
  });
});

function callTool({ access_token }: Tokens, name: string) {
  return callMcp(client.resource, access_token, {
    method: "tools/call",
    params: { name, arguments: {} },
  });
}
