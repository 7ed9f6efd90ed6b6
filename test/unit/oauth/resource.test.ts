import { describe, expect, it } from "vitest";
import { resourceNamed, withOurResource } from "../../../src/oauth/resource.ts";

const DEPLOYED = {
  issuer: "https://mcp.example",
  resource: "https://mcp.example/mcp",
  isLoopback: false,
};
const LOCAL = {
  issuer: "http://localhost:8787",
  resource: "http://localhost:8787/mcp",
  isLoopback: true,
};

describe("a resource", () => {
  it.each([
    "https://mcp.example/mcp",
    "https://mcp.example/mcp/",
    "https://mcp.example//mcp",
    "https://mcp.example",
    "https://mcp.example/",
    "https://mcp.example:443/mcp",
    "HTTPS://MCP.Example/mcp",
    "http://mcp.example/mcp",
    "mcp.example",
    "mcp.example/mcp",
    "https://mcp.example/mcp?session=1",
    "https://mcp.example/sse",
  ])("means us by %s", (text) => {
    expect(resourceNamed(text, DEPLOYED)).toBe(DEPLOYED.resource);
  });

  it.each([
    "https://other.example/mcp",
    "https://mcp.example.evil.example/mcp",
    "https://mcp.example@evil.example/mcp",
    "https://mcp.example:8443/mcp",
    "https://mcp.example/other",
    "https://mcp.example/mcp/more",
    "https://mcp.example/mcp#fragment",
    "https://mcp.example\\@evil.example/mcp",
    "ftp://mcp.example/mcp",
    "mcp",
    "/mcp",
    "urn:mcp",
    "http://localhost:8787/mcp",
  ])("means another by %s", (text) => {
    expect(resourceNamed(text, DEPLOYED)).toBeUndefined();
  });

  it("means us on loopback by every name of this machine, at our port", () => {
    for (const text of ["http://127.0.0.1:8787/mcp", "http://[::1]:8787", "localhost:8787/mcp"])
      expect(resourceNamed(text, LOCAL), text).toBe(LOCAL.resource);
    for (const text of ["http://127.0.0.1:8788/mcp", "http://192.168.0.1:8787/mcp"])
      expect(resourceNamed(text, LOCAL), text).toBeUndefined();
  });
});

it.each<[string, string[], string[]]>([
  ["none", [], []],
  ["an empty one", [""], []],
  ["ours twice", ["https://mcp.example/", "https://mcp.example/mcp/"], [DEPLOYED.resource]],
  [
    "ours and another",
    ["https://mcp.example/", "https://b.example"],
    ["https://mcp.example/", "https://b.example"],
  ],
])("of %s is made what we mean", (_case, asked, meant) => {
  const sent = new URLSearchParams([["scope", "a b"], ...asked.map((text) => ["resource", text])]);
  const straight = withOurResource(sent, DEPLOYED);
  expect(straight.getAll("resource")).toEqual(meant);
  expect(straight.get("scope")).toBe("a b");
});
