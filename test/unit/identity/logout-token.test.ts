import type { JWTPayload } from "jose";
import { beforeEach, expect, it } from "vitest";
import { createIdentityProvider } from "../../../src/identity/openid.ts";
import type { IdentityProvider } from "../../../src/identity/provider.ts";
import { deriveSessionId, deriveUserId } from "../../../src/identity/user-id.ts";
import {
  ADA,
  createTestTenant,
  forge,
  signIn,
  TENANT_CONFIG,
  type TestTenant,
} from "../../support/auth0-fetch.ts";

const EVENT = "http://schemas.openid.net/event/backchannel-logout";

let tenant: TestTenant;
let provider: IdentityProvider;

beforeEach(() => {
  tenant = createTestTenant();
  provider = createIdentityProvider(TENANT_CONFIG, {
    fetch: tenant.fetch,
    now: () => tenant.clock.now,
  });
});

const logoutClaims = (): JWTPayload => ({
  iss: TENANT_CONFIG.issuer,
  sub: ADA,
  aud: TENANT_CONFIG.clientId,
  iat: tenant.clock.now,
  exp: tenant.clock.now + 120,
  jti: "logout-1",
  sid: "session-1",
  events: { [EVENT]: {} },
});

it("says who was logged out of which session, and until when the token must be remembered", async () => {
  expect(await provider.verifyLogoutToken(await tenant.sign(logoutClaims()))).toEqual({
    userId: await deriveUserId(TENANT_CONFIG.issuer, ADA),
    sessionId: await deriveSessionId(TENANT_CONFIG.issuer, "session-1"),
    tokenId: "logout-1",
    expiresAt: tenant.clock.now + 180,
  });
});

it("names user and session as the sign-in does", async () => {
  const identity = await signIn(tenant, provider);
  expect(await provider.verifyLogoutToken(await tenant.sign(logoutClaims()))).toMatchObject({
    userId: identity.userId,
    sessionId: identity.sessionId,
  });
});

it("names no session when the token does not", async () => {
  const notice = await provider.verifyLogoutToken(
    await tenant.sign({ ...logoutClaims(), sid: undefined }),
  );
  expect(notice).not.toHaveProperty("sessionId");
});

it.each(["JWT", "jwt", "logout+jwt"])("accepts the type %s", async (typ) => {
  await expect(
    provider.verifyLogoutToken(await tenant.sign(logoutClaims(), { typ })),
  ).resolves.toBeDefined();
});

const claimRows: [title: string, change: (now: number) => Record<string, unknown>][] = [
  ["another issuer", () => ({ iss: "https://evil.test/" })],
  ["another audience", () => ({ aud: "client-2" })],
  ["the audience of our API", () => ({ aud: TENANT_CONFIG.audience })],
  ["no issue time", () => ({ iat: undefined })],
  ["an issue time 120 s ahead", (now) => ({ iat: now + 120 })],
  ["no expiry", () => ({ exp: undefined })],
  ["an expiry 60 s ago", (now) => ({ exp: now - 60 })],
  ["no identifier", () => ({ jti: undefined })],
  ["an identifier that is no text", () => ({ jti: 7 })],
  ["neither sub nor sid", () => ({ sub: undefined, sid: undefined })],
  ["no sub", () => ({ sub: undefined })],
  ["a sid that is no text", () => ({ sid: 7 })],
  ["a nonce", () => ({ nonce: "n" })],
  ["no events", () => ({ events: undefined })],
  ["another event", () => ({ events: { "http://schemas.openid.net/event/other": {} } })],
  ["an event that is no object", () => ({ events: { [EVENT]: true } })],
  ["an event that is a list", () => ({ events: { [EVENT]: [] } })],
];
it.each(claimRows)("refuses a logout token with %s", async (_title, change) => {
  const claims: JWTPayload = { ...logoutClaims(), ...change(tenant.clock.now) };
  await expect(provider.verifyLogoutToken(await tenant.sign(claims))).rejects.toMatchObject({
    reason: "identity_token_invalid",
  });
});

const tokenRows: [title: string, make: () => string | Promise<string>][] = [
  ["an ID token", () => tenant.sign(tenant.idClaims("nonce"))],
  ["an ID token without a nonce", () => tenant.sign(tenant.idClaims())],
  ["an access token", () => tenant.sign(tenant.accessClaims())],
  ["the type at+jwt", () => tenant.sign(logoutClaims(), { typ: "at+jwt" })],
  ["no type", () => tenant.sign(logoutClaims(), { typ: undefined })],
  ["no signature", () => forge({ alg: "none", typ: "JWT" }, logoutClaims(), "")],
  [
    "a signature that is not the tenant's",
    () => forge({ alg: "RS256", typ: "JWT", kid: "key-0" }, logoutClaims()),
  ],
  ["a token that is no JWT", () => "logout"],
  ["an empty text", () => ""],
  ["more than 16 KB", () => "x".repeat(16_385)],
];
it.each(tokenRows)("refuses %s", async (_title, make) => {
  await expect(provider.verifyLogoutToken(await make())).rejects.toMatchObject({
    reason: "identity_token_invalid",
  });
});

it("asks the tenant for nothing when the token is too long or no JWT", async () => {
  await expect(provider.verifyLogoutToken("x".repeat(16_385))).rejects.toBeDefined();
  await expect(provider.verifyLogoutToken("logout")).rejects.toBeDefined();
  expect(tenant.calls).toEqual([]);
});
