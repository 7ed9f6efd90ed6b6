import { base64url, type JWTPayload, SignJWT } from "jose";
import { beforeEach, expect, it } from "vitest";
import { createIdentityProvider } from "../../../src/identity/openid.ts";
import { readProfile, readSignIn } from "../../../src/identity/id-token.ts";
import type { IdentityProvider } from "../../../src/identity/provider.ts";
import {
  ADA,
  createTestTenant,
  forge,
  signIn,
  TENANT_CONFIG,
  type TestTenant,
} from "../../support/auth0-fetch.ts";

let tenant: TestTenant;
let provider: IdentityProvider;

beforeEach(() => {
  tenant = createTestTenant();
  provider = createIdentityProvider(TENANT_CONFIG, {
    fetch: tenant.fetch,
    now: () => tenant.clock.now,
  });
});

const claimRows: [title: string, change: (now: number) => JWTPayload][] = [
  ["another issuer", () => ({ iss: "https://evil.test/" })],
  ["another audience", () => ({ aud: "client-2" })],
  ["a second audience and no azp", () => ({ aud: [TENANT_CONFIG.clientId, "client-2"] })],
  ["another azp", () => ({ azp: "client-2" })],
  ["no issuer", () => ({ iss: undefined })],
  ["no audience", () => ({ aud: undefined })],
  ["no subject", () => ({ sub: undefined })],
  ["an empty subject", () => ({ sub: "" })],
  ["a subject that is no text", () => JSON.parse('{"sub":7}')],
  ["no issue time", () => ({ iat: undefined })],
  ["no expiry", () => ({ exp: undefined })],
  ["an expiry 60 s ago", (now) => ({ exp: now - 60 })],
  ["an expiry 120 s ago", (now) => ({ exp: now - 120 })],
  ["an issue time 120 s ahead", (now) => ({ iat: now + 120 })],
  ["another nonce", () => ({ nonce: "another" })],
  ["no nonce", () => ({ nonce: undefined })],
  ["the hash of another access token", () => ({ at_hash: "AAAAAAAAAAAAAAAAAAAAAA" })],
  ["an access token hash that is no text", () => ({ at_hash: null })],
  ["the hash of another code", () => ({ c_hash: "AAAAAAAAAAAAAAAAAAAAAA" })],
  ["more than 512 KB", () => ({ padding: "x".repeat(524_288) })],
];
it.each(claimRows)("refuses an ID token with %s", async (_title, change) => {
  tenant.makeIdToken = (nonce) =>
    tenant.sign({ ...tenant.idClaims(nonce), ...change(tenant.clock.now) });
  await expect(signIn(tenant, provider)).rejects.toMatchObject({
    reason: "identity_token_invalid",
  });
});

const forgedRows: [title: string, make: (claims: JWTPayload) => string | Promise<string>][] = [
  [
    "a signature that is not the tenant's",
    (claims) => forge({ alg: "RS256", typ: "JWT", kid: "key-0" }, claims),
  ],
  ["no signature algorithm", (claims) => forge({ alg: "none", typ: "JWT" }, claims, "")],
  [
    "a claim changed after signing",
    async (claims) => changed(await tenant.sign(claims), { ...claims, sub: "auth0|mallory" }),
  ],
  ["HS256 and the public key as the secret", (claims) => signWithPublicKey(claims)],
  [
    "a key named in its own header",
    (claims) => tenant.sign(claims, { kid: "mine", jwk: { kty: "RSA" } }),
  ],
  [
    "a critical extension",
    (claims) => forge({ alg: "RS256", kid: "key-0", crit: ["x"], x: true }, claims),
  ],
  ["two parts", async (claims) => (await tenant.sign(claims)).split(".").slice(0, 2).join(".")],
  ["four parts", async (claims) => `${await tenant.sign(claims)}.x`],
  ["five parts", async (claims) => `${await tenant.sign(claims)}.x.x`],
  [
    "a header that is not base64url",
    (claims) => `!!!.${base64url.encode(JSON.stringify(claims))}.c2ln`,
  ],
  [
    "a payload that is not JSON",
    () => `${base64url.encode('{"alg":"RS256"}')}.${base64url.encode("{")}.c2ln`,
  ],
];
it.each(forgedRows)("refuses an ID token with %s", async (_title, make) => {
  tenant.makeIdToken = async (nonce) => make(tenant.idClaims(nonce));
  await expect(signIn(tenant, provider)).rejects.toMatchObject({
    reason: "identity_token_invalid",
  });
});

it("refuses a sign-in without an ID token", async () => {
  tenant.makeIdToken = async () => undefined;
  await expect(signIn(tenant, provider)).rejects.toMatchObject({
    reason: "identity_token_invalid",
  });
});

const acceptedRows: [
  title: string,
  change: (now: number) => JWTPayload,
  header?: Record<string, unknown>,
][] = [
  ["that expired 30 s ago", (now) => ({ exp: now - 30 })],
  ["that expired 59 s ago", (now) => ({ exp: now - 59 })],
  ["that was issued 60 s ahead", (now) => ({ iat: now + 60 })],
  ["that names us as the authorized party", () => ({ azp: TENANT_CONFIG.clientId })],
  ["without a type", () => ({}), { typ: undefined }],
];
it.each(acceptedRows)("accepts an ID token %s", async (_title, change, header) => {
  tenant.makeIdToken = (nonce) =>
    tenant.sign({ ...tenant.idClaims(nonce), ...change(tenant.clock.now) }, header);
  await expect(signIn(tenant, provider)).resolves.toBeDefined();
});

it("accepts the hash of the access token it came with", async () => {
  const accessToken = await tenant.sign(tenant.accessClaims());
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(accessToken));
  const atHash = base64url.encode(new Uint8Array(digest.slice(0, 16)));
  tenant.makeAccessToken = async () => accessToken;
  tenant.makeIdToken = (nonce) => tenant.sign({ ...tenant.idClaims(nonce), at_hash: atHash });
  await expect(signIn(tenant, provider)).resolves.toBeDefined();
});

it("refuses an ID token for another organization", async () => {
  provider = createIdentityProvider(
    { ...TENANT_CONFIG, organization: "acme" },
    { fetch: tenant.fetch, now: () => tenant.clock.now },
  );
  tenant.makeIdToken = (nonce) => tenant.sign({ ...tenant.idClaims(nonce), org_name: "other" });
  tenant.makeAccessToken = () => tenant.sign({ ...tenant.accessClaims(), org_name: "acme" });
  await expect(signIn(tenant, provider)).rejects.toMatchObject({
    reason: "identity_token_invalid",
  });
});

it("accepts both tokens of the configured organization", async () => {
  provider = createIdentityProvider(
    { ...TENANT_CONFIG, organization: "acme" },
    { fetch: tenant.fetch, now: () => tenant.clock.now },
  );
  tenant.makeIdToken = (nonce) => tenant.sign({ ...tenant.idClaims(nonce), org_name: "Acme" });
  tenant.makeAccessToken = () => tenant.sign({ ...tenant.accessClaims(), org_name: "acme" });
  await expect(signIn(tenant, provider)).resolves.toBeDefined();
});

const ageRows: [
  title: string,
  authTime: (now: number) => number | undefined,
  reason: string | undefined,
][] = [
  ["accepts a login within max_age", (now) => now - 200, undefined],
  ["refuses a login older than max_age", (now) => now - 400, "identity_token_invalid"],
  ["refuses max_age without auth_time", () => undefined, "identity_token_invalid"],
];
it.each(ageRows)("%s", async (_title, authTime, reason) => {
  tenant.makeIdToken = (nonce) =>
    tenant.sign({ ...tenant.idClaims(nonce), auth_time: authTime(tenant.clock.now) });
  const signedIn = signIn(tenant, provider, { maxAge: "300" }).catch(
    (error: { reason: string }) => error.reason,
  );
  expect(await signedIn).toEqual(reason ?? expect.objectContaining({ profile: expect.anything() }));
});

it("reads as profile what is about the person", () => {
  const profile = { sub: ADA, name: "Ada", email: "ada@example.test", org_id: "org_1" };
  expect(
    readProfile({
      ...profile,
      iss: "i",
      aud: "a",
      exp: 1,
      iat: 1,
      nonce: "n",
      sid: "s",
      auth_time: 1,
    }),
  ).toEqual(profile);
});

async function signWithPublicKey(claims: JWTPayload): Promise<string> {
  const { keys } = await tenant.jwks();
  const secret = new TextEncoder().encode(JSON.stringify(keys[0]));
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "key-0" }).sign(secret);
}

function changed(token: string, claims: JWTPayload): string {
  const [header = "", , signature = ""] = token.split(".");
  return [header, base64url.encode(JSON.stringify(claims)), signature].join(".");
}

it.each([
  [{}, {}],
  [{ auth_time: 500 }, { at: 500 }],
  [
    { auth_time: 500, amr: ["pwd", "mfa"] },
    { at: 500, mfaAt: 500 },
  ],
  [{ auth_time: 500, amr: "mfa" }, { at: 500 }],
  [{ auth_time: 500, amr: ["MFA", "mfa2"] }, { at: 500 }],
  [{ amr: ["mfa"] }, {}],
  [{ auth_time: "500" }, {}],
  [{ auth_time: -1 }, {}],
  [{ auth_time: 1001 }, { at: 1000 }],
])("of the sign-in %o tells %o", (claims, signIn) => {
  expect(readSignIn(claims, 1000)).toEqual(signIn);
});
