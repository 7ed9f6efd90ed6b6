import { expect, it } from "vitest";
import { isAstray } from "../../../src/edge/home.ts";

const ISSUER = "https://mcp.example.com";
const page = { method: "GET", headers: { Accept: "text/html" } };

it.each<[string, string, RequestInit, boolean]>([
  ["a page at its address", "https://mcp.example.com/authorize?a=b", page, false],
  ["a page at another name", "https://mcp.acme.workers.dev/authorize?a=b", page, true],
  ["the front door at another name", "https://mcp.acme.workers.dev/", page, true],
  ["a page at another port, as behind a local proxy", "https://mcp.example.com:8443/", page, false],
  ["a client", "https://mcp.acme.workers.dev/", { headers: { Accept: "*/*" } }, false],
  [
    "a proxy that was asked under the right name",
    "https://mcp.acme.workers.dev/",
    { headers: { Accept: "text/html", "X-Forwarded-Host": "mcp.example.com" } },
    false,
  ],
])("%s", (_what, url, init, astray) => {
  expect(isAstray(new Request(url, init), ISSUER)).toBe(astray);
});
