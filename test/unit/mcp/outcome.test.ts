/** How every kind of request ends, as the log tells it: a table, in both protocol eras. */
import { describe, expect, it, onTestFinished, vi } from "vitest";
import * as z from "zod";
import { Refusal } from "../../../src/errors.ts";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import type { ToolContext } from "../../../src/mcp/tool-context.ts";
import {
  answer,
  definePrompt,
  defineResource,
  defineTool,
  ToolError,
} from "../../../src/mcp/tool.ts";
import { call, configOf, endpointOf, type Era, servicesOf, tokenOf } from "./endpoint.ts";

const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
const runs: Record<string, (context: ToolContext) => unknown> = {
  fine: () => "fine",
  chosen: () => {
    throw new ToolError("No such city.");
  },
  said: () => answer({ content: "No such city.", isError: true }),
  crash: () => {
    throw new TypeError("canary of ada@example.com");
  },
  late: async ({ progress }) => {
    for (const done of [1, 1, Number.NaN, 0, Infinity]) await progress(done);
    throw new RangeError("canary");
  },
  away: () => {
    throw new Refusal("identity_unavailable");
  },
  nothing: () => undefined,
  slow: ({ signal, log }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        log.info("stopped");
        reject(signal.reason);
      });
    }),
  object: () => {
    throwObject({ canary: "canary" });
  },
};
const facts = (name: string, permissions: string[] = []) => ({
  name,
  title: name,
  description: name,
  permissions,
});
const catalogue = createCatalogue({
  tools: [
    ...Object.entries(runs).map(([name, run]) =>
      defineTool({
        ...facts(name),
        annotations,
        ...(name === "slow" ? { timeout: "1s" } : {}),
        input: z.object({ n: z.int().optional() }),
        run: (_input, context) => run(context) as string,
      }),
    ),
    defineTool({
      ...facts("odd"),
      annotations: { ...annotations, readOnlyHint: false, destructiveHint: true },
      input: z.object({ n: z.int().default(1).transform(throwCanary) }),
      confirm: () => "Go on?",
      run: () => "",
    }),
    defineTool({
      ...facts("unlike"),
      annotations,
      input: z.object({}),
      output: z.object({ days: z.array(z.object({ high: z.number() })) }),
      run: () => JSON.parse('{"days":[{"high":"canary"}]}'),
    }),
    defineTool({
      ...facts("guarded", ["tool:a"]),
      annotations,
      input: z.object({}),
      run: () => "",
    }),
  ],
  prompts: [
    definePrompt({ ...facts("p"), input: z.object({ city: z.string() }), run: () => "hi" }),
    definePrompt({ ...facts("p_crash"), input: z.object({}), run: throwCanary }),
    definePrompt({ ...facts("p_chosen"), input: z.object({}), run: sayNo }),
  ],
  resources: [
    defineResource({ ...facts("r"), uri: "test://r", mimeType: "text/plain", run: () => "r" }),
    defineResource({
      ...facts("r_crash"),
      uri: "test://crash",
      mimeType: "text/plain",
      run: throwCanary,
    }),
  ],
});

function throwCanary(): never {
  throw new SyntaxError("canary of a schema");
}

/** As code that no linter saw does. */
function throwObject(thrown: object): never {
  const error: unknown = thrown;
  // oxlint-disable-next-line typescript/only-throw-error
  throw error;
}

function sayNo(): never {
  throw new ToolError("No such city.");
}

const tool = (name: string, more: object = {}) => ["tools/call", { name, ...more }] as const;

const LATE = { name: "late", _meta: { progressToken: 1 } };

const CASES = [
  ["a list", ["tools/list", {}], { outcome: "done" }],
  ["a call", tool("fine"), { outcome: "done", tool: "fine" }],
  ["an error that the tool chose", tool("chosen"), { outcome: "tool_error" }],
  ["an error that the tool answered", tool("said"), { outcome: "tool_error" }],
  ["a crash", tool("crash"), { outcome: "crashed", reason: "tool_failed" }],
  ["a result that is none", tool("nothing"), { outcome: "crashed", reason: "tool_failed" }],
  ["a tool whose time is over", tool("slow"), { outcome: "timed_out", tool: "slow" }],
  ["what is no error, thrown", tool("object"), { outcome: "crashed", failure: "object" }],
  [
    "a result that is not the output",
    tool("unlike"),
    { outcome: "crashed", failure: expect.stringMatching(/^OutputError/) },
  ],
  [
    "a prompt that crashes",
    ["prompts/get", { name: "p_crash" }],
    { outcome: "crashed", rpcCode: -32_603 },
  ],
  [
    "a prompt that says no",
    ["prompts/get", { name: "p_chosen" }],
    { outcome: "tool_error", rpcCode: -32_600 },
  ],
  [
    "a resource that crashes",
    ["resources/read", { uri: "test://crash" }],
    { outcome: "crashed", rpcCode: -32_603 },
  ],
  [
    "a crash after the stream has opened",
    ["tools/call", LATE],
    { outcome: "crashed", reason: "tool_failed", failure: expect.stringMatching(/^RangeError/) },
  ],
  [
    "a neighbour that is down",
    tool("away"),
    { outcome: "unavailable", reason: "identity_unavailable" },
  ],
  ["bad arguments", tool("fine", { arguments: { n: "x" } }), { outcome: "arguments_invalid" }],
  [
    "a schema whose code throws",
    tool("odd"),
    { outcome: "crashed", reason: "tool_failed", failure: expect.stringMatching(/^SyntaxError/) },
  ],
  ["an unknown tool", tool("nope"), { outcome: "unknown", rpcCode: -32_602 }],
  [
    "a permission that is missing",
    tool("guarded"),
    { outcome: "denied", reason: "permission_missing" },
  ],
  [
    "a prompt",
    ["prompts/get", { name: "p", arguments: { city: "x" } }],
    { outcome: "done", prompt: "p" },
  ],
  [
    "bad arguments of a prompt",
    ["prompts/get", { name: "p" }],
    { outcome: "arguments_invalid", rpcCode: -32_602 },
  ],
  ["an unknown prompt", ["prompts/get", { name: "x" }], { outcome: "unknown", rpcCode: -32_602 }],
  ["a resource", ["resources/read", { uri: "test://r" }], { outcome: "done", resource: "r" }],
  ["an unknown resource", ["resources/read", { uri: "test://x" }], { outcome: "unknown" }],
  [
    "a cursor that is none",
    ["tools/list", { cursor: "x" }],
    { outcome: "refused", rpcCode: -32_602 },
  ],
  [
    "an unknown method",
    ["canary/canary", {}],
    { rpc: "other", outcome: "refused", rpcCode: -32_601 },
  ],
] as const;

/** Thrown by the frame itself, of what a tool returned. */
const UNLIKE = (): never => throwCanary();

/** What the terminal of `npm run dev` is told. */
const SHOWN: readonly (readonly [string, () => never, object])[] = [
  [
    "message and stack, without what is secret,",
    () => {
      throw new TypeError("no city for a-secret-of-the-tool");
    },
    {
      outcome: "crashed",
      error: "TypeError: no city for [hidden]",
      stack: expect.stringMatching(/^\s+at .+\n\s+at .*run/i),
    },
  ],
  [
    "the cause beneath, without what is secret,",
    () => {
      throw new Error("no city", { cause: new RangeError("a-secret-of-the-tool is none") });
    },
    {
      error: "Error: no city",
      stack: expect.stringMatching(
        / {4}at [^]*\ncaused by RangeError: \[hidden\] is none\n {4}at /,
      ),
    },
  ],
  [
    "each of several errors",
    () => {
      throw new AggregateError([new Error("one"), "two"], "no city");
    },
    {
      error: "AggregateError: no city",
      stack: expect.stringMatching(/caused by Error: one\n[^]*\ncaused by two$/),
    },
  ],
  [
    "the members of what is no error",
    () => {
      return throwObject({ code: 5, toString: 1 });
    },
    { error: "an object that is no Error, with code, toString" },
  ],
  [
    "where a result is not the output",
    UNLIKE,
    {
      error:
        "OutputError: What unlike returned is not its output: days: 0: high: Invalid input: expected number, received string",
    },
  ],
  [
    "what a tool says no with",
    sayNo,
    { outcome: "tool_error", error: "ToolError: No such city.", stack: expect.any(String) },
  ],
];

describe.each<Era>(["2025-11-25", "2026-07-28"])("in %s", (era) => {
  it.each(CASES)("%s", async (_what, [method, params], line) => {
    const { noted, text } = await endpointOf({ catalogue })(
      call(era, method, params, await tokenOf()),
    );
    expect(text).not.toContain("canary");
    expect(text.match(/"progress":(\S+?)[,}]/g) ?? []).toEqual(
      params === LATE ? ['"progress":1}'] : [],
    );
    const rpc = method === "canary/canary" ? "other" : method;
    expect(noted).toMatchObject({ rpc, revision: era, ...line });
    expect(JSON.stringify(noted)).not.toContain("canary");
  });

  it("a permission that this application was not granted", async () => {
    const token = await tokenOf(["tool:a"], []);
    const { noted } = await endpointOf({ catalogue })(call(era, ...tool("guarded"), token));
    expect(noted).toMatchObject({ outcome: "step_up", reason: "scope_insufficient" });
  });

  it.each(SHOWN)("shows %s on the machine of its developer", async (_what, thrown, shown) => {
    const config = configOf({ RESOURCE_BASE_URL: "http://localhost:8787", AUTH_ENABLED: "false" });
    const here = endpointOf({
      config,
      services: servicesOf({ CRM_KEY: "a-secret-of-the-tool" }),
      catalogue: createCatalogue({
        tools: [
          defineTool({
            ...facts("crash"),
            annotations,
            input: z.object({}),
            run: (): string => thrown(),
          }),
          defineTool({
            ...facts("unlike"),
            annotations,
            input: z.object({}),
            output: z.object({ days: z.array(z.object({ high: z.number() })) }),
            run: () => JSON.parse('{"days":[{"high":"x"}]}'),
          }),
        ],
      }),
    });
    const request = call(era, ...tool(thrown === UNLIKE ? "unlike" : "crash"));
    const { noted, text } = await here(new Request(config.resource, request));
    expect(noted).toMatchObject(shown);
    if (noted["outcome"] === "crashed") expect(text).not.toContain("no city");
  });
});

it("in 2026-07-28: a request that does not keep the protocol", async () => {
  const request = call("2026-07-28", ...tool("fine"), await tokenOf());
  request.headers.set("Mcp-Name", "other");
  const { status, noted } = await endpointOf({ catalogue })(request);
  expect(status).toBe(400);
  expect(noted).toMatchObject({ rpc: "tools/call", outcome: "refused", rpcCode: -32_020 });
});

it("says what threw after the answer, under the request's id", async () => {
  const lines: string[] = [];
  const spy = vi.spyOn(console, "error").mockImplementation((line) => void lines.push(line));
  onTestFinished(() => spy.mockRestore());
  const later = createCatalogue({
    tools: [
      defineTool({
        ...facts("later"),
        annotations,
        input: z.object({}),
        run(_input, { waitUntil }) {
          waitUntil(Promise.reject(new RangeError("canary")));
          return "done";
        },
      }),
    ],
  });
  const { noted } = await endpointOf({ catalogue: later })(
    call("2026-07-28", ...tool("later"), await tokenOf()),
  );
  expect(noted).toMatchObject({ outcome: "done" });
  await expect.poll(() => lines.length).toBe(1);
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    level: "error",
    requestId: expect.any(String),
    tool: "later",
    message: "work after the answer failed",
    failure: expect.stringMatching(/^RangeError at /),
  });
});
