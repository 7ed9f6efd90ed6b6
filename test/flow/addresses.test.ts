/**
 * Addresses as people type them and as clients make them: which ones work, and what the others are
 * told.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type House, startHouse } from "../support/house.ts";
import { callMcp, json, meetStranger } from "../support/stranger.ts";

let house: House;

beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.stop());

const BROWSER = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };
const CLIENT = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
};
const BODY = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });

describe("a slash too many", () => {
  it.each(["/mcp/", "//mcp", "/mcp//"])("at %s is no other address", async (path) => {
    const client = await meetStranger(`${house.issuer}${path}`);
    const { access_token } = await client.signIn("rob");
    const { response, answer } = await callMcp(`${house.issuer}${path}`, access_token, {
      method: "tools/list",
    });
    expect(response.status).toBe(200);
    expect(answer.result?.tools?.length).toBeGreaterThan(0);
    expect(house.log.at(-1)).toMatchObject({ route: "/mcp", status: 200 });
  });

  it.each([
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-authorization-server/mcp",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
  ])("does not change the document at %s", async (path) => {
    const [one, other] = await Promise.all(
      [path, `${path}/`].map(async (address) =>
        json<unknown>(await fetch(`${house.issuer}${address}`), 200),
      ),
    );
    expect(other).toEqual(one);
  });

  it("does not make another host of a path", async () => {
    const response = await fetch(`${house.issuer}//evil.example/mcp`, { headers: BROWSER });
    expect(response.status).toBe(404);
    expect(response.headers.get("location")).toBeNull();
  });
});

describe("a program that comes to a wrong address is told in JSON where to go", () => {
  it.each([
    ["POST", "/"],
    ["POST", "/api/mcp"],
    ["POST", "/mcp/v1"],
    ["POST", "/messages"],
    ["GET", "/"],
    ["GET", "/mcp/sse"],
    ["DELETE", "/"],
  ])("%s %s", async (method, path) => {
    const response = await fetch(`${house.issuer}${path}`, {
      method,
      headers: method === "POST" ? CLIENT : { accept: CLIENT.accept },
      ...(method === "POST" && { body: BODY }),
    });
    expect(await json(response, 404)).toEqual({
      error: "not_found",
      error_description: `There is nothing at this address. MCP is at ${house.issuer}/mcp.`,
    });
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(house.log.at(-1)).toMatchObject({ reason: "not_found", status: 404 });
  });

  it.each([
    "/health",
    "/ready",
    "/llms.txt",
    "/favicon.svg",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource/mcp",
  ])("what is only read is not written to: %s", async (path) => {
    const response = await fetch(`${house.issuer}${path}`, { method: "PUT", body: "{}" });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toMatch(/^GET/);
    expect(house.log.at(-1)).toMatchObject({ reason: "method_not_allowed", status: 405 });
  });

  it("a browser gets a page, and curl the front door", async () => {
    const lost = await fetch(`${house.issuer}/api/mcp`, { headers: BROWSER });
    expect([lost.status, lost.headers.get("content-type")]).toEqual([
      404,
      "text/html; charset=utf-8",
    ]);
    for (const headers of [BROWSER, { accept: "*/*" }]) {
      const front = await fetch(house.issuer, { headers });
      expect([front.status, front.headers.get("content-type")]).toEqual([
        200,
        "text/html; charset=utf-8",
      ]);
    }
  });
});

describe("opened in a browser", () => {
  it.each([
    ["/mcp", 200],
    ["/mcp/", 200],
    ["/sse", 410],
  ])("%s says what this is and how to add it", async (path, status) => {
    const response = await fetch(`${house.issuer}${path}`, { headers: BROWSER });
    const html = await response.text();
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("vary")).toContain("Accept");
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(html).toContain(`claude mcp add --transport http`);
    expect(html).toContain(`${house.issuer}/mcp`);
  });

  it("is nothing else to a client", async () => {
    const stream = await fetch(`${house.issuer}/mcp`, { headers: { accept: "text/event-stream" } });
    expect(stream.status).toBe(401);
    expect(stream.headers.get("www-authenticate")).toContain("resource_metadata=");
    const old = await fetch(`${house.issuer}/sse`, { headers: { accept: "text/event-stream" } });
    expect(await json(old, 410)).toMatchObject({
      error_description: expect.stringContaining(`MCP is at ${house.issuer}/mcp.`),
    });
    const posted = await fetch(`${house.issuer}/mcp`, {
      method: "POST",
      headers: BROWSER,
      body: BODY,
    });
    expect(posted.status).toBe(401);
  });
});

describe("a website that calls a deployed server", () => {
  it.each(["https://chatgpt.com", "https://claude.ai", "null"])(
    "is let in from %s, and the preflight says so",
    async (origin) => {
      const deployed = await house.startAnother({ RESOURCE_BASE_URL: "https://mcp.example" });
      const preflight = await fetch(`${deployed.url}/mcp`, {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST" },
      });
      expect(preflight.status).toBe(204);
      const call = await fetch(`${deployed.url}/mcp`, {
        method: "POST",
        headers: { ...CLIENT, origin },
        body: BODY,
      });
      expect(call.status).toBe(401);
      for (const { headers } of [preflight, call])
        expect(headers.get("access-control-allow-origin")).toBe(origin);
      await deployed.stop();
    },
  );

  it("is kept out of one on this machine, and the log names the variable", async () => {
    for (const method of ["OPTIONS", "POST"]) {
      const response = await fetch(`${house.issuer}/mcp`, {
        method,
        headers: { origin: "https://chatgpt.com" },
      });
      expect(response.status).toBe(403);
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
      expect(house.log.at(-1)).toMatchObject({
        reason: "origin_refused",
        variable: "ALLOWED_ORIGINS",
      });
    }
  });
});
