import { describe, expect, it } from "vitest";
import { judgeOrigin } from "../../../src/mcp/origin.ts";

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

const from = (origin: string | null, config: typeof LOCAL & { allowedOrigins?: string[] }) => {
  const headers = new Headers(origin === null ? {} : { origin });
  return judgeOrigin(new Request(config.resource, { headers }), config)?.reason;
};

describe("a server with TLS, where a bearer token is all that counts", () => {
  it.each([
    null,
    "https://mcp.example",
    "https://chatgpt.com",
    "https://claude.ai",
    "http://localhost:6274",
    "chrome-extension://abcdefghijklmnop",
    "null",
  ])("is called from %s", (origin) => {
    expect(from(origin, DEPLOYED)).toBeUndefined();
  });

  it.each([
    [null, true],
    ["https://mcp.example", true],
    ["https://chatgpt.com", true],
    ["HTTPS://ChatGPT.com", true],
    ["https://claude.ai", false],
    ["https://chatgpt.com.evil.example", false],
    ["http://chatgpt.com", false],
    ["http://localhost:6274", false],
    ["null", false],
  ])("with a list is called from %s: %s", (origin, isWelcome) => {
    const listed = { ...DEPLOYED, allowedOrigins: ["https://chatgpt.com"] };
    expect(from(origin, listed)).toBe(isWelcome ? undefined : "origin_refused");
  });

  it("is called by any name", () => {
    const headers = { host: "127.0.0.1" };
    expect(judgeOrigin(new Request(DEPLOYED.resource, { headers }), DEPLOYED)).toBeUndefined();
  });
});

describe("a server on this machine, which DNS rebinding could reach", () => {
  it.each([
    [null, true],
    ["http://localhost:8787", true],
    ["http://localhost:6274", true],
    ["http://127.0.0.1:6274", true],
    ["http://[::1]:6274", true],
    ["http://app.localhost:3000", true],
    ["https://chatgpt.com", false],
    ["https://localhost.evil.example", false],
    ["http://127.0.0.1.evil.example", false],
    ["http://192.168.0.1", false],
    ["ftp://localhost", false],
    ["null", false],
    ["", false],
  ])("is called from %s: %s", (origin, isWelcome) => {
    expect(from(origin, LOCAL)).toBe(isWelcome ? undefined : "origin_refused");
  });

  it("is called by whom the operator allows by name, too", () => {
    const listed = { ...LOCAL, allowedOrigins: ["https://chatgpt.com"] };
    expect(from("https://chatgpt.com", listed)).toBeUndefined();
    expect(from("https://claude.ai", listed)).toBe("origin_refused");
  });

  it.each([
    ["localhost:8787", true],
    ["127.0.0.1:8787", true],
    ["[::1]:8787", true],
    ["rebound.evil.example:8787", false],
    ["169.254.169.254", false],
    ["localhost@evil.example", false],
    ["", false],
  ])("called as %s answers: %s", (host, isWelcome) => {
    const request = new Request(LOCAL.resource, { headers: { host } });
    const refused = { reason: "host_refused", variable: "RESOURCE_BASE_URL" };
    expect(judgeOrigin(request, LOCAL)).toEqual(isWelcome ? undefined : refused);
  });

  it("goes by the URL when there is no Host", () => {
    const request = new Request("http://rebound.evil.example/mcp");
    expect(judgeOrigin(request, LOCAL)?.reason).toBe("host_refused");
  });

  it("names the variable that would let an origin in", () => {
    const headers = { origin: "https://chatgpt.com", host: "localhost:8787" };
    expect(judgeOrigin(new Request(LOCAL.resource, { headers }), LOCAL)).toEqual({
      reason: "origin_refused",
      variable: "ALLOWED_ORIGINS",
    });
  });
});
