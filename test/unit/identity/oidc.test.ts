import { describe, expect, it } from "vitest";
import { isConfig, loadConfig } from "../../../src/config.ts";
import {
  createOidcDialect,
  isForClient,
  readClaim,
  subjectOf,
} from "../../../src/identity/oidc.ts";

const HERE = new URL("http://localhost:8787/");
const VARIABLES = {
  AUTH_PROVIDER: "oidc",
  OIDC_ISSUER: "https://id.acme.test/realms/acme",
  OIDC_CLIENT_ID: "mcp",
  OIDC_CLIENT_SECRET: "secret",
  OIDC_AUDIENCE: "https://api.acme.test",
  JWT_SIGNING_KEY: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
  STORAGE_ENCRYPTION_KEY: "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=",
  UPSTASH_REDIS_REST_URL: "https://store.acme.test",
  UPSTASH_REDIS_REST_TOKEN: "token",
};

describe("AUTH_PROVIDER=oidc", () => {
  it("takes the issuer to the letter, path and all, and asks for nothing of Auth0's", () => {
    const config = loadConfig(VARIABLES, HERE);
    expect(isConfig(config) && config.auth?.identity).toEqual({
      issuer: "https://id.acme.test/realms/acme",
      clientId: "mcp",
      clientSecret: "secret",
      audience: "https://api.acme.test",
      redirectUri: "http://localhost:8787/auth/callback",
      oidc: { permissionsClaim: "permissions", scope: "openid profile email offline_access" },
    });
  });

  it.each([
    ["OIDC_ISSUER", "http://id.acme.test", "must be an https URL"],
    ["OIDC_ISSUER", "https://id.acme.test/?a=b", "must be an https URL"],
    ["OIDC_ISSUER", "", "is missing"],
    ["OIDC_AUDIENCE", "", "is missing"],
    ["AUTH_PROVIDER", "saml", "must be auth0 or oidc"],
  ])("%s=%s: %s", (name, value, problem) => {
    expect(loadConfig({ ...VARIABLES, [name]: value }, HERE)).toEqual(
      expect.arrayContaining([{ variable: name, problem: expect.stringContaining(problem) }]),
    );
  });
});

describe("the claim with the permissions", () => {
  const dialect = (permissionsClaim: string) =>
    createOidcDialect({ permissionsClaim, scope: "openid" });
  it.each<[string, Record<string, unknown>, readonly string[]]>([
    ["permissions", { permissions: ["a", "b", "a"] }, ["a", "b"]],
    ["realm_access.roles", { realm_access: { roles: ["a"] } }, ["a"]],
    ["resource_access.mcp.roles", { resource_access: { mcp: { roles: ["a"] } } }, ["a"]],
    ["https://acme.test/roles", { "https://acme.test/roles": ["a"] }, ["a"]],
    ["scp", { scp: "a b" }, ["a", "b"]],
    ["roles", {}, []],
    ["roles", { roles: [1] }, []],
    ["roles", { roles: { a: true } }, []],
    ["a.b", { a: "text" }, []],
    ["constructor.name", {}, []],
  ])("%s of %j", (name, claims, permissions) => {
    expect(dialect(name).readPermissions(claims)).toEqual(permissions);
  });

  it("is read by its whole name before its path", () => {
    expect(readClaim({ "a.b": 1, a: { b: 2 } }, "a.b")).toBe(1);
  });
});

describe("whose token it is", () => {
  it.each<[Record<string, unknown>, boolean]>([
    [{ azp: "mcp" }, true],
    [{ client_id: "mcp" }, true],
    [{ cid: "mcp" }, true],
    [{ appid: "mcp" }, true],
    [{}, true],
    [{ azp: "other", client_id: "mcp" }, false],
    [{ cid: "other" }, false],
  ])("%j", (claims, isOurs) => {
    expect(isForClient(claims, "mcp")).toBe(isOurs);
  });

  it("is told by Entra's object id where there is one, which no subject can imitate", () => {
    expect(subjectOf({ sub: "a", oid: "b" })).toBe("oid:b");
    expect(subjectOf({ sub: "a" })).toBe("a");
  });
});

describe("its endpoints", () => {
  const { isTrustedEndpoint } = createOidcDialect({ permissionsClaim: "p", scope: "openid" });
  it.each([
    ["https://oauth2.acme.test/token", true],
    ["http://oauth2.acme.test/token", false],
    ["http://id.acme.test/token", false],
  ])("%s", (endpoint, isTrusted) => {
    expect(isTrustedEndpoint(new URL(endpoint), new URL("https://id.acme.test"))).toBe(isTrusted);
  });
});
