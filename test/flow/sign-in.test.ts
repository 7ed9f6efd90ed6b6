/** Three people sign in with a client that knows nothing but our URL: what they see, what they get, what it says. */
import { createHash } from "node:crypto";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PEOPLE } from "../../dev/tenant/people.ts";
import { type House, PERMISSIONS, startHouse } from "../support/house.ts";
import { callMcp, json, locationOf, meetStranger, openConsent, type Stranger, type Tokens } from "../support/stranger.ts";
import { type CookieJar, signIn, visit } from "../support/tenant.ts";

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

  it("gets an access token (RFC 9068) that says what they may do, and not who they are", () => {
    expect(decodeProtectedHeader(tokens.access_token)).toEqual({ alg: "HS256", typ: "at+jwt", kid: expect.any(String) });
    const claims = decodeJwt(tokens.access_token);
    expect(claims).toEqual({
      iss: house.issuer,
      aud: `${house.issuer}/mcp`,
      sub: createHash("sha256").update(`${house.tenant.issuer}\n${PEOPLE[person].sub}`).digest("base64url"),
      client_id: client.clientId,
      scope: tokens.scope,
      permissions,
      iat: expect.closeTo(Date.now() / 1000, -2),
      exp: (claims.iat ?? 0) + 3600,
      jti: expect.any(String),
      grant_id: expect.any(String),
      grant_record: expect.any(String),
    });
  });

  it("sees the tools they may use", async () => {
    const { response, answer } = await callMcp(client.resource, tokens.access_token, { method: "tools/list" });
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
      expect(JSON.parse(answer.result?.content?.[0]?.text ?? "")).toEqual(answer.result?.structuredContent);
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
        `scope="tool:explain_access", resource_metadata="${house.issuer}/.well-known/oauth-protected-resource/mcp"`,
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
    ["that name no permission mean whatever the person holds", "openid", "openid tool:get_user_info"],
    ["that we do not know are ignored", "openid admin:everything tool:get_user_info", "openid tool:get_user_info"],
    ["that are all unknown are as none", "admin:everything", "openid profile email tool:get_user_info"],
    ["that the person does not hold are not granted", "openid tool:explain_access tool:get_user_info", "openid tool:get_user_info"],
    ["that ask to stay are granted", "openid offline_access tool:get_user_info", "openid offline_access tool:get_user_info"],
  ])("%s", async (_case, scope, granted) => {
    expect((await client.signIn("rob", { scope })).scope).toBe(granted);
  });

  it("can be fewer in a refresh, and are never more than before", async () => {
    const tokens = await client.signIn("ada", { scope: "openid tool:get_user_info" });
    const refresh = (refresh_token: string, scope: string) => client.token({ grant_type: "refresh_token", refresh_token, scope });
    const fewer = await json<Tokens>(await refresh(tokens.refresh_token, "openid"), 200);
    expect(decodeJwt(fewer.access_token)["scope"]).toBe("openid");
    const asked = "openid tool:get_user_info tool:explain_access";
    const more = await json<Tokens>(await refresh(fewer.refresh_token, asked), 200);
    expect(decodeJwt(more.access_token)["scope"]).toBe("openid tool:get_user_info");
  });
});

describe("revocation (RFC 7009)", () => {
  it.each(["access_token", "refresh_token"] as const)("of the %s ends all of the grant, at Auth0 too", async (kind) => {
    const [tokens, others] = [await client.signIn("ada"), await client.signIn("ada")];
    const response = await client.revoke(tokens[kind]);
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.text()).toBe("");
    const { response: call } = await callTool(tokens, "get_time");
    expect(call.status).toBe(401);
    expect(call.headers.get("www-authenticate")).toContain('error="invalid_token"');
    expect(await call.json()).toEqual({ error: "invalid_token", error_description: "This authorization has ended. Please connect again." });
    expect(await json(await client.refresh(tokens.refresh_token), 400)).toMatchObject({ error: "invalid_grant" });
    await expect.poll(() => house.tenant.control.revokedRefreshTokens()).toHaveLength(1);
    expect((await callTool(others, "get_time")).response.status).toBe(200);
  });

  it("of an unknown token, and of another client's, says 200 and ends nothing", async () => {
    const [tokens, other] = [await client.signIn("ada"), await meetStranger(client.resource)];
    for (const token of ["unknown", tokens.access_token, tokens.refresh_token])
      expect((await other.revoke(token)).status).toBe(200);
    expect((await callTool(tokens, "get_time")).response.status).toBe(200);
  });
});

describe("the way back to the client", () => {
  it.each([
    ["plain", "af0ifjsldkj"],
    ["of spaces, quotes and separators", ` a "b" 'c' + %20 & = # ; \\`],
    ["of other scripts", "ø 状態 😀 \u202e\u2028"],
    ["of controls", "one\r\ntwo\u0000three"],
    ["that is long", "x".repeat(2000)],
  ])("gives back a state %s as it came, with iss, on success and refusal", async (_case, state) => {
    for (const person of ["ada", "deny"] as const) {
      const callback = await client.approve(client.begin({ state }), person);
      expect(callback.origin + callback.pathname).toBe(client.redirectUri);
      expect(callback.searchParams.getAll("state")).toEqual([state]);
      expect(callback.searchParams.getAll("iss")).toEqual([house.issuer]);
    }
  });

  it("is access_denied when the person denies on our page, and Auth0 never hears of it", async () => {
    const attempt = client.begin();
    const response = await (await openConsent(attempt)).decide("deny");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(Object.fromEntries(locationOf(response).searchParams)).toEqual({
      error: "access_denied",
      state: attempt.state,
      iss: house.issuer,
    });
    expect(house.tenant.control.count("authorize")).toBe(0);
  });

  it("is access_denied when the person denies at Auth0, in our words", async () => {
    const [attempt, jar]: [ReturnType<Stranger["begin"]>, CookieJar] = [client.begin(), new Map()];
    const toAuth0 = await (await openConsent(attempt, jar)).decide("allow");
    const response = await visit(await signIn(locationOf(toAuth0), "deny"), jar);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(Object.fromEntries(locationOf(response).searchParams)).toEqual({
      error: "access_denied",
      error_description: "The sign-in was refused.",
      state: attempt.state,
      iss: house.issuer,
    });
  });
});

describe("the way to Auth0", () => {
  it("asks for our API and a refresh token, with secrets of our own, and says nothing of the client", async () => {
    const attempt = client.begin({ prompt: "login", login_hint: "ada@acme.test", max_age: "600" });
    const response = await (await openConsent(attempt)).decide("allow");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const location = locationOf(response);
    expect(location.origin + location.pathname).toBe(`${house.tenant.issuer}authorize`);
    const { state, nonce, code_challenge: challenge, ...rest } = Object.fromEntries(location.searchParams);
    expect(rest).toEqual({
      response_type: "code",
      client_id: house.variables["AUTH0_CLIENT_ID"],
      redirect_uri: `${house.issuer}/auth/callback`,
      audience: house.variables["AUTH0_AUDIENCE"],
      scope: "openid profile email offline_access",
      code_challenge_method: "S256",
      prompt: "login",
      login_hint: "ada@acme.test",
      max_age: "600",
    });
    expect(challenge).not.toBe(attempt.url.searchParams.get("code_challenge"));
    for (const secret of [state, nonce, challenge]) expect(secret).toMatch(/^[\w-]{43}$/);
    expect(state).not.toBe(attempt.state);
  });
});

describe("the consent page", () => {
  it("names the client, where the answer goes, the tools behind each permission, and has two buttons", async () => {
    const { response, html } = await openConsent(client.begin({ scope: "openid email tool:get_user_info offline_access" }));
    expect(response.status).toBe(200);
    expect(html).toContain("<bdi>A stranger</bdi> asks to connect");
    expect(html).toContain("Unverified: this name was chosen by the application itself.");
    expect(html).toContain("<b><bdi>127.0.0.1</bdi></b>");
    expect(html).toContain("An application on this computer, whatever name it gives.");
    expect(html).toContain(`<dd><bdi>${client.redirectUri}</bdi></dd>`);
    expect([...html.matchAll(/<legend>([^<]+)/g)].map(([, legend]) => legend)).toEqual([
      "Know who you are",
      "Use “Get user info”",
      "Use what is open to everyone",
      "Stay connected until you disconnect it",
    ]);
    expect([...html.matchAll(/<button[^>]*name="decision" value="(\w+)"/g)].map(([, value]) => value)).toEqual(["allow", "deny"]);
  });

  it("cannot be framed, cached, scripted or leaked by a referrer, and may redirect anywhere once sent", async () => {
    const { response } = await openConsent(client.begin());
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-frame-options")).toBe("DENY");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'$/,
    );
  });

  it("binds itself to the browser with a cookie that scripts cannot read", async () => {
    const [cookie, ...others] = (await openConsent(client.begin())).response.headers.getSetCookie();
    expect(others).toEqual([]);
    expect(cookie).toMatch(/^loopback-oauth-consent-\w+=\w{64}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/);
  });

  it("has a cookie that only https and this host can set, unless it is on loopback http", async () => {
    const worker = await house.startAnother({ RESOURCE_BASE_URL: "https://mcp.example.com" });
    const { url } = client.begin({ resource: "https://mcp.example.com/mcp" });
    const response = await fetch(worker.url + url.pathname + url.search);
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-oauth-consent-\w+=\w{64}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/),
    ]);
  });

  it.each([
    [`<img src=x onerror=alert(1)>"'`, "&lt;img src=x onerror=alert(1)&gt;&quot;&#39;"],
    ["\u202egnp.exe\u0000\u200b", "gnp.exe"],
    ["</title><script>alert(1)</script>", "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;"],
    ["\u200b\u00ad", "An application without a name"],
  ])("shows the name %j as text", async (client_name, shown) => {
    const hostile = await meetStranger(client.resource, { client_name });
    const { html } = await openConsent(hostile.begin());
    expect(html).toContain(`<bdi>${shown}</bdi> asks to connect`);
    expect(html).toContain(`<title>Allow ${shown}? · MCP server</title>`);
    expect(html).not.toMatch(/<script|<img/);
  });
});

function callTool({ access_token }: Tokens, name: string) {
  return callMcp(client.resource, access_token, { method: "tools/call", params: { name, arguments: {} } });
}
