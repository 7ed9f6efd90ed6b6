import { beforeEach, describe, expect, it } from "vitest";
import { createIdentityProvider } from "../../../src/identity/openid.ts";
import type { IdentityProvider, UpstreamTokens } from "../../../src/identity/provider.ts";
import { deriveSessionId, deriveUserId } from "../../../src/identity/user-id.ts";
import {
  ADA,
  createTestTenant,
  finishSignIn,
  renew,
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
  createIdentityProvider(config, { fetch: tenant.fetch, now: () => tenant.clock.now });

beforeEach(() => {
  tenant = createTestTenant();
  provider = createProvider();
});

describe("authorizationUrl", () => {
  const urlFor = async (request = {}): Promise<URL> =>
    new URL(
      await provider.authorizationUrl(
        { state: "state-1", isForGrant: true, ...request },
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

  it("asks for no refresh token when there will be no grant", async () => {
    const { searchParams } = await urlFor({ isForGrant: false });
    expect(searchParams.get("scope")).toBe("openid profile email");
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
    provider = createIdentityProvider(
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
      signIn: {},
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

  it("reads no other clock than the one it was given", async () => {
    tenant.clock.now = 1_000_000_000;
    const { tokens } = await signIn(tenant, provider);
    expect(tokens.issuedAt).toBe(1_000_000_000);
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
      await provider.authorizationUrl(
        { state: "s", isForGrant: true },
        provider.createSignInSecrets(),
      ),
    );
    const finished = finishSignIn(provider, callback, {
      state: "s",
      secrets: provider.createSignInSecrets(),
    });
    await expect(finished).rejects.toMatchObject({
      reason: "identity_denied",
      cause: { message: "invalid_grant" },
    });
  });

  it("refuses another state", async () => {
    const callback = new URL(`${TENANT_CONFIG.redirectUri}?state=other&code=a`);
    await expect(
      finishSignIn(provider, callback, {
        state: "s",
        secrets: provider.createSignInSecrets(),
      }),
    ).rejects.toMatchObject({ reason: "identity_refused" });
  });

  it("accepts the issuer in the callback when it is the tenant's (RFC 9207)", async () => {
    const secrets = provider.createSignInSecrets();
    const callback = await tenant.authorize(
      await provider.authorizationUrl({ state: "s", isForGrant: true }, secrets),
    );
    callback.searchParams.set("iss", TENANT_CONFIG.issuer);
    await expect(finishSignIn(provider, callback, { state: "s", secrets })).resolves.toBeDefined();
  });
});

describe("renew", () => {
  it("brings new tokens with the permissions of now", async () => {
    tenant.clock.now += 1000;
    tenant.makeAccessToken = () =>
      tenant.sign({ ...tenant.accessClaims(), permissions: ["tool:new"] });
    tenant.makeRefreshToken = () => "refresh-next";
    expect(await renew(provider, "refresh-1")).toMatchObject({
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
    expect((await renew(provider, "refresh-1")).refreshToken).toBe("refresh-1");
  });

  it.each<[string, object, string]>([
    ["another person", { sub: "auth0|another" }, "identity_subject_changed"],
    ["another application", { azp: "another" }, "identity_token_invalid"],
  ])("judges the tokens like those of a sign-in: %s", async (_case, difference, reason) => {
    tenant.makeAccessToken = () => tenant.sign({ ...tenant.accessClaims(), ...difference });
    await expect(renew(provider, "refresh-1")).rejects.toMatchObject({ reason });
  });

  it("gives its refresh token out before anything of the rest is judged", async () => {
    tenant.makeAccessToken = () => Promise.resolve("opaque");
    tenant.makeRefreshToken = () => "refresh-next";
    const answer = await provider.renew("refresh-1");
    expect(answer.refreshToken).toBe("refresh-next");
    const userId = await deriveUserId(TENANT_CONFIG.issuer, ADA);
    await expect(provider.judgeRenewal(answer, userId)).rejects.toMatchObject({
      reason: "identity_token_opaque",
    });
  });

  it("verifies the new access token", async () => {
    tenant.makeAccessToken = () =>
      tenant.sign({ ...tenant.accessClaims(), aud: "https://other.test/" });
    await expect(renew(provider, "refresh-1")).rejects.toMatchObject({
      reason: "identity_token_invalid",
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
      provider.authorizationUrl({ state: "s", isForGrant: true }, provider.createSignInSecrets()),
    ).resolves.toContain("/authorize?");
  });
});
