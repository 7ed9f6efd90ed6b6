import { createExecutionContext } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { clientFamilyOf, createExchange, warnConfig } from "../../../src/edge/log.ts";

const lines: string[] = [];

beforeEach(() => {
  lines.length = 0;
  vi.spyOn(console, "log").mockImplementation((line) => void lines.push(String(line)));
  vi.spyOn(console, "error").mockImplementation((line) => void lines.push(String(line)));
});
afterEach(() => void vi.restoreAllMocks());

/** Begins an exchange at 2026-11-23T14:38:00Z that has taken 12 ms when it is finished. */
function begin(path: string, init: RequestInit = {}) {
  const clock = [1_795_444_680_000, 1_795_444_680_012];
  return createExchange(new Request(`https://mcp.example.com${path}`, init), {
    execution: createExecutionContext(),
    limits: undefined,
    now: () => clock.shift() ?? 0,
  });
}

describe("the line of a request", () => {
  it("has what an operator looks for, as one line of JSON", () => {
    const exchange = begin("/mcp", {
      method: "POST",
      headers: { "cf-ray": "9f2c1a7b3e4d5f60-CDG", "User-Agent": "claude-code/2.1" },
    });
    exchange.note({ user: "u", tool: "get_user_info" });
    exchange.note({ reason: "grant_ended" });
    exchange.finish(new Response(null, { status: 401 }), "/mcp");
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain("\n");
    expect(JSON.parse(lines[0] ?? "")).toEqual({
      at: "2026-11-23T14:38:00.000Z",
      requestId: "9f2c1a7b3e4d5f60-CDG",
      method: "POST",
      route: "/mcp",
      status: 401,
      durationMs: 12,
      clientFamily: "claude",
      user: "u",
      tool: "get_user_info",
      reason: "grant_ended",
      event: "refused",
    });
  });

  it("names the version, is counted where that is bound, and kept where somebody keeps it", async () => {
    const points: unknown[] = [];
    const metrics = { writeDataPoint: (point: unknown) => void points.push(point) };
    const kept: unknown[] = [];
    const audit = { send: async (line: unknown) => void kept.push(line) };
    const trail = { version: "9f2c1a7b", metrics, audit };
    const exchange = begin("/mcp", { method: "POST" });
    exchange.note({ tool: "get_time", user: "u" });
    exchange.finish(new Response(), "/mcp", trail);
    begin("/").finish(new Response(), "/", trail);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      version: "9f2c1a7b",
      event: "tool_called",
    });
    expect(kept).toEqual([JSON.parse(lines[0] ?? "")]);
    expect(points).toMatchObject([
      {
        indexes: ["tool_called"],
        blobs: ["tool_called", "/mcp", "other", "", "get_time", "9f2c1a7b"],
        doubles: [200, 12, 0],
      },
      { indexes: ["served"] },
    ]);
  });

  it("of what goes well is there in the share that is wanted, says which, and is counted whole", () => {
    const points: unknown[] = [];
    const metrics = { writeDataPoint: (point: unknown) => void points.push(point) };
    const finish = (logShare: number, status = 200) =>
      begin("/mcp").finish(new Response(null, { status }), "/mcp", { logShare, metrics });
    const random = vi.spyOn(Math, "random").mockReturnValue(0.5);
    finish(0.5);
    expect(lines).toEqual([]);
    finish(0.6);
    finish(1);
    random.mockReturnValue(0);
    finish(0);
    finish(0, 503);
    const printed = lines.map((line): unknown => JSON.parse(line));
    expect(printed).toMatchObject([
      { status: 200, share: 0.6 },
      { status: 200 },
      { status: 503, event: "unavailable" },
    ]);
    expect(printed[1]).not.toHaveProperty("share");
    expect(points).toHaveLength(5);
  });

  it("is there though nobody could keep it", async () => {
    const failing = { send: () => Promise.reject(new Error("the queue is full")) };
    const exchange = begin("/token", { method: "POST" });
    exchange.note({ reason: "grant_revoked" });
    exchange.finish(new Response(), "/token", { audit: failing });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ event: "revoked" });
  });

  it("has no field whose name a collector would scrub", () => {
    begin("/authorize").finish(new Response(), "/authorize");
    for (const name of Object.keys(JSON.parse(lines[0] ?? "")))
      expect(name).not.toMatch(/auth|token|secret/i);
  });

  it("never repeats a query, an unknown path, a header or a cookie", () => {
    const headers = {
      Authorization: "Bearer canary",
      Cookie: "canary=canary",
      "User-Agent": "canary",
      Referer: "https://canary/",
      "cf-ray": "canary canary",
    };
    for (const path of ["/auth/callback?code=canary&state=canary", "/canary", "/mcp/canary"])
      begin(path, { headers }).finish(new Response(), "other");
    expect(lines).toHaveLength(3);
    expect(lines.join()).not.toContain("canary");
  });
});

describe("the line of an event stream", () => {
  const stream = (body: ReadableStream) =>
    new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  const chunk = new TextEncoder().encode("data: {}\n\n");
  const outcome = () => lines.map((line) => JSON.parse(line).outcome);
  const printed = () => vi.waitFor(() => expect(lines).toHaveLength(1));

  it("is written when the answer has ended, with the true duration and what happened in between", async () => {
    const { readable, writable } = new TransformStream();
    const exchange = begin("/mcp");
    const response = exchange.finish(stream(readable), "/mcp");
    const writer = writable.getWriter();
    const text = response.text();
    await writer.write(chunk);
    expect(lines).toEqual([]);
    exchange.note({ outcome: "crashed" });
    await writer.close();
    expect(await text).toBe("data: {}\n\n");
    await printed();
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ durationMs: 12, outcome: "crashed" });
  });

  it("says when the client has gone", async () => {
    const source = new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
    const reader = begin("/mcp").finish(stream(source), "/mcp").body?.getReader();
    await reader?.read();
    expect(lines).toEqual([]);
    await reader?.cancel();
    await printed();
    expect(outcome()).toEqual(["client_gone"]);
  });

  it("says when the stream broke", async () => {
    const source = new ReadableStream({
      pull: (controller) => controller.error(new Error("canary")),
    });
    const response = begin("/mcp").finish(stream(source), "/mcp");
    await expect(response.text()).rejects.toThrow();
    await printed();
    expect(outcome()).toEqual(["broken"]);
    expect(lines.join()).not.toContain("canary");
  });
});

describe("the request's id", () => {
  it.each(["9f2c1a7b3e4d5f60-CDG", "12345678", "a".repeat(64)])(
    "is Cloudflare's when it looks like one: %s",
    (ray) => {
      expect(begin("/", { headers: { "cf-ray": ray } }).requestId).toBe(ray);
    },
  );

  it.each(["", "short", "a".repeat(65), "<script>alert(1)"])("is ours otherwise: %j", (ray) => {
    const ids = [1, 2].map(() => begin("/", { headers: { "cf-ray": ray } }).requestId);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-\d+$/);
    expect(new Set(ids).size).toBe(2);
  });
});

it.each([
  ["Claude-User", "claude"],
  ["claude-code/2.1.0 (cli)", "claude"],
  ["codex_cli_rs/0.146.0", "codex"],
  ["openai-mcp/1.0.0", "chatgpt"],
  ["Mozilla/5.0 (Macintosh) Cursor/2.0 Chrome/130 Electron/33", "cursor"],
  ["Visual Studio Code/1.115.0", "vscode"],
  ["mcp-inspector/0.20", "inspector"],
  ["GeminiCLI/0.9 (linux; x64)", "gemini"],
  ["node", "mcp-sdk"],
  ["python-httpx/0.28", "mcp-sdk"],
  ["Mozilla/5.0 (X11; Linux x86_64) Chrome/140", "browser"],
  ["curl/8.5", "other"],
  ["", "other"],
  [null, "other"],
])("knows the client behind %j as %s", (userAgent, family) => {
  expect(clientFamilyOf(userAgent)).toBe(family);
});

describe("warnConfig", () => {
  it("prints all problems once, and again when they change", () => {
    const problems = [{ variable: "AUTH0_DOMAIN", problem: "is missing" }];
    warnConfig(problems);
    warnConfig([...problems]);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { reason: "configuration_invalid", problems },
    ]);
    warnConfig([]);
    expect(lines).toHaveLength(2);
  });
});
