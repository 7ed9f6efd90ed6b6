/**
 * Auth0 set up wrongly, or saying what it must not: what the person reads, and what the client is
 * told.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { expectErrorPage } from "../support/error-page.ts";
import { type House, startHouse } from "../support/house.ts";
import { arrive, comeBack } from "../support/sessions.ts";
import { locationOf, meetStranger, refusalOf, type Stranger } from "../support/stranger.ts";
import { visit } from "../support/tenant.ts";

type Shape = Parameters<House["tenant"]["control"]["shape"]>[0];

let house: House;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse();
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterEach(() => house.tenant.control.clear());
afterAll(() => house.stop());

describe("a mistake in the settings of the API is shown to the person, with a way back to the client, and leaves no token at Auth0", () => {
  it.each<[string, Shape, string, RegExp[]]>([
    [
      "no permissions claim",
      { permissions: "absent" },
      "identity_permissions_missing",
      [/Turn on “Enable RBAC”/, /Turn on “Add Permissions in the Access Token”/],
    ],
    [
      "an opaque access token",
      { accessToken: "opaque" },
      "identity_token_opaque",
      [/AUTH0_AUDIENCE/, /trailing slash/],
    ],
    [
      "an encrypted access token",
      { accessToken: "jwe" },
      "identity_token_opaque",
      [/JSON Web Encryption/],
    ],
    ["HS256", { accessToken: "hs256" }, "identity_algorithm_refused", [/RS256/]],
  ])("%s", async (_case, shape, reason, advice) => {
    const { attempt, back, jar } = await comeBack(client);
    house.tenant.control.shape(shape);
    const html = await expectErrorPage(await visit(back, jar), reason, 503);
    expect(html).toContain("For whoever runs this server");
    for (const step of advice) expect(html).toMatch(step);
    const [, href = "", label] = /<a class="button main" href="([^"]+)">([^<]+)/.exec(html) ?? [];
    const way = new URL(href.replaceAll("&amp;", "&"));
    expect(label).toBe("Return to 127.0.0.1:9");
    expect(way.origin + way.pathname).toBe(client.redirectUri);
    const { error_description: description, ...answer } = Object.fromEntries(way.searchParams);
    expect(answer).toEqual({ error: "server_error", state: attempt.state, iss: house.issuer });
    expect(description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
    await expect.poll(() => house.log.at(-1)).toMatchObject({ reason });
    await expect.poll(() => house.tenant.control.revokedRefreshTokens()).toHaveLength(1);
    expect(description).toContain(`(request ${String(house.log.at(-1)?.["requestId"])})`);
  });

  it.each(["null", "string", "object", "nested"] as const)(
    "but a permissions claim that is %s is a login without permissions",
    async (permissions) => {
      house.tenant.control.shape({ permissions });
      expect((await client.signIn("ada")).scope).toBe("openid profile email");
    },
  );

  it("but a thousand permissions, most of them none of ours, are a login like any other", async () => {
    const others = Array.from(
      { length: 999 },
      (_, index) => `another:${"permission".repeat(6)}:${index}`,
    );
    house.tenant.control.setPermissions("rob", [...others, "tool:get_user_info"]);
    const tokens = await client.signIn("rob");
    expect(tokens.scope).toBe("openid profile email tool:get_user_info");
    expect(tokens.access_token.length).toBeLessThan(2048);
    expect((await client.refresh(tokens.refresh_token)).status).toBe(200);
  });

  it("but permissions that stand twice count once", async () => {
    house.tenant.control.shape({ permissions: "duplicated" });
    expect((await client.signIn("rob")).scope).toBe("openid profile email tool:get_user_info");
  });
});

describe("a token that does not pass goes back to the client as a fault of ours, without a code", () => {
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
    "oversized",
    "two-parts",
    "unknown-kid",
    "wrong-at-hash",
    "wrong-aud",
    "wrong-azp",
    "wrong-c-hash",
    "wrong-iss",
    "wrong-nonce",
    "wrong-sub",
  ] as const)("an ID token that is %s", async (idToken) => {
    await expectServerError({ idToken });
  });

  it.each([
    "alg-none",
    "bad-signature",
    "critical-header",
    "expired",
    "no-exp",
    "oversized",
    "unknown-kid",
    "wrong-aud",
    "wrong-azp",
    "wrong-iss",
    "wrong-sub",
  ] as const)("an access token that is %s", async (accessToken) => {
    await expectServerError({ accessToken });
  });

  async function expectServerError(shape: Shape): Promise<void> {
    const returning = await comeBack(client);
    house.tenant.control.shape(shape);
    expect(refusalOf(await arrive(returning))).toEqual({
      error: "server_error",
      error_description: "The sign-in service sent a token that does not pass our checks.",
      state: returning.attempt.state,
      iss: house.issuer,
    });
    await expect
      .poll(() => house.log.at(-1))
      .toMatchObject({ route: "/auth/callback", status: 302, reason: "identity_token_invalid" });
  }
});

describe("a refusal of Auth0's is told in our words", () => {
  it.each([
    [
      "invalid_grant",
      { status: 403, body: { error: "invalid_grant", error_description: "evil" } },
      "access_denied",
    ],
    [
      "a wrong client secret",
      { status: 401, body: { error: "access_denied", error_description: "Unauthorized" } },
      "server_error",
    ],
    [
      "anything else",
      { status: 400, body: { error: "unheard_of", error_description: "evil" } },
      "server_error",
    ],
  ])("%s at its token endpoint", async (_case, fault, error) => {
    const returning = await comeBack(client);
    house.tenant.control.fail("token", fault);
    const answer = refusalOf(await arrive(returning));
    expect(answer).toMatchObject({ error, state: returning.attempt.state, iss: house.issuer });
    expect(answer["error_description"]).not.toMatch(/evil|Unauthorized/);
  });

  it.each([
    ["access_denied", "access_denied"],
    ["unauthorized", "access_denied"],
    ["temporarily_unavailable", "temporarily_unavailable"],
    ["login_required", "access_denied"],
    ["unheard_of", "server_error"],
  ])("%s at the browser's return", async (sent, error) => {
    const { attempt, back, jar } = await comeBack(client);
    back.searchParams.delete("code");
    back.searchParams.set("error", sent);
    back.searchParams.set("error_description", "<b>evil</b>");
    const answer = refusalOf(locationOf(await visit(back, jar)));
    expect(answer).toMatchObject({ error, state: attempt.state, iss: house.issuer });
    expect(answer["error_description"]).not.toContain("evil");
  });

  it("a blocked person", async () => {
    house.tenant.control.block("ada");
    expect(refusalOf(await client.approve(client.begin(), "ada"))).toMatchObject({
      error: "access_denied",
    });
  });
});
