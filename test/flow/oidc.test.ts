/**
 * Another provider than Auth0: OpenID Connect as it is written, and access tokens in the shapes of
 * Keycloak and Entra ID. What must hold of a sign-in holds there too.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { examine } from "../../dev/doctor/check.ts";
import { CHECKS } from "../../dev/doctor/checks.ts";
import { createSubject } from "../../dev/doctor/subject.ts";
import type { Difference, Shape } from "../../dev/tenant/forgery.ts";
import { type House, startHouse } from "../support/house.ts";
import { callMcp, json, meetStranger, type Stranger, type Tokens } from "../support/stranger.ts";

let house: House;
let client: Stranger;

const toolsOf = async (token: string): Promise<readonly string[]> => {
  const { answer } = await callMcp(`${house.issuer}/mcp`, token, { method: "tools/list" });
  return answer.result?.tools?.map(({ name }) => name) ?? [];
};

/** A house at a provider whose permissions are in this claim. */
function atProvider(claim?: string): void {
  beforeAll(async () => {
    const variables = claim === undefined ? {} : { OIDC_PERMISSIONS_CLAIM: claim };
    house = await startHouse({ hasPlainProvider: true, variables });
    client = await meetStranger(`${house.issuer}/mcp`);
  });
  afterAll(() => house.stop());
  beforeEach(() => house.tenant.control.clear());
}

describe("a provider without a dialect", () => {
  atProvider();

  it("signs people in, tells what they may do, and renews", async () => {
    const tokens = await client.signIn("ada");
    expect(await toolsOf(tokens.access_token)).toContain("get_user_info");
    await house.shiftClock(4000);
    const renewed = await json<Tokens>(await client.refresh(tokens.refresh_token), 200);
    expect(await toolsOf(renewed.access_token)).toContain("get_user_info");
    await house.shiftClock(0);
    const rob = await client.signIn("rob");
    expect(await toolsOf(rob.access_token)).not.toContain("explain_access");
  });

  it("a person without a permission signs in, and sees what asks for none", async () => {
    const { access_token } = await client.signIn("eve");
    expect(await toolsOf(access_token)).not.toContain("get_user_info");
    house.tenant.control.shape({ permissions: "absent" });
    expect(await toolsOf((await client.signIn("ada")).access_token)).not.toContain("get_user_info");
  });

  it.each<[string, Shape]>([
    ["of another issuer", { accessToken: "wrong-iss" }],
    ["for another API", { accessToken: "wrong-aud" }],
    ["of another person", { accessToken: "wrong-sub" }],
    ["of another application", { accessToken: "wrong-azp" }],
    ["without a signature", { accessToken: "alg-none" }],
    ["under a symmetric key", { accessToken: "hs256-with-public-key" }],
    ["that nobody can read", { accessToken: "opaque" }],
    ["of another sign-in", { idToken: "wrong-nonce" }],
  ])("refuses a token %s", async (_, shape) => {
    house.tenant.control.shape(shape);
    await expect(client.signIn("ada")).rejects.toThrow();
  });

  it("is looked at by the doctor with the same checks, Auth0's own left out", async () => {
    const subject = createSubject({
      variables: house.variables,
      file: "",
      url: new URL(house.issuer),
      isForDeployment: false,
      login: { person: "ada" },
      client: undefined,
      looksAtDirectories: false,
      environmentName: undefined,
      tools: undefined,
      permissions: ["tool:get_user_info"],
      managementToken: undefined,
    });
    const findings = await examine(CHECKS, subject);
    expect(findings.filter(({ status }) => status === "failure")).toEqual([]);
    expect(findings.filter(({ id }) => id === "permissions")).toMatchObject([{ status: "ok" }]);
  });
});

/** A signed token in the shape of another provider, for Ada with one role. */
function shaped(claims: Difference["claims"]): Shape {
  return {
    accessToken: { header: { typ: "JWT" }, claims: { permissions: undefined, ...claims } },
  };
}

describe("Keycloak's tokens", () => {
  atProvider("realm_access.roles");

  it("carry roles below realm_access, and name the application in azp", async () => {
    house.tenant.control.shape(
      shaped({
        typ: "Bearer",
        aud: ["https://api.example.test/", "account"],
        azp: "house",
        client_id: undefined,
        realm_access: { roles: ["offline_access", "tool:get_user_info"] },
        resource_access: { account: { roles: ["tool:explain_access"] } },
      }),
    );
    const { access_token } = await client.signIn("ada");
    const tools = await toolsOf(access_token);
    expect(tools).toContain("get_user_info");
    expect(tools).not.toContain("explain_access");
  });
});

describe("Entra ID's tokens", () => {
  atProvider("roles");

  const entra = (oid: string) => ({
    ...shaped({
      ver: "2.0",
      azp: "house",
      client_id: undefined,
      // Another for each application; the object id is the same in both tokens.
      sub: "another subject for the same person",
      oid,
      roles: ["tool:get_user_info"],
      scp: "access",
    }),
    idToken: { claims: { oid: "00000000-0000-0000-66f3-3332eca7ea81" } },
  });

  it("carry roles, and another subject for one person", async () => {
    house.tenant.control.shape(entra("00000000-0000-0000-66f3-3332eca7ea81"));
    const tokens = await client.signIn("ada");
    expect(await toolsOf(tokens.access_token)).toContain("get_user_info");
    await house.shiftClock(4000);
    const renewed = await json<Tokens>(await client.refresh(tokens.refresh_token), 200);
    expect(await toolsOf(renewed.access_token)).toContain("get_user_info");
    await house.shiftClock(0);
  });

  it("of two people are not taken for one person's", async () => {
    house.tenant.control.shape(entra("another person"));
    await expect(client.signIn("ada")).rejects.toThrow();
  });
});
