import { generateSecret, SignJWT } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { isForClient, judgeShape, readPermissions } from "../../../src/identity/access-token.ts";
import { createIdentityProvider } from "../../../src/identity/openid.ts";
import type { IdentityProvider } from "../../../src/identity/provider.ts";
import {
  ADA,
  createTestTenant,
  forge,
  signIn,
  TENANT_CONFIG,
  type TestTenant,
} from "../../support/auth0-fetch.ts";

describe("readPermissions", () => {
  const many = (count: number): string[] =>
    Array.from({ length: count }, (_, index) => `p:${index}`);
  const rows: [title: string, permissions: unknown, answer: unknown][] = [
    ["reads a list", ["a", "b"], ["a", "b"]],
    ["reads an empty list as a person without permissions", [], []],
    ["drops duplicates", ["a", "b", "a"], ["a", "b"]],
    ["grants nothing for a text", "tool:get_user_info", []],
    ["grants nothing for null", null, []],
    ["grants nothing for an object", { "0": "a" }, []],
    ["grants nothing for nested lists", [["a"]], []],
    ["grants nothing for a list with something else in it", ["a", 1], []],
    ["says when the claim is missing", undefined, "identity_permissions_missing"],
    ["reads as many as Auth0 allows", many(1000), many(1000)],
  ];
  it.each(rows)("%s", (_title, permissions, answer) => {
    expect(readPermissions({ permissions })).toEqual(answer);
  });
});

describe("judgeShape", () => {
  const rows: [title: string, token: string, verdict: string | undefined][] = [
    ["knows an opaque token", "v1.local".replace(".", "-"), "identity_token_opaque"],
    ["knows an encrypted token", "a.b.c.d.e", "identity_token_opaque"],
    [
      "knows an API that signs with HS256",
      forge({ alg: "HS256" }, {}),
      "identity_algorithm_refused",
    ],
    ["leaves RS256 to the verification", forge({ alg: "RS256" }, {}), undefined],
    ["leaves garbage to the verification", "a.b.c", undefined],
  ];
  it.each(rows)("%s", (_title, token, verdict) => {
    expect(judgeShape(token)).toBe(verdict);
  });
});

describe("isForClient", () => {
  const rows: [title: string, claims: Record<string, unknown>, verdict: boolean][] = [
    ["reads azp of the default dialect", { azp: "us" }, true],
    ["reads client_id of RFC 9068", { client_id: "us" }, true],
    ["believes azp when both are there", { azp: "them", client_id: "us" }, false],
    ["refuses a token that names no client", {}, false],
  ];
  it.each(rows)("%s", (_title, claims, verdict) => {
    expect(isForClient(claims, "us")).toBe(verdict);
  });
});

describe("an access token from Auth0", () => {
  let tenant: TestTenant;
  let provider: IdentityProvider;

  beforeEach(() => {
    tenant = createTestTenant();
    provider = createIdentityProvider(TENANT_CONFIG, {
      fetch: tenant.fetch,
      now: () => tenant.clock.now,
    });
  });

  it("is accepted in the default dialect", async () => {
    const { tokens } = await signIn(tenant, provider);
    expect(tokens.permissions).toEqual(["tool:get_user_info", "tool:report"]);
    expect(tokens.claims).toMatchObject({ sub: ADA, azp: TENANT_CONFIG.clientId });
    expect(tokens.expiresAt).toBe(tenant.clock.now + 86_400);
  });

  it("is accepted in the dialect of RFC 9068", async () => {
    const claims = {
      ...tenant.accessClaims(),
      azp: undefined,
      client_id: TENANT_CONFIG.clientId,
      jti: "1",
    };
    tenant.makeAccessToken = () => tenant.sign(claims, { typ: "at+jwt" });
    expect((await signIn(tenant, provider)).tokens.claims).toMatchObject({
      client_id: TENANT_CONFIG.clientId,
    });
  });

  it("is accepted with our API as its only audience", async () => {
    tenant.makeAccessToken = () =>
      tenant.sign({ ...tenant.accessClaims(), aud: TENANT_CONFIG.audience });
    expect((await signIn(tenant, provider)).tokens.claims["aud"]).toBe(TENANT_CONFIG.audience);
  });

  const claimRows: [
    title: string,
    change: (now: number) => Record<string, unknown>,
    reason: string,
  ][] = [
    ["another issuer", () => ({ iss: "https://evil.test/" }), "identity_token_invalid"],
    [
      "an issuer without its slash",
      () => ({ iss: "https://tenant.test" }),
      "identity_token_invalid",
    ],
    [
      "the audience of another API",
      () => ({ aud: "https://other.test/" }),
      "identity_token_invalid",
    ],
    ["no audience", () => ({ aud: undefined }), "identity_token_invalid"],
    ["another application of the same API", () => ({ azp: "client-2" }), "identity_token_invalid"],
    ["no client", () => ({ azp: undefined }), "identity_token_invalid"],
    ["no subject", () => ({ sub: undefined }), "identity_token_invalid"],
    ["the subject of somebody else", () => ({ sub: "auth0|mallory" }), "identity_token_invalid"],
    ["no issue time", () => ({ iat: undefined }), "identity_token_invalid"],
    ["no expiry", () => ({ exp: undefined }), "identity_token_invalid"],
    ["an expiry that is text", (now) => ({ exp: String(now + 60) }), "identity_token_invalid"],
    ["an expiry 60 s ago", (now) => ({ exp: now - 60 }), "identity_token_invalid"],
    ["an expiry 120 s ago", (now) => ({ exp: now - 120 }), "identity_token_invalid"],
    ["an issue time 120 s ahead", (now) => ({ iat: now + 120 }), "identity_token_invalid"],
    ["a beginning 120 s ahead", (now) => ({ nbf: now + 120 }), "identity_token_invalid"],
    ["no permissions claim", () => ({ permissions: undefined }), "identity_permissions_missing"],
    ["more than 512 KB", () => ({ padding: "x".repeat(524_288) }), "identity_token_invalid"],
  ];
  it.each(claimRows)("is refused with %s", async (_title, change, reason) => {
    tenant.makeAccessToken = () =>
      tenant.sign({ ...tenant.accessClaims(), ...change(tenant.clock.now) });
    await expect(signIn(tenant, provider)).rejects.toMatchObject({ reason });
  });

  const skewRows: [title: string, change: (now: number) => Record<string, unknown>][] = [
    ["expired 30 s ago", (now) => ({ exp: now - 30 })],
    ["expired 59 s ago", (now) => ({ exp: now - 59 })],
    ["issued 30 s ahead", (now) => ({ iat: now + 30 })],
    ["issued 60 s ahead", (now) => ({ iat: now + 60 })],
  ];
  it.each(skewRows)("is accepted although %s, since clocks differ", async (_title, change) => {
    tenant.makeAccessToken = () =>
      tenant.sign({ ...tenant.accessClaims(), ...change(tenant.clock.now) });
    await expect(signIn(tenant, provider)).resolves.toBeDefined();
  });

  it("is refused when it is opaque", async () => {
    tenant.makeAccessToken = async () => "kQ3vOpaqueAccessTokenCanary";
    await expect(signIn(tenant, provider)).rejects.toMatchObject({
      reason: "identity_token_opaque",
    });
  });

  it("is refused when it is encrypted", async () => {
    tenant.makeAccessToken = async () => "e30.e30.e30.e30.e30";
    await expect(signIn(tenant, provider)).rejects.toMatchObject({
      reason: "identity_token_opaque",
    });
  });

  it("is refused when the API signs with HS256", async () => {
    const secret = await generateSecret("HS256");
    tenant.makeAccessToken = () =>
      new SignJWT(tenant.accessClaims()).setProtectedHeader({ alg: "HS256" }).sign(secret);
    await expect(signIn(tenant, provider)).rejects.toMatchObject({
      reason: "identity_algorithm_refused",
    });
  });

  it("is refused with a signature that is not the tenant's", async () => {
    tenant.makeAccessToken = async () =>
      forge({ alg: "RS256", typ: "JWT", kid: "key-0" }, tenant.accessClaims());
    await expect(signIn(tenant, provider)).rejects.toMatchObject({
      reason: "identity_token_invalid",
    });
  });

  it("is refused without a signature", async () => {
    tenant.makeAccessToken = async () =>
      forge({ alg: "none", typ: "JWT" }, tenant.accessClaims(), "");
    await expect(signIn(tenant, provider)).rejects.toMatchObject({
      reason: "identity_token_invalid",
    });
  });

  it("is refused for another organization", async () => {
    const config = { ...TENANT_CONFIG, organization: "org_1" };
    provider = createIdentityProvider(config, { fetch: tenant.fetch, now: () => tenant.clock.now });
    tenant.makeIdToken = (nonce) => tenant.sign({ ...tenant.idClaims(nonce), org_id: "org_1" });
    tenant.makeAccessToken = () => tenant.sign({ ...tenant.accessClaims(), org_id: "org_2" });
    await expect(signIn(tenant, provider)).rejects.toMatchObject({
      reason: "identity_token_invalid",
    });
  });
});
