/** What a test can make the local tenant do: fail, misissue, rotate, block. */
import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Shape } from "../../dev/tenant/forgery.ts";
import type { Tenant } from "../../dev/tenant/tenant.ts";
import { signIn } from "../support/tenant.ts";
import {
  createTenantClient,
  APPLICATION,
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

describe("faults", () => {
  it("answers as told, as often as told, and counts every request", async () => {
    const { refresh_token = "" } = await client.signIn("ada");
    tenant.control.fail("token:refresh_token", { status: 503, times: 2 });
    expect((await client.refresh(refresh_token)).status).toBe(503);
    expect((await client.refresh(refresh_token)).status).toBe(503);
    expect((await client.refresh(refresh_token)).status).toBe(200);
    expect(tenant.control.count("token:refresh_token")).toBe(3);
    expect(tenant.control.count("token:authorization_code")).toBe(1);
    expect(tenant.control.count("token")).toBe(4);
    expect(tenant.control.count("authorize")).toBe(1);
    expect(tenant.control.count("userinfo")).toBe(0);
  });

  it("explains a rate limit as Auth0 does", async () => {
    tenant.control.fail("userinfo", { status: 429, headers: { "retry-after": "7" } });
    const response = await fetch(`${tenant.url}/userinfo`);
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("7");
    expect(await response.json()).toEqual({
      error: "too_many_requests",
      error_description: "Global limit has been reached",
    });
  });

  it("serves the metadata and keys it is given", async () => {
    tenant.control.fail("discovery", { status: 200, body: { issuer: "https://evil.test/" } });
    tenant.control.fail("jwks", { status: 200, body: "not JSON" });
    expect(await (await fetch(`${tenant.url}/.well-known/openid-configuration`)).json()).toEqual({
      issuer: "https://evil.test/",
    });
    expect(await (await fetch(`${tenant.url}/.well-known/jwks.json`)).text()).toBe("not JSON");
  });

  it("breaks the connection, or never answers", async () => {
    tenant.control.fail("jwks", "reset");
    await expect(fetch(`${tenant.url}/.well-known/jwks.json`)).rejects.toThrow("fetch failed");
    tenant.control.fail("jwks", "hang");
    const signal = AbortSignal.timeout(100);
    await expect(fetch(`${tenant.url}/.well-known/jwks.json`, { signal })).rejects.toThrow(
      /timeout/,
    );
  });

  it("takes its time", async () => {
    tenant.control.latency("jwks", 50);
    const before = performance.now();
    await fetch(`${tenant.url}/.well-known/jwks.json`);
    expect(performance.now() - before).toBeGreaterThanOrEqual(49);
  });

  it("is honest again when cleared", async () => {
    tenant.control.fail("discovery", "reset");
    tenant.control.clear();
    expect((await fetch(`${tenant.url}/.well-known/openid-configuration`)).status).toBe(200);
    expect(tenant.control.count("discovery")).toBe(1);
  });
});

describe("misissued tokens", () => {
  const answerWith = async (shape: Shape) => {
    tenant.control.shape(shape);
    const attempt = await client.begin();
    return { attempt, response: await client.redeem(attempt, await signIn(attempt.url, "rob")) };
  };

  it.each([
    "alg-none",
    "bad-signature",
    "critical-header",
    "expired",
    "hs256",
    "hs256-with-public-key",
    "no-exp",
    "no-iat",
    "no-nonce",
    "no-sub",
    "none",
    "two-parts",
    "unknown-kid",
    "wrong-aud",
    "wrong-azp",
    "wrong-iss",
    "wrong-nonce",
  ] as const)("gives an ID token that a strict client refuses: %s", async (idToken) => {
    const { attempt, response } = await answerWith({ idToken });
    expect(response.status).toBe(200);
    await expect(client.verify(attempt, response)).rejects.toThrow();
  });

  it.each([
    "alg-none",
    "bad-signature",
    "critical-header",
    "expired",
    "hs256",
    "hs256-with-public-key",
    "jwe",
    "opaque",
    "two-parts",
    "unknown-kid",
    "wrong-aud",
    "wrong-iss",
  ] as const)("gives an access token that does not verify: %s", async (accessToken) => {
    const { body } = await tokensOf((await answerWith({ accessToken })).response);
    const expected = {
      issuer: tenant.issuer,
      audience: APPLICATION.audience,
      algorithms: ["RS256"],
    };
    await expect(jwtVerify(body.access_token, keysOf(tenant.issuer), expected)).rejects.toThrow();
  });

  it("gives an access token in the RFC 9068 dialect", async () => {
    const { body } = await tokensOf((await answerWith({ accessToken: "rfc9068" })).response);
    const { payload, protectedHeader } = await jwtVerify(body.access_token, keysOf(tenant.issuer));
    expect(protectedHeader.typ).toBe("at+jwt");
    expect(payload).toMatchObject({
      client_id: APPLICATION.clientId,
      jti: expect.any(String),
      permissions: ["tool:get_user_info"],
    });
    expect(payload).not.toHaveProperty("azp");
  });

  it.each([
    ["absent", undefined],
    ["null", null],
    ["string", "tool:get_user_info"],
    ["object", { list: ["tool:get_user_info"] }],
    ["nested", [["tool:get_user_info"]]],
    ["duplicated", ["tool:get_user_info", "tool:get_user_info"]],
    ["too-many", expect.objectContaining({ length: 10_000 })],
    [["tool:else"], ["tool:else"]],
  ] as const)("gives the permissions claim %j", async (permissions, claim) => {
    const { body } = await tokensOf((await answerWith({ permissions })).response);
    const { payload } = await jwtVerify(body.access_token, keysOf(tenant.issuer));
    expect(payload["permissions"]).toEqual(claim);
  });

  it("gives a lifetime, no refresh token, and any claim by hand", async () => {
    const { body } = await tokensOf(
      (
        await answerWith({
          accessTokenTtlSeconds: 60,
          refreshToken: "none",
          accessToken: { claims: { org_id: "org_1" } },
        })
      ).response,
    );
    const { iat = 0, exp, org_id } = decodeJwt(body.access_token);
    expect({ exp, org_id, expires_in: body.expires_in }).toEqual({
      exp: iat + 60,
      org_id: "org_1",
      expires_in: 60,
    });
    expect(body).not.toHaveProperty("refresh_token");
  });
});

describe("an administrator", () => {
  it("changes a role, and the next refresh says so", async () => {
    const { refresh_token = "" } = await client.signIn("eve");
    tenant.control.setPermissions("eve", ["tool:send_report"]);
    const { body } = await tokensOf(await client.refresh(refresh_token));
    expect(decodeJwt(body.access_token)["permissions"]).toEqual(["tool:send_report"]);
  });

  it("blocks a person, who can neither refresh nor sign in", async () => {
    const { refresh_token = "" } = await client.signIn("rob");
    tenant.control.block("rob");
    expect(await tokensOf(await client.refresh(refresh_token))).toEqual({
      status: 403,
      body: { error: "invalid_grant", error_description: "Unknown or invalid refresh token." },
    });
    const callback = await signIn((await client.begin()).url, "rob");
    expect(callback.searchParams.get("error")).toBe("unauthorized");
    expect(callback.searchParams.get("error_description")).toBe("user is blocked");
  });

  it("rotates the keys: the published next one signs, and what the previous one signed stays valid", async () => {
    const { keys } = await (await fetch(`${tenant.url}/.well-known/jwks.json`)).json();
    const before = await client.signIn("ada");
    await tenant.control.rotateKeys();
    const after = await client.signIn("ada");
    expect(decodeProtectedHeader(before.access_token).kid).toBe(keys[0].kid);
    expect(decodeProtectedHeader(after.access_token).kid).toBe(keys[1].kid);
    await Promise.all([before, after].map(({ access_token }) => client.claimsOf(access_token)));
    expect((await client.refresh(before.refresh_token ?? "")).status).toBe(200);
  });
});
