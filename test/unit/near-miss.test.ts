import { describe, expect, it } from "vitest";
import { isConfig, loadConfig, VARIABLES } from "../../src/config.ts";
import { findMeantName } from "../../src/near-miss.ts";

const HERE = new URL("http://localhost:8787/");
const RIGHT = {
  AUTH0_DOMAIN: "tenant.acme.test",
  AUTH0_CLIENT_ID: "id",
  AUTH0_CLIENT_SECRET: "secret",
  AUTH0_AUDIENCE: "https://api.acme.test/",
  JWT_SIGNING_KEY: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
  STORAGE_ENCRYPTION_KEY: "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=",
  UPSTASH_REDIS_REST_URL: "https://store.acme.test",
  UPSTASH_REDIS_REST_TOKEN: "token",
};

describe("a name that is almost one of ours", () => {
  it.each([
    ["AUTH0_ORGANISATION", "AUTH0_ORGANIZATION"],
    ["AUTH0_ORG", "AUTH0_ORGANIZATION"],
    ["AUTH0_ORG_ID", "AUTH0_ORGANIZATION"],
    ["AUTH0_ORGANIZATION_NAME", "AUTH0_ORGANIZATION"],
    ["auth0_domain", "AUTH0_DOMAIN"],
    ["AUTH0-CONNECTION", "AUTH0_CONNECTION"],
    ["AUTH0_ISSUER_BASE_URL", "AUTH0_DOMAIN"],
    ["AUTH_ENABLE", "AUTH_ENABLED"],
    ["JWT_SIGNING_KEYS", "JWT_SIGNING_KEY"],
    ["STORAGE_ENCRYPTON_KEY", "STORAGE_ENCRYPTION_KEY"],
    ["UPSTASH_REDIS_REST_URI", "UPSTASH_REDIS_REST_URL"],
    ["REVOCATION_CHECK_SECOND", "REVOCATION_CHECK_SECONDS"],
  ])("%s means %s", (name, meant) => {
    expect(findMeantName(name, VARIABLES)).toBe(meant);
  });

  it.each([
    "AUTH0_MANAGEMENT_TOKEN",
    "UPSTASH_VECTOR_REST_URL",
    "UPSTASH_DISABLE_TELEMETRY",
    "INVOICES_API_KEY",
    "DATABASE_URL",
    ...VARIABLES,
  ])("%s is left alone", (name) => {
    expect(findMeantName(name, VARIABLES)).toBeUndefined();
  });
});

describe("how a variable is written", () => {
  it("has nothing against these", () => {
    expect(isConfig(loadConfig(RIGHT, HERE))).toBe(true);
  });

  it.each(
    Object.entries(RIGHT).flatMap(([name, value]) => [
      [name, `"${value}"`],
      [name, ` '${value}' `],
    ]),
  )("%s wholly in quotes is one problem, told without its value", (name, value) => {
    expect(loadConfig({ ...RIGHT, [name]: value }, HERE)).toEqual([
      { variable: name, problem: "is wholly in quotes: leave them out" },
    ]);
  });

  it("a misspelt name is a problem, sign-in or none; a binding of that name is not", () => {
    const problem = {
      variable: "AUTH0_ORGANISATION",
      problem: "is not read: is AUTH0_ORGANIZATION meant?",
    };
    const misspelt = { AUTH0_ORGANISATION: "org_1" };
    expect(loadConfig({ ...RIGHT, ...misspelt }, HERE)).toEqual([problem]);
    expect(loadConfig({ AUTH_ENABLED: "false", ...misspelt }, HERE)).toContainEqual(problem);
    const binding = { AUTH0_ORGANISATION: { fetch() {} } };
    expect(isConfig(loadConfig({ ...RIGHT, ...(binding as object) }, HERE))).toBe(true);
  });
});
