/**
 * The direct way answers what the SDK would answer: the same requests go both ways, and status,
 * headers, body, log and what has run are compared. Every request twice, since lists are learned.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import * as z from "zod";
import { Refusal } from "../../../src/errors.ts";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import { answer, defineTool, image, ToolError } from "../../../src/mcp/tool.ts";
import { readPlain } from "../../../src/mcp/direct.ts";
import { type Answer, type Era, endpointOf, RESOURCE, tokenOf } from "./endpoint.ts";

const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
const plain = { title: "A tool", description: "Does it.", permissions: [], annotations };
const empty = z.object({});

/** Tools of every kind; `ran` counts their runs. */
async function catalogueOf(ran: { count: number }) {
  const counted =
    <Input, Result>(run: (input: Input) => Result) =>
    (input: Input) => {
      ran.count += 1;
      return run(input);
    };
  return createCatalogue({
    tools: [
      defineTool({
        ...plain,
        name: "add",
        input: z.object({ a: z.number(), b: z.int().default(1), note: z.string().optional() }),
        output: z.object({ sum: z.number(), note: z.string().optional() }),
        run: counted(({ a, b, note }) => ({ sum: a + b, ...(note === undefined ? {} : { note }) })),
      }),
      defineTool({
        ...plain,
        name: "greet",
        input: z.object({ name: z.string().trim().min(1) }),
        run: counted(({ name }) => `Hello, ${name}.`),
      }),
      defineTool({
        ...plain,
        name: "keep",
        input: z.looseObject({}),
        run: counted((input) => JSON.stringify(input)),
      }),
      defineTool({ ...plain, name: "nothing", input: empty, run: counted(() => []) }),
      defineTool({
        ...plain,
        name: "draw",
        input: empty,
        run: counted(() => [image("aGk=", "image/png")]),
      }),
      defineTool({
        ...plain,
        name: "annotated",
        input: empty,
        run: counted(() => [
          { type: "text" as const, text: "hi", annotations: { priority: 1 } },
          { type: "text" as const, text: "there" },
        ]),
      }),
      defineTool({
        ...plain,
        name: "fail",
        input: empty,
        output: z.object({ done: z.boolean() }),
        run: counted(() => answer({ structured: { done: false }, content: "no", isError: true })),
      }),
      defineTool({
        ...plain,
        name: "meta",
        input: empty,
        run: counted(() => answer({ content: "yes", meta: { "example.com/a": 1 } })),
      }),
      defineTool({
        ...plain,
        name: "say_no",
        input: empty,
        run: counted((): string => {
          throw new ToolError("No.");
        }),
      }),
      defineTool({
        ...plain,
        name: "break",
        input: empty,
        run: counted((): string => {
          throw new TypeError("canary");
        }),
      }),
      defineTool({
        ...plain,
        name: "store",
        input: empty,
        run: counted((): string => {
          throw new Refusal("store_unavailable");
        }),
      }),
      defineTool({
        ...plain,
        name: "wrong",
        input: empty,
        output: z.object({ sum: z.number() }),
        run: counted(() => ({ sum: Number("x") })),
      }),
      defineTool({
        ...plain,
        name: "confirm",
        annotations: { ...annotations, destructiveHint: true, readOnlyHint: false },
        input: empty,
        confirm: () => "Really?",
        run: counted(() => "Done."),
      }),
      defineTool({
        ...plain,
        name: "ask_model",
        input: empty,
        run: async (_input, { ask }) =>
          JSON.stringify(await ask.model({ messages: [], maxTokens: 1 })),
      }),
      defineTool({
        ...plain,
        name: "mirrored",
        input: z.object({ city: z.string().meta({ "x-mcp-header": "City" }) }),
        run: counted(({ city }) => city),
      }),
      defineTool({
        ...plain,
        name: "context",
        input: empty,
        run: async (_input, { client, requestId, auth, access, progress, signal }) => {
          await progress(1, 2, "half");
          return JSON.stringify({
            client,
            requestId,
            auth,
            access: access(),
            aborted: signal.aborted,
          });
        },
      }),
      defineTool({
        ...plain,
        name: "guarded",
        permissions: ["a:read", "b:read"],
        input: empty,
        run: counted(() => "secret"),
      }),
    ],
  });
}

const ranDirectly = { count: 0 };
const ranBySdk = { count: 0 };
const directly = endpointOf({ catalogue: await catalogueOf(ranDirectly) });
const bySdk = endpointOf({ catalogue: await catalogueOf(ranBySdk), isDirect: false });

const TOKENS = {
  anybody: await tokenOf(),
  allowed: await tokenOf(["a:read", "b:read"]),
  steppingUp: await tokenOf(["a:read", "b:read"], ["a:read"]),
  lacking: await tokenOf(["a:read"]),
};

const ERAS: readonly Era[] = ["2026-07-28", "2025-11-25"];
const KEY = "io.modelcontextprotocol";

interface Kind {
  readonly message?: Record<string, unknown>;
  readonly params?: Record<string, unknown> | undefined;
  readonly meta?: Record<string, unknown>;
  readonly headers?: Record<string, string>;
  readonly without?: readonly string[];
  readonly who?: keyof typeof TOKENS;
  readonly raw?: string;
}

function requestOf(era: Era, { message, params = {}, meta = {}, ...kind }: Kind): Request {
  const isModern = era === "2026-07-28";
  const envelope = {
    [`${KEY}/protocolVersion`]: era,
    [`${KEY}/clientInfo`]: { name: "test", version: "1" },
    [`${KEY}/clientCapabilities`]: {},
    ...meta,
  };
  const _meta = isModern
    ? { _meta: envelope }
    : Object.keys(meta).length > 0
      ? { _meta: meta }
      : {};
  const whole: Record<string, unknown> = {
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { ...params, ..._meta },
    ...message,
  };
  const mirrored = isModern
    ? {
        "Mcp-Method": String(whole["method"]),
        ...(typeof params["name"] === "string" ? { "Mcp-Name": params["name"] } : {}),
      }
    : {};
  const headers = new Headers({
    "Content-Type": "application/json",
    Accept: "application/json, text/event-stream",
    Authorization: `Bearer ${TOKENS[kind.who ?? "anybody"]}`,
    "MCP-Protocol-Version": era,
    ...mirrored,
    ...kind.headers,
  });
  for (const name of kind.without ?? []) headers.delete(name);
  return new Request(RESOURCE, {
    method: "POST",
    headers,
    body: kind.raw ?? JSON.stringify(whole),
  });
}

const call = (name: string, input: unknown = {}): Kind => ({ params: { name, arguments: input } });
const list: Kind = { message: { method: "tools/list" } };
const add = call("add", { a: 2, b: 3 });

/** What is compared; a seal is never the same twice. */
function comparable({ status, headers, text, noted }: Answer) {
  return {
    status,
    headers: [...headers],
    text: text.replaceAll(/v1\.[\w.-]{20,}/g, "SEAL"),
    noted,
  };
}

async function expectSame(era: Era, kind: Kind): Promise<void> {
  for (const _time of ["first", "second"]) {
    ranDirectly.count = ranBySdk.count = 0;
    const [direct, sdk] = [await directly(requestOf(era, kind)), await bySdk(requestOf(era, kind))];
    expect(comparable(direct)).toEqual(comparable(sdk));
    expect(ranDirectly.count).toBe(ranBySdk.count);
  }
}

const KINDS: Record<string, Kind> = {
  "a call with structured content": add,
  "a call with a default": call("add", { a: 2.5 }),
  "a call with an optional member": call("add", {
    a: 1e21,
    b: -0,
    note: 'π “ü” \u2028 \\ " </script>',
  }),
  "a call with a text": call("greet", { name: "  Ada  " }),
  "a call with members nobody knows": call("keep", { x: [1, { y: null }], z: "" }),
  "a call of a closed schema with members nobody knows": call("greet", { name: "A", extra: 1 }),
  "a call without arguments": { params: { name: "nothing" } },
  "a call with null for arguments": { params: { name: "nothing", arguments: null } },
  "a call with a list for arguments": { params: { name: "nothing", arguments: [] } },
  "a call with a text for arguments": { params: { name: "nothing", arguments: "x" } },
  "a call with the wrong arguments": call("add", { a: "two" }),
  "a call with a missing argument": call("add"),
  "a result of no content": call("nothing"),
  "a result with an image": call("draw"),
  "a result with annotations": call("annotated"),
  "a result that is an error": call("fail"),
  "a result with metadata": call("meta"),
  "an error for the client": call("say_no"),
  "an error for nobody": call("break"),
  "an error of the store": call("store"),
  "a result that its schema refuses": call("wrong"),
  "a tool that asks for approval": call("confirm"),
  "a tool that asks a client that can": {
    ...call("confirm"),
    meta: { [`${KEY}/clientCapabilities`]: { elicitation: {} } },
  },
  "a tool that asks a model that is not there": call("ask_model"),
  "a tool that asks a model": {
    ...call("ask_model"),
    meta: { [`${KEY}/clientCapabilities`]: { sampling: {}, elicitation: { form: {} } } },
  },
  "a tool that looks around": call("context"),
  "a tool with mirrored arguments, mirrored": {
    ...call("mirrored", { city: "Rome" }),
    headers: { "Mcp-Param-City": "Rome" },
  },
  "a tool with mirrored arguments, otherwise": {
    ...call("mirrored", { city: "Rome" }),
    headers: { "Mcp-Param-City": "Oslo" },
  },
  "a tool with mirrored arguments, not mirrored": call("mirrored", { city: "Rome" }),
  "a header for an argument that has none": { ...add, headers: { "Mcp-Param-A": "9" } },
  "a tool nobody has": call("absent"),
  "a tool named like a member of every object": call("__proto__"),
  "a tool with an empty name": call(""),
  "a tool whose name is a number": { params: { name: 7, arguments: {} } },
  "no tool at all": { params: { arguments: {} } },
  "a guarded tool for somebody allowed": { ...call("guarded"), who: "allowed" },
  "a guarded tool that needs another step": { ...call("guarded"), who: "steppingUp" },
  "a guarded tool for somebody who lacks a permission": { ...call("guarded"), who: "lacking" },
  "a list": list,
  "a list for somebody allowed": { ...list, who: "allowed" },
  "a list for somebody one step away": { ...list, who: "steppingUp" },
  "a list for somebody who lacks a permission": { ...list, who: "lacking" },
  "a list with a text for an id": { message: { method: "tools/list", id: 'π "1"' } },
  "a list with an id of zero": { message: { method: "tools/list", id: 0 } },
  "a list with an empty cursor": { ...list, params: { cursor: "" } },
  "a list with a cursor of somebody else": { ...list, params: { cursor: "x" } },
  "a list with members nobody knows": { ...list, params: { limit: 3 } },
  "a list without params": { message: { method: "tools/list", params: undefined } },
  "a list with null for params": { message: { method: "tools/list", params: null } },
  "a list with a list for params": { message: { method: "tools/list", params: [] } },
  "an id that is a text": { ...add, message: { id: "a" } },
  "an id that is an empty text": { ...add, message: { id: "" } },
  "an id that is negative": { ...add, message: { id: -1 } },
  "an id that is a fraction": { ...add, message: { id: 1.5 } },
  "an id that is too large": { ...add, message: { id: 2 ** 60 } },
  "an id that is null": { ...add, message: { id: null } },
  "an id that is an object": { ...add, message: { id: {} } },
  "no id": { ...add, message: { id: undefined } },
  "another version of JSON-RPC": { ...add, message: { jsonrpc: "1.0" } },
  "no version of JSON-RPC": { ...add, message: { jsonrpc: undefined } },
  "a message with members nobody knows": { ...add, message: { extra: 1 } },
  "a message that is a result too": { ...add, message: { result: {} } },
  "a method nobody knows": { ...add, message: { method: "tools/run" } },
  "a method in other letters": { ...add, message: { method: "Tools/Call" } },
  "a batch of one": { raw: JSON.stringify([{ jsonrpc: "2.0", id: 1, method: "tools/list" }]) },
  "members that come twice": {
    raw: '{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list","params":{}}',
  },
  "arguments that name a prototype": {
    raw: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"keep","arguments":{"__proto__":{"a":1},"constructor":1}}}',
  },
  "a progress token": { ...add, meta: { progressToken: "p" } },
  "a progress token for a list": { ...list, meta: { progressToken: 1 } },
  "metadata nobody knows": { ...add, meta: { "example.com/x": 1 } },
  "metadata with a trace": { ...add, meta: { traceparent: "00-0-0-00" } },
  "empty metadata": { raw: '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{}}}' },
  "an answer to a question that was not asked": {
    params: { name: "nothing", arguments: {}, inputResponses: { confirm: { action: "accept" } } },
  },
  "a state that is none": { params: { name: "nothing", arguments: {}, requestState: "x" } },
  "a task": { params: { name: "nothing", arguments: {}, task: { ttl: 1 } } },
  "another revision in the envelope": {
    ...add,
    meta: { [`${KEY}/protocolVersion`]: "2025-11-25" },
  },
  "a revision of the future": { ...add, headers: { "MCP-Protocol-Version": "2027-01-01" } },
  "an older revision": { ...add, headers: { "MCP-Protocol-Version": "2025-06-18" } },
  "the oldest revision": { ...add, headers: { "MCP-Protocol-Version": "2025-03-26" } },
  "no revision": { ...add, without: ["MCP-Protocol-Version"] },
  "a client without a version": { ...add, meta: { [`${KEY}/clientInfo`]: { name: "test" } } },
  "a client with more to say": {
    ...add,
    meta: {
      [`${KEY}/clientInfo`]: {
        name: "t",
        version: "1",
        title: "T",
        websiteUrl: "https://t.example",
      },
    },
  },
  "a client with an odd website": {
    ...add,
    meta: { [`${KEY}/clientInfo`]: { name: "t", version: "1", websiteUrl: "no address" } },
  },
  "a client with empty names": {
    ...add,
    meta: { [`${KEY}/clientInfo`]: { name: "", version: "" } },
  },
  "a client with icons": {
    ...add,
    meta: {
      [`${KEY}/clientInfo`]: { name: "t", version: "1", icons: [{ src: "https://t.example/i" }] },
    },
  },
  "capabilities of every kind": {
    ...add,
    meta: {
      [`${KEY}/clientCapabilities`]: {
        elicitation: { form: {}, url: {} },
        sampling: {},
        roots: {},
        extensions: { "io.modelcontextprotocol/ui": {} },
      },
    },
  },
  "a capability that is not an object": {
    ...add,
    meta: { [`${KEY}/clientCapabilities`]: { sampling: true } },
  },
  "capabilities that are a list": { ...add, meta: { [`${KEY}/clientCapabilities`]: [] } },
  "no mirrored method": { ...add, without: ["Mcp-Method"] },
  "another mirrored method": { ...add, headers: { "Mcp-Method": "tools/list" } },
  "no mirrored name": { ...add, without: ["Mcp-Name"] },
  "another mirrored name": { ...add, headers: { "Mcp-Name": "greet" } },
  "a mirrored name in base64": { ...add, headers: { "Mcp-Name": "=?base64?YWRk?=" } },
  "a mirrored name for a list": { ...list, headers: { "Mcp-Name": "add" } },
  "a session": { ...add, headers: { "Mcp-Session-Id": "s" } },
  "a client that reads no streams": { ...add, headers: { Accept: "application/json" } },
  "a client that accepts nothing": { ...add, headers: { Accept: "text/html" } },
  "a page of another website": { ...add, headers: { Origin: "https://chat.example" } },
  "a type with a charset": {
    ...add,
    headers: { "Content-Type": "application/json; charset=utf-8" },
  },
  "another type": { ...add, headers: { "Content-Type": "text/plain" } },
};

it("has at least sixty kinds of request", () => {
  expect(Object.keys(KINDS).length).toBeGreaterThanOrEqual(60);
});

it.each(ERAS.flatMap((era) => Object.keys(KINDS).map((what) => [era, what] as const)))(
  "%s: %s",
  (era, what) => expectSame(era, KINDS[what] ?? {}),
);

it.each(ERAS)("%s: takes what clients send every day", async (era) => {
  for (const kind of [add, call("greet", { name: "A" }), list]) {
    const request = requestOf(era, kind);
    expect(readPlain(request, await request.json())).toBeDefined();
    const { status, text } = await directly(requestOf(era, kind));
    expect(status).toBe(200);
    expect(text).toMatch(/^\{"result":\{/);
  }
});

const capability = fc.oneof(fc.constant({}), fc.constant({ form: {} }), fc.anything());
const generated = fc.record(
  {
    name: fc.constantFrom("add", "greet", "keep", "guarded", "absent", "break"),
    arguments: fc.oneof(
      fc.record({ a: fc.oneof(fc.double(), fc.string()), b: fc.oneof(fc.integer(), fc.double()) }),
      fc.record({ name: fc.string(), note: fc.string() }, { requiredKeys: [] }),
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.jsonValue(),
    ),
    cursor: fc.string(),
  },
  { requiredKeys: [] },
);

it("answers what nobody thought of as the SDK does", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...ERAS),
      fc.record({
        method: fc.constantFrom("tools/call", "tools/list"),
        id: fc.oneof(fc.integer(), fc.string(), fc.double(), fc.constant(null)),
      }),
      generated,
      fc.dictionary(fc.constantFrom("elicitation", "sampling", "roots", "tasks"), capability),
      fc.constantFrom(...(["anybody", "allowed", "steppingUp", "lacking"] as const)),
      async (era, message, params, capabilities, who) => {
        const meta = era === "2026-07-28" ? { [`${KEY}/clientCapabilities`]: capabilities } : {};
        await expectSame(era, { message, params, meta, who });
      },
    ),
    { numRuns: 200 },
  );
});
