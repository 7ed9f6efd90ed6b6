import { beforeEach, describe, expect, it } from "vitest";
import { createIdentityProvider } from "../../../src/identity/openid.ts";
import { judgeMetadata } from "../../../src/identity/metadata.ts";
import type { IdentityProvider } from "../../../src/identity/provider.ts";
import {
  createTestTenant,
  discoveryDocument,
  signIn,
  TENANT_CONFIG,
  type TestTenant,
} from "../../support/auth0-fetch.ts";

const DISCOVERY = "/.well-known/openid-configuration";

const invalidRows: [title: string, change: Record<string, unknown>][] = [
  ["another issuer", { issuer: "https://evil.test/" }],
  ["the issuer without its slash", { issuer: "https://tenant.test" }],
  ["the issuer in capitals", { issuer: "https://TENANT.test/" }],
  ["no issuer", { issuer: undefined }],
  ["a token endpoint on plain http", { token_endpoint: "http://tenant.test/oauth/token" }],
  ["a token endpoint on another host", { token_endpoint: "https://evil.test/oauth/token" }],
  ["a token endpoint on another port", { token_endpoint: "https://tenant.test:8443/oauth/token" }],
  ["a token endpoint that is no address", { token_endpoint: "/oauth/token" }],
  ["no token endpoint", { token_endpoint: undefined }],
  ["an authorization endpoint that is script", { authorization_endpoint: "javascript:alert(1)" }],
  ["keys on plain http", { jwks_uri: "http://tenant.test/.well-known/jwks.json" }],
  ["keys on another host", { jwks_uri: "https://evil.test/jwks.json" }],
  ["a userinfo endpoint on another host", { userinfo_endpoint: "https://evil.test/userinfo" }],
  [
    "a revocation endpoint on another host",
    { revocation_endpoint: "https://evil.test/oauth/revoke" },
  ],
];

describe("judgeMetadata", () => {
  it.each(invalidRows)("refuses %s", (_title, change) => {
    expect(
      judgeMetadata({ ...discoveryDocument(), ...change }, TENANT_CONFIG.issuer),
    ).toBeUndefined();
  });

  it.each([undefined, null, [], "text", 7])("refuses a document that is %j", (document) => {
    expect(judgeMetadata(document, TENANT_CONFIG.issuer)).toBeUndefined();
  });

  it("does not let the provider choose HS256 for ID tokens", () => {
    expect(
      judgeMetadata(discoveryDocument(), TENANT_CONFIG.issuer)
        ?.id_token_signing_alg_values_supported,
    ).toEqual(["RS256", "PS256"]);
  });

  it("accepts plain http on the loopback address of the issuer, and on no other", () => {
    const local = JSON.parse(
      JSON.stringify(discoveryDocument()).replaceAll(
        "https://tenant.test",
        "http://localhost:4400",
      ),
    );
    expect(judgeMetadata(local, "http://localhost:4400/")).toMatchObject({
      token_endpoint: "http://localhost:4400/oauth/token",
    });
    expect(
      judgeMetadata(
        { ...local, token_endpoint: "http://localhost:4401/oauth/token" },
        "http://localhost:4400/",
      ),
    ).toBeUndefined();
    expect(
      judgeMetadata(
        { ...local, token_endpoint: "http://tenant.test/oauth/token" },
        "http://localhost:4400/",
      ),
    ).toBeUndefined();
  });
});

describe("the metadata of the tenant", () => {
  let tenant: TestTenant;
  let provider: IdentityProvider;
  const authorizationUrl = (): Promise<string> =>
    provider.authorizationUrl({ state: "s", isForGrant: true }, provider.createSignInSecrets());

  beforeEach(() => {
    tenant = createTestTenant();
    provider = createIdentityProvider(TENANT_CONFIG, {
      fetch: tenant.fetch,
      now: () => tenant.clock.now,
    });
  });

  it("is not asked for before it is needed", () => {
    expect(tenant.calls).toEqual([]);
  });

  it("is asked for once in ten minutes, and once by requests that come together", async () => {
    await Promise.all([authorizationUrl(), authorizationUrl(), authorizationUrl()]);
    await signIn(tenant, provider);
    expect(tenant.countOf(`GET ${DISCOVERY}`)).toBe(1);
    tenant.clock.now += 600;
    await authorizationUrl();
    expect(tenant.countOf(`GET ${DISCOVERY}`)).toBe(2);
  });

  it("is remembered while the tenant does not answer", async () => {
    const before = new URL(await authorizationUrl());
    tenant.answerAt(DISCOVERY, () => new Response("Bad Gateway", { status: 502 }));
    tenant.clock.now += 3600;
    expect(new URL(await authorizationUrl()).origin).toBe(before.origin);
  });

  it("is refused as unavailable when the tenant never answered", async () => {
    tenant.answerAt(DISCOVERY, () => new Response("Bad Gateway", { status: 502 }));
    await expect(authorizationUrl()).rejects.toMatchObject({
      reason: "identity_unavailable",
      retryAfterSeconds: 5,
    });
    expect(tenant.countOf(`GET ${DISCOVERY}`)).toBe(2);
  });

  const answerRows: [title: string, answer: () => Response][] = [
    [
      "of another issuer",
      () => Response.json({ ...discoveryDocument(), issuer: "https://evil.test/" }),
    ],
    [
      "with an endpoint on plain http",
      () =>
        Response.json({ ...discoveryDocument(), token_endpoint: "http://tenant.test/oauth/token" }),
    ],
    ["that does not exist", () => new Response("Not Found", { status: 404 })],
    ["that is a redirect", () => Response.redirect("https://evil.test/", 302)],
    ["that is a page", () => new Response("<html>", { headers: { "Content-Type": "text/html" } })],
    ["that is a list", () => Response.json([])],
    [
      "of more than 64 KB",
      () => Response.json({ ...discoveryDocument(), padding: "x".repeat(65_536) }),
    ],
  ];
  it.each(answerRows)("is refused as invalid when it is one %s", async (_title, answer) => {
    tenant.answerAt(DISCOVERY, answer);
    await expect(authorizationUrl()).rejects.toMatchObject({ reason: "identity_metadata_invalid" });
  });
});
