import { describe, expect, it } from "vitest";
import { judgeOrigin } from "../../../src/mcp/origin.ts";
import { configOf, RESOURCE } from "./endpoint.ts";

const remote = configOf();
const local = configOf({ RESOURCE_BASE_URL: "http://localhost:8787" });

describe("a public server", () => {
  it.each([
    [undefined, undefined],
    ["https://mcp.example.com", undefined],
    ["http://localhost:6274", undefined],
    ["http://127.0.0.1", undefined],
    ["https://[::1]:9000", undefined],
    ["http://inspector.localhost:6274", undefined],
    ["http://mcp.example.com", "origin_refused"],
    ["https://mcp.example.com:8443", "origin_refused"],
    ["https://mcp.example.com.evil.example", "origin_refused"],
    ["https://evil.example", "origin_refused"],
    ["https://localhost.evil.example", "origin_refused"],
    ["http://127.0.0.1.nip.io", "origin_refused"],
    ["chrome-extension://localhost", "origin_refused"],
    ["null", "origin_refused"],
    ["", "origin_refused"],
    ["localhost", "origin_refused"],
  ])("called by a page of %s answers %s", (origin, verdict) => {
    const headers = origin === undefined ? {} : { Origin: origin };
    expect(judgeOrigin(new Request(RESOURCE, { headers }), remote)).toBe(verdict);
  });

  it("may be reached under any host: behind a tunnel its own is another", () => {
    expect(judgeOrigin(new Request("https://a.tunnel.example/mcp"), remote)).toBeUndefined();
  });
});

describe("a server on this machine", () => {
  it.each([
    ["localhost:8787", undefined],
    ["127.0.0.1:8787", undefined],
    ["[::1]:8787", undefined],
    ["rebound.evil.example:8787", "host_refused"],
    ["169.254.169.254", "host_refused"],
    ["localhost@evil.example", "host_refused"],
    ["", "host_refused"],
  ])("called as %s answers %s", (host, verdict) => {
    const request = new Request("http://localhost:8787/mcp", { headers: { Host: host } });
    expect(judgeOrigin(request, local)).toBe(verdict);
  });

  it("goes by the URL when there is no Host", () => {
    expect(judgeOrigin(new Request("http://rebound.evil.example/mcp"), local)).toBe("host_refused");
  });
});
