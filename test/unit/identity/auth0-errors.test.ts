import { beforeEach, describe, expect, it } from "vitest";
import { createIdentityProvider } from "../../../src/identity/openid.ts";
import type { IdentityProvider } from "../../../src/identity/provider.ts";
import {
  createTestTenant,
  finishSignIn,
  renew,
  signIn,
  TENANT_CONFIG,
  type TestTenant,
} from "../../support/auth0-fetch.ts";

const TOKEN = "/oauth/token";

let tenant: TestTenant;
let provider: IdentityProvider;

beforeEach(() => {
  tenant = createTestTenant();
  provider = createIdentityProvider(TENANT_CONFIG, {
    fetch: tenant.fetch,
    now: () => tenant.clock.now,
  });
});

describe("an error in the callback", () => {
  const callbackRows: [query: string, reason: string, cause: string][] = [
    ["error=access_denied&error_description=canary", "identity_denied", "access_denied"],
    ["error=unauthorized", "identity_denied", "unauthorized"],
    ["error=temporarily_unavailable", "identity_unavailable", "temporarily_unavailable"],
    ["error=login_required", "interaction_required", "login_required"],
    ["error=consent_required", "interaction_required", "consent_required"],
    ["error=interaction_required", "interaction_required", "interaction_required"],
    ["error=unauthorized_client", "identity_client_not_allowed", "unauthorized_client"],
    [
      "error=access_denied&error_description=Service+not+found:+canary",
      "identity_audience_unknown",
      "access_denied",
    ],
    [
      "error=access_denied&error_description=Service+not+enabled+within+domain:+canary",
      "identity_audience_unknown",
      "access_denied",
    ],
    [
      "error=access_denied&error_description=User+did+not+authorize+the+request",
      "identity_cancelled",
      "access_denied",
    ],
    [
      "error=access_denied&error_description=user+canary+is+not+part+of+the+org_canary+organization",
      "identity_organization_refused",
      "access_denied",
    ],
    ["error=unauthorized&error_description=user+is+blocked", "identity_blocked", "unauthorized"],
    [
      "error=login_required&error_description=Service+not+found:+canary",
      "interaction_required",
      "login_required",
    ],
    [
      "error=invalid_request&error_description=parameter+organization+is+required",
      "identity_organization_required",
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
      const secrets = provider.createSignInSecrets();
      const refusal = await finishSignIn(provider, callback, { state: "s", secrets }).catch(
        (error: unknown) => error,
      );
      expect(refusal).toMatchObject({ reason, cause: { message: cause } });
      expect(everythingIn(refusal)).not.toContain("canary");
      expect(tenant.countOf(`POST ${TOKEN}`)).toBe(0);
    },
  );
});

describe("an error of the token endpoint", () => {
  /** "403 access_denied Unauthorized" is an answer with that status, error code and description. */
  const problem = (text: string, headers: Record<string, string> = {}): Response => {
    const [status = "", error, ...words] = text.split(" ");
    return Response.json(
      { error, error_description: words.join(" ") || "canary" },
      { status: Number(status), headers },
    );
  };
  const bothRefused = async (): Promise<unknown[]> => [
    await signIn(tenant, provider).catch(itself),
    await renew(provider, "refresh-1").catch(itself),
  ];

  const codeRows: [problem: string, atCode: string, atRenewal: string][] = [
    ["400 invalid_grant", "identity_denied", "identity_grant_ended"],
    ["403 invalid_grant", "identity_denied", "identity_grant_ended"],
    ["403 mfa_required", "identity_refused", "identity_grant_ended"],
    ["400 invalid_client", "identity_client_rejected", "identity_client_rejected"],
    ["401 invalid_client", "identity_client_rejected", "identity_client_rejected"],
    ["401 access_denied", "identity_client_rejected", "identity_client_rejected"],
    ["403 access_denied Unauthorized", "identity_client_rejected", "identity_client_rejected"],
    ["403 access_denied", "identity_denied", "identity_denied"],
    ["403 unauthorized_client", "identity_client_not_allowed", "identity_client_not_allowed"],
    ["403 unauthorized", "identity_denied", "identity_grant_ended"],
    ["403 unauthorized user is blocked", "identity_blocked", "identity_grant_ended"],
    [
      "403 unauthorized_client Grant not found",
      "identity_client_not_allowed",
      "identity_grant_ended",
    ],
    [
      "403 server_error Grant not found, cannot refresh",
      "identity_refused",
      "identity_grant_ended",
    ],
    ["403 login_required", "identity_refused", "identity_grant_ended"],
    ["400 invalid_request", "identity_refused", "identity_refused"],
    ["400 something_new", "identity_refused", "identity_refused"],
    ["403 too_many_requests", "identity_rate_limited", "identity_rate_limited"],
    ["429 too_many_requests", "identity_rate_limited", "identity_rate_limited"],
    ["429 invalid_grant", "identity_rate_limited", "identity_rate_limited"],
    ["500 invalid_grant", "identity_unavailable", "identity_unavailable"],
  ];
  it.each(codeRows)("%s is %s at sign-in and %s at renewal", async (text, atCode, atRenewal) => {
    tenant.answerAt(TOKEN, () => problem(text, { "WWW-Authenticate": 'Basic realm="canary"' }));
    const refusals = await bothRefused();
    expect(refusals).toMatchObject([{ reason: atCode }, { reason: atRenewal }]);
    expect(everythingIn(refusals)).not.toContain("canary");
    expect(tenant.countOf(`POST ${TOKEN}`)).toBe(2);
  });

  const html = { "Content-Type": "text/html" };
  const json = { "Content-Type": "application/json" };
  const broken = (error: Error) => (): never => {
    throw error;
  };
  const otherRows: [title: string, answer: () => Response, reason: string][] = [
    ["503", () => new Response("canary", { status: 503 }), "identity_unavailable"],
    ["200 with a page", () => new Response("<p>canary", { headers: html }), "identity_unavailable"],
    [
      "403 with a page",
      () => new Response("<p>canary", { status: 403, headers: html }),
      "identity_unavailable",
    ],
    [
      "200 with JSON cut short",
      () => new Response('{"a":"can', { headers: json }),
      "identity_unavailable",
    ],
    ["a reset connection", broken(new TypeError("canary")), "identity_unavailable"],
    ["a timeout", broken(new DOMException("canary", "TimeoutError")), "identity_unavailable"],
    [
      "403 without an error code",
      () => Response.json({ message: "canary" }, { status: 403 }),
      "identity_refused",
    ],
    ["a redirect", () => Response.redirect("https://evil.test/", 307), "identity_refused"],
    ["200 with a list", () => Response.json(["canary"]), "identity_token_invalid"],
    [
      "200 without an access token",
      () => Response.json({ token_type: "Bearer" }),
      "identity_token_invalid",
    ],
    [
      "200 with another kind of token",
      () => Response.json({ access_token: "a", token_type: "mac" }),
      "identity_token_invalid",
    ],
  ];
  it.each(otherRows)(
    "%s has one reason, asked once, without upstream text",
    async (_title, answer, reason) => {
      tenant.answerAt(TOKEN, answer);
      const refusals = await bothRefused();
      expect(refusals).toMatchObject([{ reason }, { reason }]);
      expect(everythingIn(refusals)).not.toContain("canary");
      expect(tenant.countOf(`POST ${TOKEN}`)).toBe(2);
    },
  );

  const retryRows: [
    problem: string,
    headers: Record<string, string>,
    seconds: number | undefined,
  ][] = [
    ["429 too_many_requests", { "Retry-After": "42" }, 42],
    ["403 too_many_requests", { "Retry-After": "9" }, 9],
    ["503 unavailable", { "Retry-After": "9" }, 5],
    ["403 invalid_grant", { "Retry-After": "9" }, undefined],
  ];
  it.each(retryRows)(
    "%s with %j asks to wait %s seconds",
    async (text, headers, retryAfterSeconds) => {
      tenant.answerAt(TOKEN, () => problem(text, headers));
      await expect(renew(provider, "refresh-1")).rejects.toMatchObject({ retryAfterSeconds });
    },
  );

  it("names our credentials when the secret is wrong", async () => {
    const config = { ...TENANT_CONFIG, clientSecret: "rotated" };
    provider = createIdentityProvider(config, { fetch: tenant.fetch, now: () => tenant.clock.now });
    await expect(signIn(tenant, provider)).rejects.toMatchObject({
      reason: "identity_client_rejected",
    });
  });
});

describe("an error of the revocation endpoint", () => {
  it.each([
    [503, "identity_unavailable"],
    [429, "identity_rate_limited"],
    [404, "identity_unavailable"],
  ])("does not claim success after %i", async (status, reason) => {
    tenant.answerAt("/oauth/revoke", () => new Response("", { status }));
    await expect(provider.revoke("refresh-1")).rejects.toMatchObject({ reason });
  });
});

describe("an error of the userinfo endpoint", () => {
  const rows: [title: string, answer: () => Response, reason: string][] = [
    [
      "the profile of somebody else",
      () => Response.json({ sub: "auth0|mallory" }),
      "identity_token_invalid",
    ],
    ["a profile of nobody", () => Response.json({ name: "canary" }), "identity_token_invalid"],
    ["401", () => new Response("Unauthorized canary", { status: 401 }), "identity_refused"],
    ["403", () => Response.json({ error: "access_denied" }, { status: 403 }), "identity_refused"],
    [
      "429",
      () => Response.json({ error: "too_many_requests" }, { status: 429 }),
      "identity_rate_limited",
    ],
    ["503", () => new Response("canary", { status: 503 }), "identity_unavailable"],
    [
      "a page",
      () => new Response("<p>canary", { headers: { "Content-Type": "text/html" } }),
      "identity_unavailable",
    ],
  ];
  it.each(rows)("refuses %s", async (_title, answer, reason) => {
    const { tokens } = await signIn(tenant, provider);
    tenant.answerAt("/userinfo", answer);
    const refusal = await provider.userInfo(tokens).catch(itself);
    expect(refusal).toMatchObject({ reason });
    expect(everythingIn(refusal)).not.toContain("canary");
  });

  it("is asked about once, and once more only when it did not answer", async () => {
    const { tokens } = await signIn(tenant, provider);
    tenant.answerAt("/userinfo", () => new Response("", { status: 429 }));
    await provider.userInfo(tokens).catch(itself);
    expect(tenant.countOf("GET /userinfo")).toBe(1);
    tenant.answerAt("/userinfo", () => new Response("", { status: 503 }));
    await provider.userInfo(tokens).catch(itself);
    expect(tenant.countOf("GET /userinfo")).toBe(3);
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
