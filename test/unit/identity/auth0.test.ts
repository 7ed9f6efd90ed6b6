import { beforeEach, describe, expect, it } from "vitest";
import { createAuth0 } from "../../../src/identity/auth0.ts";
import type { IdentityProvider, UpstreamTokens } from "../../../src/identity/provider.ts";
import { deriveSessionId, deriveUserId } from "../../../src/identity/user-id.ts";
import {
  ADA,
  createTestTenant,
  signIn,
  TENANT_CONFIG,
  type TestTenant,
} from "../../support/auth0-fetch.ts";

const TOKEN = "/oauth/token";

/** RFC 7636 Appendix B; its challenge is E9Mel… */
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

let tenant: TestTenant;
let provider: IdentityProvider;

const createProvider = (config = TENANT_CONFIG): IdentityProvider =>
  createAuth0(config, { fetch: tenant.fetch, now: () => tenant.clock.now });

beforeEach(() => {
  tenant = createTestTenant();
  provider = createProvider();
});

describe("authorizationUrl", () => {
  const urlFor = async (request = {}): Promise<URL> =>
    new URL(
      await provider.authorizationUrl(
        { state: "state-1", ...request },
        { nonce: "nonce-1", codeVerifier: VERIFIER },
      ),
    );

  it("asks for our API, with PKCE, nonce and state", async () => {
    const url = await urlFor();
    expect(url.origin + url.pathname).toBe("https://tenant.test/authorize");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: "code",
      client_id: "client-1",
      redirect_uri: "https://mcp.test/auth/callback",
      audience: "https://api.test/",
      scope: "openid profile email offline_access",
      state: "state-1",
      nonce: "nonce-1",
      code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
      code_challenge_method: "S256",
    });
  });

  it("passes on what the client asked of the login", async () => {
    const { searchParams } = await urlFor({
      prompt: "login",
      loginHint: "ada@example.test",
      maxAge: "300",
    });
    expect(searchParams.get("prompt")).toBe("login");
    expect(searchParams.get("login_hint")).toBe("ada@example.test");
    expect(searchParams.get("max_age")).toBe("300");
  });

  it.each(["-1", "1.5", "1e3", "soon", ""])("leaves out a max_age of %j", async (maxAge) => {
    expect((await urlFor({ maxAge })).searchParams.has("max_age")).toBe(false);
  });

  it("names organization and connection when they are configured", async () => {
    provider = createAuth0(
      { ...TENANT_CONFIG, organization: "org_1", connection: "acme" },
      { fetch: tenant.fetch, now: () => tenant.clock.now },
    );
    const { searchParams } = await urlFor();
    expect([searchParams.get("organization"), searchParams.get("connection")]).toEqual([
      "org_1",
      "acme",
    ]);
  });

  it("makes fresh secrets for each sign-in, without asking the tenant", () => {
    const [one, other] = [provider.createSignInSecrets(), provider.createSignInSecrets()];
    expect(one.codeVerifier).toMatch(/^[\w-]{43}$/);
    expect(new Set([one.nonce, one.codeVerifier, other.nonce, other.codeVerifier]).size).toBe(4);
    expect(tenant.calls).toEqual([]);
  });
});

describe("finishSignIn", () => {
  it("says who signed in and what Auth0 gave us for them", async () => {
    const identity = await signIn(tenant, provider);
    expect(identity).toEqual({
      userId: await deriveUserId(TENANT_CONFIG.issuer, ADA),
      sessionId: await deriveSessionId(TENANT_CONFIG.issuer, "session-1"),
      profile: { sub: ADA, name: "Ada Lovelace", email: "ada@example.test", email_verified: true },
      tokens: {
        accessToken: expect.stringMatching(/^ey/),
        claims: tenant.accessClaims(),
        expiresAt: tenant.clock.now + 86_400,
        refreshToken: expect.stringMatching(/^refresh-/),
        issuedAt: tenant.clock.now,
        permissions: ["tool:get_user_info", "tool:report"],
      },
    });
  });

  it("redeems the code once, with the client secret in the form", async () => {
    await signIn(tenant, provider);
    expect(tenant.countOf(`POST ${TOKEN}`)).toBe(1);
    expect(Object.fromEntries(tenant.lastForm())).toMatchObject({
      grant_type: "authorization_code",
      client_id: "client-1",
      client_secret: TENANT_CONFIG.clientSecret,
      redirect_uri: TENANT_CONFIG.redirectUri,
      code_verifier: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  it("has no refresh token and no session when Auth0 gives none", async () => {
    tenant.makeRefreshToken = () => undefined;
    tenant.makeIdToken = (nonce) => tenant.sign({ ...tenant.idClaims(nonce), sid: undefined });
    const identity = await signIn(tenant, provider);
    expect(identity).not.toHaveProperty("sessionId");
    expect(identity.tokens).not.toHaveProperty("refreshToken");
  });

  it("accepts a person without permissions", async () => {
    tenant.makeAccessToken = () => tenant.sign({ ...tenant.accessClaims(), permissions: [] });
    expect((await signIn(tenant, provider)).tokens.permissions).toEqual([]);
  });

  it("refuses a code that another sign-in began", async () => {
    const callback = await tenant.authorize(
      await provider.authorizationUrl({ state: "s" }, provider.createSignInSecrets()),
    );
    const finished = provider.finishSignIn(callback, "s", provider.createSignInSecrets());
    await expect(finished).rejects.toMatchObject({
      reason: "identity_denied",
      cause: { message: "invalid_grant" },
    });
  });

  const callbackRows: [query: string, reason: string, cause: string][] = [
    ["error=access_denied&error_description=canary", "identity_denied", "access_denied"],
    ["error=unauthorized", "identity_denied", "unauthorized"],
    ["error=temporarily_unavailable", "identity_unavailable", "temporarily_unavailable"],
    ["error=login_required", "identity_refused", "login_required"],
    ["error=consent_required", "identity_refused", "consent_required"],
    ["error=interaction_required", "identity_refused", "interaction_required"],
    ["error=unauthorized_client", "identity_refused", "unauthorized_client"],
    [
      "error=invalid_request&error_description=parameter+organization+is+required",
      "identity_refused",
      "invalid_request",
    ],
    ["error=server_error", "identity_refused", "server_error"],
    ["error=constructor", "identity_refused", "constructor"],
    ["error=__proto__", "identity_refused", "__proto__"],
    ["error=Some+text+canary", "identity_refused", "unprintable"],
    ["error=access_denied&error=server_error", "identity_refused", "OAUTH_INVALID_RESPONSE"],
    ["code=a&code=b", "identity_refused", "not one code"],
    ["code=a&iss=https://evil.test/", "identity_refused", "OAUTH_INVALID_RESPONSE"],
    ["code=a&id_token=b", "identity_refused", "OAUTH_UNSUPPORTED_OPERATION"],
    ["code=", "identity_refused", "not one code"],
    ["", "identity_refused", "not one code"],
  ];
  it.each(callbackRows)(
    "refuses the callback ?%s and redeems nothing",
    async (query, reason, cause) => {
      const callback = new URL(`${TENANT_CONFIG.redirectUri}?state=s&${query}`);
      const refusal = await provider
        .finishSignIn(callback, "s", provider.createSignInSecrets())
        .catch((error: unknown) => error);
      expect(refusal).toMatchObject({ reason, cause: { message: cause } });
      expect(everythingIn(refusal)).not.toContain("canary");
      expect(tenant.countOf(`POST ${TOKEN}`)).toBe(0);
    },
  );

  it("refuses another state", async () => {
    const callback = new URL(`${TENANT_CONFIG.redirectUri}?state=other&code=a`);
    await expect(
      provider.finishSignIn(callback, "s", provider.createSignInSecrets()),
    ).rejects.toMatchObject({ reason: "identity_refused" });
  });

  it("accepts the issuer in the callback when it is the tenant's (RFC 9207)", async () => {
    const secrets = provider.createSignInSecrets();
    const callback = await tenant.authorize(
      await provider.authorizationUrl({ state: "s" }, secrets),
    );
    callback.searchParams.set("iss", TENANT_CONFIG.issuer);
    await expect(provider.finishSignIn(callback, "s", secrets)).resolves.toBeDefined();
  });
});

describe("renew", () => {
  it("brings new tokens with the permissions of now", async () => {
    tenant.clock.now += 1000;
    tenant.makeAccessToken = () =>
      tenant.sign({ ...tenant.accessClaims(), permissions: ["tool:new"] });
    tenant.makeRefreshToken = () => "refresh-next";
    expect(await provider.renew("refresh-1")).toMatchObject({
      refreshToken: "refresh-next",
      issuedAt: tenant.clock.now,
      expiresAt: tenant.clock.now + 86_400,
      permissions: ["tool:new"],
    });
    expect(tenant.lastForm().get("refresh_token")).toBe("refresh-1");
    expect(tenant.lastForm().get("grant_type")).toBe("refresh_token");
  });

  it("keeps the refresh token when Auth0 returns none", async () => {
    tenant.makeRefreshToken = () => undefined;
    expect((await provider.renew("refresh-1")).refreshToken).toBe("refresh-1");
  });

  it("verifies the new access token", async () => {
    tenant.makeAccessToken = () =>
      tenant.sign({ ...tenant.accessClaims(), aud: "https://other.test/" });
    await expect(provider.renew("refresh-1")).rejects.toMatchObject({
      reason: "identity_token_invalid",
    });
  });
});

describe("an error of the token endpoint", () => {
  const error =
    (
      status: number,
      code: string,
      init: { description?: string; headers?: Record<string, string> } = {},
    ) =>
    () =>
      Response.json(
        { error: code, error_description: init.description ?? "canary" },
        { status, headers: init.headers ?? {} },
      );
  const text =
    (status: number, body: string, type = "text/html") =>
    () =>
      new Response(body, { status, headers: { "Content-Type": type } });

  const rows: [title: string, answer: () => Response, atCode: string, atRenewal: string][] = [
    ["400 invalid_grant", error(400, "invalid_grant"), "identity_denied", "identity_grant_ended"],
    ["403 invalid_grant", error(403, "invalid_grant"), "identity_denied", "identity_grant_ended"],
    ["403 mfa_required", error(403, "mfa_required"), "identity_refused", "identity_grant_ended"],
    [
      "401 invalid_client",
      error(401, "invalid_client"),
      "identity_client_rejected",
      "identity_client_rejected",
    ],
    [
      "400 invalid_client",
      error(400, "invalid_client"),
      "identity_client_rejected",
      "identity_client_rejected",
    ],
    [
      "401 invalid_client with a challenge",
      error(401, "invalid_client", { headers: { "WWW-Authenticate": 'Basic realm="x"' } }),
      "identity_client_rejected",
      "identity_client_rejected",
    ],
    [
      "401 access_denied",
      error(401, "access_denied", { description: "Unauthorized" }),
      "identity_client_rejected",
      "identity_client_rejected",
    ],
    [
      "403 access_denied Unauthorized",
      error(403, "access_denied", { description: "Unauthorized" }),
      "identity_client_rejected",
      "identity_client_rejected",
    ],
    [
      "403 access_denied by an Action",
      error(403, "access_denied"),
      "identity_denied",
      "identity_denied",
    ],
    [
      "403 unauthorized_client",
      error(403, "unauthorized_client"),
      "identity_refused",
      "identity_refused",
    ],
    ["400 invalid_request", error(400, "invalid_request"), "identity_refused", "identity_refused"],
    [
      "400 with a code nobody knows",
      error(400, "something_new"),
      "identity_refused",
      "identity_refused",
    ],
    [
      "403 too_many_requests",
      error(403, "too_many_requests"),
      "identity_rate_limited",
      "identity_rate_limited",
    ],
    ["429", error(429, "too_many_requests"), "identity_rate_limited", "identity_rate_limited"],
    [
      "429 invalid_grant",
      error(429, "invalid_grant"),
      "identity_rate_limited",
      "identity_rate_limited",
    ],
    [
      "500 invalid_grant",
      error(500, "invalid_grant"),
      "identity_unavailable",
      "identity_unavailable",
    ],
    ["503", text(503, "canary"), "identity_unavailable", "identity_unavailable"],
    ["200 with a page", text(200, "<html>canary"), "identity_unavailable", "identity_unavailable"],
    [
      "200 with JSON cut short",
      text(200, '{"access_token":"can', "application/json"),
      "identity_unavailable",
      "identity_unavailable",
    ],
    ["403 with a page", text(403, "<html>canary"), "identity_unavailable", "identity_unavailable"],
    [
      "403 with JSON but no error code",
      () => Response.json({ message: "canary" }, { status: 403 }),
      "identity_refused",
      "identity_refused",
    ],
    [
      "a redirect",
      () => Response.redirect("https://evil.test/", 307),
      "identity_refused",
      "identity_refused",
    ],
    [
      "200 with a list",
      () => Response.json(["canary"]),
      "identity_token_invalid",
      "identity_token_invalid",
    ],
    [
      "200 without an access token",
      () => Response.json({ token_type: "Bearer" }),
      "identity_token_invalid",
      "identity_token_invalid",
    ],
    [
      "200 with another kind of token",
      () => Response.json({ access_token: "a", token_type: "mac" }),
      "identity_token_invalid",
      "identity_token_invalid",
    ],
    [
      "a reset connection",
      () => {
        throw new TypeError("canary");
      },
      "identity_unavailable",
      "identity_unavailable",
    ],
    [
      "a timeout",
      () => {
        throw new DOMException("canary", "TimeoutError");
      },
      "identity_unavailable",
      "identity_unavailable",
    ],
  ];
  it.each(rows)(
    "%s has its reason, without upstream text",
    async (_title, answer, atCode, atRenewal) => {
      tenant.answerAt(TOKEN, answer);
      const refusals = [
        await signIn(tenant, provider).catch(itself),
        await provider.renew("refresh-1").catch(itself),
      ];
      expect(refusals).toMatchObject([{ reason: atCode }, { reason: atRenewal }]);
      expect(everythingIn(refusals)).not.toContain("canary");
      expect(tenant.countOf(`POST ${TOKEN}`)).toBe(2);
    },
  );

  it.each([
    ["identity_rate_limited", 429],
    ["identity_unavailable", 503],
  ])("says for %s when to try again", async (reason, status) => {
    tenant.answerAt(
      TOKEN,
      () =>
        new Response("", {
          status,
          headers: { "X-RateLimit-Reset": String(tenant.clock.now + 42) },
        }),
    );
    const retryAfterSeconds = status === 429 ? 42 : 5;
    await expect(provider.renew("refresh-1")).rejects.toMatchObject({ reason, retryAfterSeconds });
  });

  it("says when to try again for too_many_requests under another status", async () => {
    tenant.answerAt(TOKEN, error(403, "too_many_requests", { headers: { "Retry-After": "9" } }));
    await expect(provider.renew("refresh-1")).rejects.toMatchObject({ retryAfterSeconds: 9 });
  });

  it("does not say it where trying again is in vain", async () => {
    tenant.answerAt(TOKEN, error(403, "invalid_grant", { headers: { "Retry-After": "9" } }));
    await expect(provider.renew("refresh-1")).rejects.toMatchObject({
      retryAfterSeconds: undefined,
    });
  });

  it("names our credentials when the secret is wrong", async () => {
    const config = { ...TENANT_CONFIG, clientSecret: "rotated" };
    provider = createAuth0(config, { fetch: tenant.fetch, now: () => tenant.clock.now });
    await expect(signIn(tenant, provider)).rejects.toMatchObject({
      reason: "identity_client_rejected",
    });
  });
});

describe("revoke", () => {
  it("tells the tenant which token, as ourselves", async () => {
    await provider.revoke("refresh-1");
    expect(tenant.countOf("POST /oauth/revoke")).toBe(1);
    expect(Object.fromEntries(tenant.lastForm())).toEqual({
      token: "refresh-1",
      client_id: "client-1",
      client_secret: TENANT_CONFIG.clientSecret,
    });
  });

  it("is content with an answer that is not JSON", async () => {
    tenant.answerAt("/oauth/revoke", () => new Response("OK"));
    await expect(provider.revoke("refresh-1")).resolves.toBeUndefined();
  });

  it.each([
    [503, "identity_unavailable"],
    [429, "identity_rate_limited"],
    [404, "identity_unavailable"],
  ])("does not claim success after %i", async (status, reason) => {
    tenant.answerAt("/oauth/revoke", () => new Response("", { status }));
    await expect(provider.revoke("refresh-1")).rejects.toMatchObject({ reason });
  });
});

describe("userInfo", () => {
  const tokens = async (): Promise<UpstreamTokens> => (await signIn(tenant, provider)).tokens;

  it("brings the profile of the person whose token it is", async () => {
    expect(await provider.userInfo(await tokens())).toEqual({
      sub: ADA,
      name: "Ada Lovelace",
      email: "ada@example.test",
      email_verified: true,
    });
  });

  const rows: [title: string, answer: () => Response, reason: string, calls: number][] = [
    [
      "the profile of somebody else",
      () => Response.json({ sub: "auth0|mallory" }),
      "identity_token_invalid",
      1,
    ],
    ["a profile of nobody", () => Response.json({ name: "canary" }), "identity_token_invalid", 1],
    [
      "401",
      () =>
        new Response("Unauthorized canary", {
          status: 401,
          headers: { "WWW-Authenticate": 'Bearer error="invalid_token"' },
        }),
      "identity_refused",
      1,
    ],
    [
      "403",
      () => Response.json({ error: "access_denied" }, { status: 403 }),
      "identity_refused",
      1,
    ],
    [
      "429",
      () => Response.json({ error: "too_many_requests" }, { status: 429 }),
      "identity_rate_limited",
      1,
    ],
    ["503", () => new Response("canary", { status: 503 }), "identity_unavailable", 2],
    [
      "a page",
      () => new Response("<html>canary", { headers: { "Content-Type": "text/html" } }),
      "identity_unavailable",
      1,
    ],
  ];
  it.each(rows)("refuses %s", async (_title, answer, reason, calls) => {
    const held = await tokens();
    tenant.answerAt("/userinfo", answer);
    const refusal = await provider.userInfo(held).catch(itself);
    expect(refusal).toMatchObject({ reason });
    expect(everythingIn(refusal)).not.toContain("canary");
    expect(tenant.countOf("GET /userinfo")).toBe(calls);
  });

  it("says that the metadata is at fault when it names no endpoint", async () => {
    const held = await tokens();
    const { userinfo_endpoint: _left, ...document } = await (
      await tenant.fetch("https://tenant.test/.well-known/openid-configuration")
    ).json<Record<string, unknown>>();
    tenant.answerAt("/.well-known/openid-configuration", () => Response.json(document));
    await expect(createProvider().userInfo(held)).rejects.toMatchObject({
      reason: "identity_metadata_invalid",
    });
  });
});

describe("checkReachable", () => {
  it("asks for metadata and keys, at most every 30 s", async () => {
    await provider.checkReachable();
    await provider.checkReachable();
    expect(tenant.calls).toEqual([
      "GET /.well-known/openid-configuration",
      "GET /.well-known/jwks.json",
    ]);
    tenant.clock.now += 30;
    await provider.checkReachable();
    expect(tenant.calls).toHaveLength(4);
  });

  it("refuses while the tenant does not answer, although sign-ins still begin", async () => {
    await provider.checkReachable();
    tenant.clock.now += 30;
    tenant.answerAt("/.well-known/openid-configuration", () => new Response("", { status: 503 }));
    await expect(provider.checkReachable()).rejects.toMatchObject({
      reason: "identity_unavailable",
    });
    await expect(
      provider.authorizationUrl({ state: "s" }, provider.createSignInSecrets()),
    ).resolves.toContain("/authorize?");
  });
});

function itself(error: unknown): unknown {
  return error;
}

/** What a careless log would print of an error: all of it, and its causes. */
function everythingIn(value: unknown): string {
  if (Array.isArray(value)) return value.map(everythingIn).join();
  if (!(value instanceof Error)) return JSON.stringify(value) ?? "";
  return [
    value.name,
    value.message,
    value.stack,
    JSON.stringify(value),
    everythingIn(value.cause),
  ].join();
}
