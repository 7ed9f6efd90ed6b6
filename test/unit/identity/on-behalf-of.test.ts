import { UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import { createIdentityProvider } from "../../../src/identity/openid.ts";
import { readToken, speaksFor } from "../../../src/identity/on-behalf-of.ts";
import { ADA, createTestTenant, signIn, TENANT_CONFIG } from "../../support/auth0-fetch.ts";

const BILLING = "https://billing.test/";
const API_CLIENT = { clientId: "api-client", clientSecret: "api-secret-canary" };
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

async function setUp(config: object = { apiClient: API_CLIENT }) {
  const tenant = createTestTenant();
  const provider = createIdentityProvider(
    { ...TENANT_CONFIG, ...config },
    { fetch: tenant.fetch, now: () => tenant.clock.now },
  );
  const { tokens } = await signIn(tenant, provider);
  return { tenant, provider, tokens };
}

const tokenOf = (claims: object) => new UnsecuredJWT({ ...claims }).encode();

describe("the exchange", () => {
  it("asks as the Custom API Client, with the person's token and nothing else", async () => {
    const { tenant, provider, tokens } = await setUp();
    const token = tokenOf({ sub: ADA, aud: BILLING });
    tenant.answerAt("/oauth/token", () =>
      Response.json({ access_token: token, token_type: "Bearer", expires_in: 600 }),
    );
    const given = await provider.exchange(tokens, { audience: BILLING, scopes: ["a:read", "b"] });
    expect(given).toEqual({
      token,
      expiresAt: tenant.clock.now + 600,
      scopes: ["a:read", "b"],
    });
    expect(Object.fromEntries(tenant.lastForm())).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      client_id: "api-client",
      client_secret: "api-secret-canary",
      subject_token: tokens.accessToken,
      subject_token_type: ACCESS_TOKEN,
      requested_token_type: ACCESS_TOKEN,
      audience: BILLING,
      scope: "a:read b",
    });
  });

  it("without that client asks nobody, and says which variables are missing", async () => {
    const { tenant, provider, tokens } = await setUp({});
    const before = tenant.calls.length;
    await expect(
      provider.exchange(tokens, { audience: BILLING, scopes: [] }),
    ).rejects.toMatchObject({
      reason: "api_client_missing",
      facts: { variable: expect.stringContaining("AUTH0_API_CLIENT_ID") },
    });
    expect(tenant.calls).toHaveLength(before);
  });

  it.each([
    ["another person's", { sub: "auth0|another", aud: BILLING }],
    ["for another API", { sub: ADA, aud: "https://mail.test/" }],
    ["of nobody", { aud: BILLING }],
  ])("does not take a token that is %s", async (_, claims) => {
    const { tenant, provider, tokens } = await setUp();
    const body = { access_token: tokenOf(claims), token_type: "Bearer", expires_in: 600 };
    tenant.answerAt("/oauth/token", () => Response.json(body));
    await expect(
      provider.exchange(tokens, { audience: BILLING, scopes: [] }),
    ).rejects.toMatchObject({ reason: "identity_token_invalid" });
  });
});

it("a token speaks for whom it says; one that says nothing is taken as what was asked for", () => {
  const wanted = { audience: BILLING, subject: ADA };
  expect(speaksFor(tokenOf({ sub: ADA, aud: ["x", BILLING] }), wanted)).toBe(true);
  expect(speaksFor("opaque", wanted)).toBe(true);
  expect(speaksFor(tokenOf({ sub: ADA, aud: "x" }), wanted)).toBe(false);
});

it("reads what was given, which may be less, and never a token that is bound to a key", () => {
  const answer = { access_token: "t", token_type: "bearer" as const, expires_in: 60 };
  const asked = { now: 1000, scopes: ["a", "b"] };
  expect(readToken(answer, asked)).toEqual({ token: "t", expiresAt: 1060, scopes: ["a", "b"] });
  expect(readToken({ ...answer, scope: "a" }, asked).scopes).toEqual(["a"]);
  expect(readToken({ ...answer, scope: "" }, asked).scopes).toEqual([]);
  expect(() => readToken({ ...answer, token_type: "dpop" }, asked)).toThrow("token_invalid");
});
