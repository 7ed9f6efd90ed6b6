/**
 * What the local tenant does with tokens once they are out: redeemed, rotated, presented, revoked,
 * logged out.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { ClientSecretBasic, ClientSecretPost } from "oauth4webapi";
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

const logoutTokens: string[] = [];
const receiver = createServer(async (request, response) => {
  logoutTokens.push(new URLSearchParams(await text(request)).get("logout_token") ?? "");
  response.end();
});

let tenant: Tenant;
let client: TenantClient;

beforeAll(async () => {
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const address = receiver.address();
  const port = typeof address === "object" ? address?.port : undefined;
  tenant = await startTestTenant({ backchannelLogoutUri: `http://localhost:${port}/logout` });
  client = await createTenantClient(tenant);
});
afterAll(async () => {
  receiver.close();
  await tenant.close();
});
beforeEach(() => tenant.control.clear());

const tokensOf = async (response: Response) => ({
  status: response.status,
  body: await response.json(),
});

const ask = (authorization?: string) =>
  fetch(
    `${tenant.url}/userinfo`,
    authorization === undefined ? {} : { headers: { authorization } },
  );

describe("the token endpoint", () => {
  const INVALID_CODE = { error: "invalid_grant", error_description: "Invalid authorization code" };
  const DEAD = { error: "invalid_grant", error_description: "Unknown or invalid refresh token." };

  it.each([
    ["the form", ClientSecretPost],
    ["the Authorization header", ClientSecretBasic],
  ])("knows the application by its secret in %s", async (_, authentication) => {
    const same = await createTenantClient(tenant, authentication(APPLICATION.clientSecret));
    expect((await same.signIn("ada")).access_token).toBeTypeOf("string");
    const other = await createTenantClient(tenant, authentication("another secret"));
    expect(await tokensOf(await other.refresh("whatever"))).toEqual({
      status: 401,
      body: { error: "access_denied", error_description: "Unauthorized" },
    });
  });

  it("refuses a code with another verifier", async () => {
    const attempt = await client.begin();
    const callback = await signIn(attempt.url, "ada");
    const { codeVerifier } = await client.begin();
    expect(await tokensOf(await client.redeem({ ...attempt, codeVerifier }, callback))).toEqual({
      status: 403,
      body: INVALID_CODE,
    });
  });

  it("refuses a code that was used, and ends what it gave", async () => {
    const attempt = await client.begin();
    const callback = await signIn(attempt.url, "ada");
    const { body } = await tokensOf(await client.redeem(attempt, callback));
    expect(await tokensOf(await client.redeem(attempt, callback))).toEqual({
      status: 403,
      body: INVALID_CODE,
    });
    expect(await tokensOf(await client.refresh(body.refresh_token))).toEqual({
      status: 403,
      body: DEAD,
    });
  });

  it("rotates the refresh token and says who refreshed", async () => {
    const { refresh_token = "" } = await client.signIn("ada");
    const { status, body } = await tokensOf(await client.refresh(refresh_token));
    expect(status).toBe(200);
    expect(body.refresh_token).not.toBe(refresh_token);
    expect(await client.claimsOf(body.access_token)).toMatchObject({
      gty: "refresh_token",
      sub: PEOPLE.ada.sub,
    });
  });

  it("ends the family when a refresh token comes twice", async () => {
    const { refresh_token = "" } = await client.signIn("ada");
    const { body } = await tokensOf(await client.refresh(refresh_token));
    expect(await tokensOf(await client.refresh(refresh_token))).toEqual({
      status: 403,
      body: DEAD,
    });
    expect(await tokensOf(await client.refresh(body.refresh_token))).toEqual({
      status: 403,
      body: DEAD,
    });
  });

  it("ends the family when a refresh token comes twice at once", async () => {
    const { refresh_token = "" } = await client.signIn("ada");
    const answers = await Promise.all(
      Array.from({ length: 5 }, async () => tokensOf(await client.refresh(refresh_token))),
    );
    const [winner, ...others] = answers.filter(({ status }) => status === 200);
    expect(others).toEqual([]);
    expect(await tokensOf(await client.refresh(winner?.body.refresh_token ?? "none"))).toEqual({
      status: 403,
      body: DEAD,
    });
  });
});

describe("userinfo", () => {
  it("gives the profile that the scopes open", async () => {
    const { access_token } = await client.signIn("rob", { scope: "openid email" });
    const response = await ask(`Bearer ${access_token}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      sub: PEOPLE.rob.sub,
      email: "rob@acme.test",
      email_verified: true,
    });
  });

  it.each([
    ["nothing", undefined],
    ["a token nobody issued", "Bearer e30.e30.e30"],
    ["another scheme", "Basic YTpi"],
  ])("refuses %s", async (_, authorization) => {
    const response = await ask(authorization);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer /);
    expect(await response.json()).toEqual({
      error: "Unauthorized",
      error_description: "Unauthorized",
    });
  });

  it("refuses a token without `openid`", async () => {
    const attempt = await client.begin({ scope: "tool:send_report", nonce: undefined });
    const { body } = await tokensOf(await client.redeem(attempt, await signIn(attempt.url, "ada")));
    const response = await ask(`Bearer ${body.access_token}`);
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: "access_denied" });
  });
});

describe("the end of a session", () => {
  it("revokes a refresh token and remembers which", async () => {
    const { refresh_token = "" } = await client.signIn("ada");
    const { clientId: client_id, clientSecret: client_secret } = APPLICATION;
    const body = new URLSearchParams({ client_id, client_secret, token: refresh_token });
    const response = await fetch(`${tenant.url}/oauth/revoke`, { method: "POST", body });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
    expect(tenant.control.revokedRefreshTokens()).toEqual([refresh_token]);
    expect(tenant.control.count("revoke")).toBe(1);
    expect((await client.refresh(refresh_token)).status).toBe(403);
  });

  it("sends the client a logout token for the latest session", async () => {
    const attempt = await client.begin();
    const { body } = await tokensOf(await client.redeem(attempt, await signIn(attempt.url, "eve")));
    expect((await tenant.control.logout("eve")).status).toBe(200);
    const { payload, protectedHeader } = await jwtVerify(
      logoutTokens.at(-1) ?? "",
      keysOf(tenant.issuer),
    );
    const iat = payload.iat ?? 0;
    expect(protectedHeader).toMatchObject({ alg: "RS256", typ: "JWT" });
    expect(payload).toEqual({
      iss: tenant.issuer,
      aud: APPLICATION.clientId,
      sub: PEOPLE.eve.sub,
      sid: decodeJwt(body.id_token)["sid"],
      events: { "http://schemas.openid.net/event/backchannel-logout": {} },
      iat,
      exp: iat + 120,
      jti: expect.any(String),
    });
  });

  it("tells the client when the person signs out at the tenant", async () => {
    const jar: CookieJar = new Map();
    await client.signIn("rob", {}, jar);
    const page = await visit(
      new URL(`${tenant.url}/oidc/logout?client_id=${APPLICATION.clientId}`),
      jar,
    );
    const [, xsrf = ""] = /name="xsrf" value="(\w+)"/.exec(await page.text()) ?? [];
    const form = new URLSearchParams({ xsrf, logout: "yes" });
    const done = await visit(new URL(`${tenant.url}/oidc/logout/confirm`), jar, form);
    expect(done.status).toBe(303);
    const token = logoutTokens.at(-1) ?? "";
    expect(decodeProtectedHeader(token).typ).toBe("JWT");
    expect((await jwtVerify(token, keysOf(tenant.issuer))).payload.sub).toBe(PEOPLE.rob.sub);
  });

  it("makes a logout token wrong on demand", () => {
    const token = tenant.control.logoutToken("ada", {
      header: { alg: "none" },
      claims: { nonce: "n", sid: undefined },
      seal: "none",
    });
    expect(token.endsWith(".")).toBe(true);
    expect(decodeProtectedHeader(token).alg).toBe("none");
    expect(decodeJwt(token)).toMatchObject({ nonce: "n" });
    expect(decodeJwt(token)).not.toHaveProperty("sid");
  });
});
