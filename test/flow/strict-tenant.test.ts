/**
 * A tenant that asks for more: authorization requests that are pushed (RFC 9126), and a key in place
 * of the application's secret (private_key_jwt, RFC 7523 §2.2).
 */
import { exportJWK, exportPKCS8, generateKeyPair } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type House, startHouse } from "../support/house.ts";
import { countRenewals, statusOfCall } from "../support/sessions.ts";
import { json, locationOf, meetStranger, openConsent, type Stranger } from "../support/stranger.ts";
import { refusalOf, type Tokens } from "../support/stranger.ts";

let house: House;
let client: Stranger;

/** Key and variables of an application that has one. */
async function createKey() {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  const pem = await exportPKCS8(privateKey);
  return { clientKey: await exportJWK(publicKey), pem };
}

function atTenant(variables: Readonly<Record<string, string>>, hasKey = false): void {
  beforeAll(async () => {
    const key = hasKey ? await createKey() : undefined;
    house = await startHouse({
      ...(key && { clientKey: key.clientKey }),
      variables: {
        ...variables,
        ...(key && { AUTH0_CLIENT_KEY: key.pem.replaceAll("\n", "\\n"), AUTH0_CLIENT_SECRET: "" }),
      },
    });
    client = await meetStranger(`${house.issuer}/mcp`);
  });
  afterAll(() => house.stop());
  beforeEach(() => house.tenant.control.clear());
}

/** Auth0's token ends so soon that every refresh renews it: no clock is moved, since we sign by ours. */
async function live(): Promise<void> {
  house.tenant.control.shape({ accessTokenTtlSeconds: 200 });
  const tokens = await client.signIn("ada");
  expect(await statusOfCall(house, tokens.access_token)).toBe(200);
  const { renewals, value } = await countRenewals(house, () =>
    client.refresh(tokens.refresh_token),
  );
  expect(renewals).toBe(1);
  const renewed = await json<Tokens>(value, 200);
  expect(await statusOfCall(house, renewed.access_token)).toBe(200);
  await client.revoke(renewed.refresh_token);
  await expect.poll(() => house.tenant.control.revokedRefreshTokens().length).toBeGreaterThan(0);
}

describe("AUTH0_PAR", () => {
  atTenant({ AUTH0_PAR: "true" });

  it("sends the browser with a reference, and nothing of the request in its address", async () => {
    const decided = await (
      await openConsent(client.begin({ login_hint: "ada@acme.test" }))
    ).decide("allow");
    const { searchParams, pathname } = locationOf(decided);
    expect(pathname).toBe("/authorize");
    expect([...searchParams.keys()].toSorted()).toEqual(["client_id", "request_uri"]);
    expect(searchParams.get("request_uri")).toMatch(/^urn:ietf:params:oauth:request_uri:/);
  });

  it("signs people in where the application requires it, renews and revokes", async () => {
    house.tenant.control.configure({
      application: { require_pushed_authorization_requests: true },
    });
    await live();
  });

  it("says that Auth0 does not answer when it does not", async () => {
    house.tenant.control.fail("par", { status: 503 });
    const consent = await openConsent(client.begin());
    expect(refusalOf(locationOf(await consent.decide("allow")))["error"]).toBe(
      "temporarily_unavailable",
    );
  });
});

describe("AUTH0_CLIENT_KEY", () => {
  atTenant({ AUTH0_PAR: "true" }, true);

  it("proves the application wherever it asks: pushed requests, codes, renewals, revocation", live);
});

describe("a key that is not the application's", () => {
  atTenant({}, true);

  it("is an operator's fault, named in the log", async () => {
    const { pem } = await createKey();
    const other = await house.startAnother({ AUTH0_CLIENT_KEY: pem });
    house.tenant.control.shape({ accessTokenTtlSeconds: 200 });
    const tokens = await client.signIn("ada");
    const form = { grant_type: "refresh_token", refresh_token: tokens.refresh_token };
    const body = new URLSearchParams({ ...form, client_id: client.clientId });
    const refused = await fetch(`${other.url}/token`, { method: "POST", body });
    expect([refused.status, (await refused.json()).error]).toEqual([
      503,
      "temporarily_unavailable",
    ]);
    expect(other.log.findLast(({ route }) => route === "/token")).toMatchObject({
      reason: "identity_client_rejected",
    });
  });
});
