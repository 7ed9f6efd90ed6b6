import { createExecutionContext } from "cloudflare:test";
import { expect, it, vi } from "vitest";
import { createPassage, refuseWith } from "../../../src/edge/passage.ts";
import { tellStray } from "../../../src/metering.ts";
import { createLook } from "../../../src/pages/look.ts";
import { site } from "../../support/served.ts";

const door = {
  isLoopback: false,
  issuer: "https://mcp.example.test",
  look: await createLook(site),
};

async function ask(path: string, headers: HeadersInit = {}): Promise<Response> {
  const passage = createPassage(door);
  const { routes: app } = passage;
  app.get("/here", () => new Response("here"));
  app.get("/broken", () => {
    throw new TypeError("a secret of the store");
  });
  app.get("/stray", () => {
    tellStray({ reason: new TypeError("canary of the store") });
    return new Response("here");
  });
  app.all("/gone", refuseWith("sse_gone", { Allow: "GET" }));
  const execution = createExecutionContext();
  return passage.fetch(new Request(`${door.issuer}${path}`, { headers }), { execution });
}

it.each([
  ["/here", 200, "here"],
  ["/nowhere", 404, '{"error":"not_found"'],
  [
    "/broken",
    500,
    '{"error":"server_error","error_description":"Something went wrong on our side."}',
  ],
  ["/gone", 410, '{"error":"not_found"'],
])("answers %s with its headers and its id, whatever became of it", async (path, status, body) => {
  const response = await ask(path);
  expect(response.status).toBe(status);
  expect(response.headers.get("X-Request-Id")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-\d+$/);
  expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
  expect(response.headers.get("Strict-Transport-Security")).toContain("max-age");
  expect(await response.text()).toContain(body);
});

it("keeps the headers of a route that refuses", async () => {
  expect((await ask("/gone")).headers.get("Allow")).toBe("GET");
});

it.each([
  ["/gone", "https://client.example"],
  ["/connections", null],
])("lets a client's page read a refusal at %s: %s", async (path, allowed) => {
  const response = await ask(path, { Origin: "https://client.example" });
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe(allowed);
});

it("repeats an address in its log as it was registered, and no other", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  for (const path of ["/here?q=canary", "/here/canary", "/gone", "/canary@example.com"])
    await ask(path);
  const lines = log.mock.calls.map(([line]) => String(line));
  log.mockRestore();
  expect(lines.map((line) => JSON.parse(line).route)).toEqual(["/here", "other", "/gone", "other"]);
  expect(lines.join()).not.toContain("canary");
});

it("says what failed while nobody awaited it, under the request's id, without its words", async () => {
  const errors = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const response = await ask("/stray");
  const lines = errors.mock.calls.map(([line]) => String(line));
  errors.mockRestore();
  expect(response.status).toBe(200);
  expect(lines.join()).not.toContain("canary");
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      level: "error",
      requestId: response.headers.get("X-Request-Id"),
      message: "something failed that was not awaited",
      reason: "internal_error",
      fault: "TypeError",
      place: expect.stringMatching(/test\.ts:\d+:\d+$/),
    },
  ]);
});

it("has nobody to tell of what fails outside of a request", () => {
  const errors = vi.spyOn(console, "error").mockImplementation(() => undefined);
  tellStray({ reason: new TypeError("canary") });
  expect(errors).not.toHaveBeenCalled();
  errors.mockRestore();
});
