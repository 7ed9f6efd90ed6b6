import { describe, expect, it } from "vitest";
import { describeMismatch, judgeRedirectUri } from "../../../src/clients/redirect-uri.ts";

const ALLOWED = ["com.acme.app:/oauth", "acme://callback/*"];

describe("a code", () => {
  it.each([
    "https://client.example/callback",
    "https://chatgpt.com/connector/oauth/IbUR3zxyNQ16",
    "http://127.0.0.1:1234/callback",
    "http://127.0.0.2/",
    "http://localhost/callback",
    "http://[::1]:9/callback",
    "http://localhost:3000",
    "http://localhost:80/a//b?c=d/e",
    "http://127.0.0.1?from=here",
    "https://client.example:443/callback",
    "claude://claude.ai/mcp-auth-callback/sdk",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "cursor://anysphere.cursor-retrieval/oauth/user-acme/callback",
    "vscode://saoudrizwan.claude-dev/mcp-auth/callback/a1b2c3",
    "raycast://oauth?package_name=Extension",
    "warp://mcp/oauth2callback",
    "com.acme.app:/oauth",
    "acme://callback/a1b2c3",
  ])("may be sent to %s", (uri) => {
    expect(judgeRedirectUri(uri, ALLOWED)).toEqual({ verdict: "usable" });
  });

  it.each([
    "claude://claude.ai/mcp-auth-callback/sdk/more",
    "claude://evil.example/mcp-auth-callback/sdk",
    "cursor://another.extension/oauth/callback",
    "cursor://anysphere.cursor-mcp/oauth/callback?next=x",
    "cursor://anysphere.cursor-mcp.evil/oauth/callback",
    "vscode://another.extension/mcp-auth/callback/a1b2c3",
    "com.example.app:/callback",
    "com.acme.app:/oauth/more",
    "acme://callback/",
    "acme://callback/a/b",
    "acme://callback/..%2f",
  ])("is not sent to %s unless the operator allows it", (uri) => {
    const { verdict, variable } = judgeRedirectUri(uri, ALLOWED);
    expect([verdict, variable]).toEqual(["elsewhere", "ALLOWED_REDIRECT_URIS"]);
  });

  it.each([
    "http://client.example/callback",
    "http://localhost.evil.example/",
    "http://128.0.0.1/",
  ])("is not sent without TLS to %s", (uri) => {
    expect(judgeRedirectUri(uri, ALLOWED)).toMatchObject({ verdict: "elsewhere" });
    expect(judgeRedirectUri(uri, [uri])).toMatchObject({ verdict: "elsewhere" });
  });

  it.each([
    ["", "is missing"],
    ["/callback", "is not an absolute URI"],
    ["https://client.example/\r\nLocation:x", "is not an absolute URI"],
    [" javascript:alert(1)", "is not an absolute URI"],
    ["JavaScript:alert(1)", "is in a scheme that is never allowed"],
    ["data:text/html,x", "is in a scheme that is never allowed"],
    ["file:///tmp/x", "is in a scheme that is never allowed"],
    ["https://client.example/#", "must not have a fragment"],
    ["https://claude.ai@evil.example/", "must not have a user"],
    ["https://client.example\\@evil.example/", "is not an absolute URI"],
    ["https://client.example/<script>", "is not an absolute URI"],
    ["https:client.example/", "is not spelled as a browser would write it"],
    ["https:///client.example/", "is not spelled as a browser would write it"],
    ["HTTP://localhost/callback", "is not spelled as a browser would write it"],
    ["http://LOCALHOST/callback", "is not spelled as a browser would write it"],
    ["http://2130706433/callback", "is not spelled as a browser would write it"],
    ["http://127.1:8080/callback", "is not spelled as a browser would write it"],
    ["http://[0::1]/callback", "is not spelled as a browser would write it"],
    ["http://localhost/x/../callback", "is not spelled as a browser would write it"],
    ["http://localhost/%2e%2e/callback", "is not spelled as a browser would write it"],
    ["http://localhost/callback?", "is not spelled as a browser would write it"],
    ["http:localhost/callback", "is not spelled as a browser would write it"],
  ])("is never sent to %j", (uri, problem) => {
    expect(judgeRedirectUri(uri, [uri])).toEqual({ verdict: "forbidden", problem });
  });
});

it.each([
  ["http://127.0.0.1:9/other", "path"],
  ["http://localhost:8/callback", "host"],
  ["https://127.0.0.1:8/callback", "scheme"],
  ["http://127.0.0.1:8/callback?x=1", "query"],
  ["https://client.example:8443/callback", "port"],
  ["HTTPS://client.example/callback", "spelling"],
])("of %s it is said that its %s differs", (asked, part) => {
  const registered = ["http://127.0.0.1:7/callback", "https://client.example/callback"];
  expect(describeMismatch(asked, registered)).toBe(
    `is not one that the application registered: its ${part} differs`,
  );
});
