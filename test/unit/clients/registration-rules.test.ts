import { describe, expect, it } from "vitest";
import { isRedirectAllowed, judgeRegistration } from "../../../src/clients/registration-rules.ts";

const HONEST = { client_name: "Client", redirect_uris: ["https://client.example/callback"] };

describe("a registration", () => {
  it.each<[string, Record<string, unknown>]>([
    ["as clients send them", HONEST],
    ["with fields we do not know", { ...HONEST, software_id: "x", nested: { a: 1 } }],
    [
      "with links",
      { ...HONEST, client_uri: "https://client.example", logo_uri: "https://client.example/l.png" },
    ],
    ["without a name", { redirect_uris: HONEST.redirect_uris }],
  ])("%s is accepted", (_case, metadata) => {
    expect(judgeRegistration(metadata)).toBeUndefined();
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["a name of a megabyte", { ...HONEST, client_name: "x".repeat(1_000_000) }, "client_name"],
    ["a name that is no text", { ...HONEST, client_name: {} }, "client_name"],
    [
      "a hundred redirect URIs",
      { redirect_uris: Array(100).fill("https://a.example/") },
      "redirect_uris",
    ],
    [
      "an endless redirect URI",
      { redirect_uris: [`https://a.example/${"x".repeat(2000)}`] },
      "redirect_uris",
    ],
    ["no redirect URIs", { client_name: "Client" }, "redirect_uris"],
    ["a logo that is a script", { ...HONEST, logo_uri: "javascript:alert(1)" }, "logo_uri"],
    ["a logo inside the text", { ...HONEST, logo_uri: "data:image/png;base64,AAAA" }, "logo_uri"],
    ["a home page that is a file", { ...HONEST, client_uri: "file:///etc/passwd" }, "client_uri"],
    ["a policy that is no address", { ...HONEST, policy_uri: "policy" }, "policy_uri"],
  ])("with %s is refused", (_case, metadata, field) => {
    const refusal = judgeRegistration(metadata);
    expect(refusal).toEqual({
      code: "invalid_client_metadata",
      description: `${field} is not acceptable`,
    });
  });
});

describe("a code may be sent to", () => {
  it.each([
    ["https://client.example/callback", true],
    ["http://127.0.0.1:1234/callback", true],
    ["http://localhost/callback", true],
    ["cursor://anysphere.cursor-mcp/oauth/callback", true],
    ["cursor://anysphere.cursor-retrieval/oauth/user-acme/callback", true],
    ["vscode://saoudrizwan.claude-dev/mcp-auth/callback/a1b2c3", true],
    ["cursor://another.extension/oauth/callback", false],
    ["cursor://anysphere.cursor-mcp/oauth/callback?next=x", false],
    ["cursor://anysphere.cursor-mcp.evil/oauth/callback", false],
    ["vscode://another.extension/mcp-auth/callback/a1b2c3", false],
    ["com.example.app:/callback", false],
    ["javascript:alert(1)", false],
    ["data:text/html,x", false],
    ["file:///tmp/x", false],
    ["", false],
    ["/callback", false],
  ])("%s: %s", (redirectUri, allowed) => {
    expect(isRedirectAllowed(redirectUri)).toBe(allowed);
  });
});
