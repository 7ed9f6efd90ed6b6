/** Organizations by their addresses, and how they are written in a variable. */
import { describe, expect, it } from "vitest";
import { isConfig, loadConfig } from "../../src/config.ts";
import {
  organizationAt,
  organizationIn,
  organizationsOf,
  resourcesOf,
} from "../../src/organizations.ts";

const KEYS = [1, 2].map((byte) =>
  btoa(String.fromCharCode(...Array.from({ length: 32 }, () => byte))),
);

const load = (organizations: string) =>
  loadConfig({
    RESOURCE_BASE_URL: "https://mcp.example.com",
    AUTH0_DOMAIN: "acme.eu.auth0.com",
    AUTH0_CLIENT_ID: "id",
    AUTH0_CLIENT_SECRET: "secret",
    AUTH0_AUDIENCE: "https://api.example.com",
    AUTH0_ORGANIZATIONS: organizations,
    JWT_SIGNING_KEY: String(KEYS[0]),
    STORAGE_ENCRYPTION_KEY: String(KEYS[1]),
    UPSTASH_REDIS_REST_URL: "https://x.upstash.io",
    UPSTASH_REDIS_REST_TOKEN: "token",
  });

describe("AUTH0_ORGANIZATIONS", () => {
  it("names each by its name at Auth0, or by a name and its id there", () => {
    const config = load("acme, globex=org_9ybsU1dN2dKfDkBi");
    if (!isConfig(config)) throw new Error("it is no configuration");
    expect(organizationsOf(config)).toEqual([
      {
        name: "acme",
        organization: "acme",
        path: "/mcp/o/acme",
        resource: "https://mcp.example.com/mcp/o/acme",
      },
      {
        name: "globex",
        organization: "org_9ybsU1dN2dKfDkBi",
        path: "/mcp/o/globex",
        resource: "https://mcp.example.com/mcp/o/globex",
      },
    ]);
    expect(resourcesOf(config)[0]).toBe("https://mcp.example.com/mcp");
    expect(organizationAt("https://mcp.example.com/mcp", config)).toBeUndefined();
    expect(organizationAt("https://mcp.example.com/mcp/o/acme", config)?.name).toBe("acme");
  });

  it.each(["acme/x", "acme=", "acme=org_1,acme=org_2", "ac me=org 1=", "<b>"])(
    "refuses %j by its name",
    (text) => {
      expect(load(text)).toMatchObject([{ variable: "AUTH0_ORGANIZATIONS" }]);
    },
  );
});

it.each([
  ["https://mcp.example.com/mcp/o/acme", "acme"],
  ["https://mcp.example.com/mcp", undefined],
  ["https://mcp.example.com/mcp/o/acme/x", undefined],
])("%s is of %s", (resource, name) => {
  expect(organizationIn(resource)).toBe(name);
});
