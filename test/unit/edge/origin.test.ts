import { expect, it } from "vitest";
import { atIssuer } from "../../../src/edge/origin.ts";

it.each([
  [
    "http://127.0.0.1:8787/mcp?a=1&b=%20",
    "http://localhost:8787",
    "http://localhost:8787/mcp?a=1&b=%20",
  ],
  ["http://localhost:8787/", "https://mcp.example.com", "https://mcp.example.com/"],
  [
    "https://a.trycloudflare.com:8443/authorize?state=%F0",
    "https://mcp.example.com",
    "https://mcp.example.com/authorize?state=%F0",
  ],
  [
    "https://forged.example//evil.example/mcp",
    "https://mcp.example.com",
    "https://mcp.example.com//evil.example/mcp",
  ],
  [
    "https://forged.example/@evil.example",
    "https://mcp.example.com",
    "https://mcp.example.com/@evil.example",
  ],
])("moves %s to %s", (url, issuer, moved) => {
  expect(atIssuer(new Request(url), issuer).url).toBe(moved);
});

it("keeps the method, the headers and the body", async () => {
  const request = new Request("http://127.0.0.1:8787/token", {
    method: "POST",
    body: "a=1",
    headers: { Cookie: "b=2" },
  });
  const moved = atIssuer(request, "http://localhost:8787");
  expect(moved.method).toBe("POST");
  expect(moved.headers.get("Cookie")).toBe("b=2");
  expect(await moved.text()).toBe("a=1");
});

it("hands on a request that is at the issuer already", () => {
  const request = new Request("https://mcp.example.com/mcp");
  expect(atIssuer(request, "https://mcp.example.com")).toBe(request);
});
