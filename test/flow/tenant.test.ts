/**
 * The local tenant speaks Auth0: what a strict OpenID Connect client meets on its way to the first
 * tokens.
 */
import { decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PEOPLE } from "../../dev/tenant/people.ts";
import type { Tenant } from "../../dev/tenant/tenant.ts";
import { type CookieJar, signIn, visit } from "../support/tenant.ts";
import {
  APPLICATION,
  createTenantClient,
  keysOf,
  startTestTenant,
  type TenantClient,
} from "../support/tenant-client.ts";

let tenant: Tenant;
let client: TenantClient;

beforeAll(async () => {
  tenant = await startTestTenant();
  client = await createTenantClient(tenant);
});
afterAll(() => tenant.close());
beforeEach(() => tenant.control.clear());

const tokensOf = async (response: Response) => ({
  status: response.status,
  body: await response.json(),
});

describe("discovery", () => {
  it("says the same at both addresses, with Auth0's paths and a trailing slash on the issuer", async () => {
    const [openid, oauth] = await Promise.all(
      ["openid-configuration", "oauth-authorization-server"].map(async (name) => {
        const response = await fetch(`${tenant.url}/.well-known/${name}`);
        expect(response.status).toBe(200);
        expect(response.headers.get("content-type")).toMatch("application/json");
        return response.json();
      }),
    );
    expect(openid).toEqual(oauth);
    expect(openid).toMatchObject({
      issuer: `${tenant.url}/`,
      authorization_endpoint: `${tenant.url}/authorize`,
      token_endpoint: `${tenant.url}/oauth/token`,
      revocation_endpoint: `${tenant.url}/oauth/revoke`,
      userinfo_endpoint: `${tenant.url}/userinfo`,
      jwks_uri: `${tenant.url}/.well-known/jwks.json`,
      end_session_endpoint: `${tenant.url}/oidc/logout`,
      backchannel_logout_supported: true,
    });
    expect(openid).not.toHaveProperty("authorization_response_iss_parameter_supported");
  });

  it("publishes two RSA keys and nothing private", async () => {
    const { keys } = await (await fetch(`${tenant.url}/.well-known/jwks.json`)).json();
    expect(keys).toHaveLength(2);
    for (const key of keys)
      expect(Object.keys(key).toSorted()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
  });
});

describe("the sign-in page", () => {
  it("has a button for each person that says what they may do, and Deny", async () => {
    const jar: CookieJar = new Map();
    const { url } = await client.begin();
    const toPage = await visit(url, jar);
    const page = await visit(new URL(toPage.headers.get("location") ?? "", url), jar);
    const html = await page.text();
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(html).toContain("<title>Local Auth0 tenant</title>");
    expect(
      [...html.matchAll(/<button name="person" value="(\w+)">([^<]+)</g)].map(
        ([, ...button]) => button,
      ),
    ).toEqual([
      ["ada", "Ada — every permission"],
      ["rob", "Rob — tool:get_user_info only"],
      ["eve", "Eve — no permissions"],
      ["deny", "Deny"],
    ]);
  });

  it("shows again to a browser in which somebody else has signed in", async () => {
    const jar: CookieJar = new Map();
    await client.signIn("ada", {}, jar);
    expect((await client.signIn("rob", {}, jar)).access_token).toBeTypeOf("string");
  });

  it("keeps two tabs of one browser apart", async () => {
    const jar: CookieJar = new Map();
    const [first, second] = [await client.begin(), await client.begin()];
    const pages = [];
    for (const { url } of [first, second])
      pages.push(new URL((await visit(url, jar)).headers.get("location") ?? "", url));
    const states = [];
    for (const page of pages)
      states.push((await signIn(page, "ada", jar)).searchParams.get("state"));
    expect(states).toEqual([first.state, second.state]);
  });

  it("says so when the sign-in is over", async () => {
    const page = await fetch(`${tenant.url}/u/login/gone`);
    expect(page.status).toBe(400);
    expect(await page.text()).toContain("This sign-in has ended");
  });
});

describe("a sign-in", () => {
  it.each([
    ["ada", APPLICATION.permissions],
    ["rob", ["tool:get_user_info"]],
    ["eve", []],
  ] as const)("gives %s tokens in Auth0's dialect", async (key, permissions) => {
    const tokens = await client.signIn(key);
    const claims = await client.claimsOf(tokens.access_token);
    expect(tokens).toMatchObject({
      token_type: "bearer",
      expires_in: 86_400,
      refresh_token: expect.any(String),
    });
    expect(decodeProtectedHeader(tokens.access_token)).toEqual({
      alg: "RS256",
      typ: "JWT",
      kid: expect.any(String),
    });
    expect(claims).toEqual({
      iss: tenant.issuer,
      sub: PEOPLE[key].sub,
      aud: [APPLICATION.audience, `${tenant.issuer}userinfo`],
      azp: APPLICATION.clientId,
      scope: "openid profile email offline_access",
      permissions,
      iat: expect.any(Number),
      exp: Number(claims.iat) + 86_400,
    });
  });

  it("puts the profile and the session into the ID token", async () => {
    const attempt = await client.begin();
    const response = await client.redeem(attempt, await signIn(attempt.url, "eve"));
    const { id_token } = await response.clone().json();
    await client.verify(attempt, response);
    const { payload } = await jwtVerify(id_token, keysOf(tenant.issuer));
    expect(payload).toMatchObject({
      ...PEOPLE.eve.profile,
      sub: "samlp|acme|urn:eve:none@acme.test",
      aud: APPLICATION.clientId,
      nonce: attempt.nonce,
      email: "eve@acme.test",
      email_verified: true,
      sid: expect.any(String),
      exp: Number(payload.iat) + 36_000,
    });
  });

  it("returns to the callback without `iss`", async () => {
    const attempt = await client.begin();
    const callback = await signIn(attempt.url, "ada");
    expect([...callback.searchParams.keys()].toSorted()).toEqual(["code", "state"]);
  });

  it("grants of the permissions asked for as scopes only those the person holds", async () => {
    const { access_token } = await client.signIn("rob", {
      scope: "openid tool:get_user_info tool:send_report",
    });
    expect(await client.claimsOf(access_token)).toMatchObject({
      scope: "openid tool:get_user_info",
      permissions: ["tool:get_user_info"],
    });
  });

  it("gives one audience without `openid`, and no refresh token without `offline_access`", async () => {
    const attempt = await client.begin({ scope: "tool:send_report", nonce: undefined });
    const { status, body } = await tokensOf(
      await client.redeem(attempt, await signIn(attempt.url, "ada")),
    );
    expect(status).toBe(200);
    expect(Object.keys(body).toSorted()).toEqual([
      "access_token",
      "expires_in",
      "scope",
      "token_type",
    ]);
    expect(await client.claimsOf(body.access_token)).toMatchObject({
      aud: APPLICATION.audience,
      scope: "tool:send_report",
    });
  });

  it("gives an opaque access token without an audience, good for `/userinfo` only", async () => {
    const attempt = await client.begin({ audience: undefined });
    const { body } = await tokensOf(await client.redeem(attempt, await signIn(attempt.url, "ada")));
    expect(body.access_token).toMatch(/^[\w-]{43}$/);
    const profile = await fetch(`${tenant.url}/userinfo`, {
      headers: { authorization: `Bearer ${body.access_token}` },
    });
    expect(await profile.json()).toMatchObject({ sub: PEOPLE.ada.sub, name: "Ada Byrne" });
  });

  it.each([
    {
      when: "nobody is signed in and may not be asked",
      parameters: { prompt: "none" },
      error: "login_required",
      error_description: expect.any(String),
    },
    {
      when: "the API is unknown",
      parameters: { audience: "my-api" },
      error: "access_denied",
      error_description: "Service not found: my-api",
    },
  ])("comes back with an error when $when", async ({ parameters, error, error_description }) => {
    const { url, state } = await client.begin(parameters);
    const response = await visit(url, new Map());
    const callback = new URL(response.headers.get("location") ?? "");
    expect(response.status).toBe(302);
    expect(callback.origin + callback.pathname).toBe(APPLICATION.callbackUrls[0]);
    expect(Object.fromEntries(callback.searchParams)).toEqual({ error, error_description, state });
  });

  it("comes back with an error when the person denies", async () => {
    const { url, state } = await client.begin();
    const error_description = "User did not authorize the request";
    expect(Object.fromEntries((await signIn(url, "deny")).searchParams)).toEqual({
      error: "access_denied",
      error_description,
      state,
    });
  });

  it("needs no page in a browser that is signed in, when it asks for none", async () => {
    const jar: CookieJar = new Map();
    await client.signIn("ada", {}, jar);
    const response = await visit(
      (await client.begin({ prompt: "none", scope: "openid" })).url,
      jar,
    );
    expect(new URL(response.headers.get("location") ?? "").searchParams.has("code")).toBe(true);
  });

  it.each([
    {
      what: "a callback that is not registered",
      parameters: { redirect_uri: "http://localhost:8787/other" },
      status: 403,
      text: "Callback URL mismatch",
    },
    {
      what: "an unknown client",
      parameters: { client_id: "nobody" },
      status: 400,
      text: "invalid_client",
    },
  ])("stops on a page of its own at $what", async ({ parameters, status, text }) => {
    const response = await visit((await client.begin(parameters)).url, new Map());
    expect(response.status).toBe(status);
    expect(response.headers.get("location")).toBeNull();
    expect(await response.text()).toContain(text);
  });
});
