import { describe, expect, it } from "vitest";
import { parseBody } from "../../../src/mcp/spelling.ts";
import { endpointOf, post, tokenOf } from "./endpoint.ts";

const SCHEMA = {
  type: "object",
  properties: {
    limit: { type: "integer" },
    note: { anyOf: [{ type: "string" }, { type: "null" }] },
    anything: {},
    must: { type: "string" },
    nested: { type: "object", properties: { a: { type: "string" } } },
    list: { type: "array", items: { type: "object", properties: { a: { type: "string" } } } },
  },
  required: ["must"],
};
const parse = (body: unknown) => parseBody(JSON.stringify(body), () => SCHEMA);

describe("a message of another language", () => {
  it.each<[string, unknown, unknown]>([
    ["params that are null", { id: 1, method: "ping", params: null }, { id: 1, method: "ping" }],
    [
      "params that are an empty list",
      { id: 1, method: "ping", params: [] },
      { id: 1, method: "ping" },
    ],
    [
      "members that are null, at any depth",
      { id: 1, method: "x", params: { a: null, b: { c: null, d: 1 } } },
      { id: 1, method: "x", params: { b: { d: 1 } } },
    ],
    [
      "a member of the envelope that is null",
      { id: 1, method: "x", result: null, error: null },
      { id: 1, method: "x" },
    ],
    [
      "a notification's id that is null",
      { id: null, method: "notifications/x" },
      { method: "notifications/x" },
    ],
    [
      "arguments that are null",
      { method: "tools/call", params: { name: "t", arguments: null } },
      { method: "tools/call", params: { name: "t" } },
    ],
    [
      "arguments that are an empty list",
      { method: "tools/call", params: { name: "t", arguments: [] } },
      { method: "tools/call", params: { name: "t" } },
    ],
    [
      "capabilities that are empty lists",
      { method: "initialize", params: { capabilities: { roots: [], sampling: null } } },
      { method: "initialize", params: { capabilities: { roots: {} } } },
    ],
    [
      "capabilities that are an empty list",
      { method: "x", params: { _meta: { "io.modelcontextprotocol/clientCapabilities": [] } } },
      { method: "x", params: { _meta: { "io.modelcontextprotocol/clientCapabilities": {} } } },
    ],
    ["a batch", [{ id: 1, method: "ping", params: null }], [{ id: 1, method: "ping" }]],
  ])("loses %s", (_case, body, straight) => {
    expect(parse(body)).toEqual(straight);
  });

  it.each<[string, unknown]>([
    ["a request's id that is null", { id: null, method: "ping" }],
    [
      "lists that are empty, and values that say little",
      { id: 0, method: "x", params: { a: [], b: "", c: false, d: 0, e: {} } },
    ],
    ["a null in a list", { id: 1, method: "x", params: { a: [null] } }],
    ["what is no message", [null, 1, "null"]],
  ])("keeps %s", (_case, body) => {
    expect(parse(body)).toEqual(body);
  });

  it("loses of a tool's input what its schema does not know as null", () => {
    const given = {
      limit: null,
      note: null,
      anything: null,
      must: null,
      more: null,
      nested: { a: null },
      list: [{ a: null }, null],
    };
    const kept = { note: null, anything: null, must: null, nested: {}, list: [{}, null] };
    const call = (input: unknown) => ({
      id: 1,
      method: "tools/call",
      params: { name: "t", arguments: input },
    });
    expect(parse(call(given))).toEqual(call(kept));
  });

  it("is no message when it is no JSON", () => {
    expect(parseBody("{", () => SCHEMA)).toBeUndefined();
    expect(parseBody("null", () => SCHEMA)).toBeNull();
  });
});

describe("at /mcp", async () => {
  const bearer = { Authorization: `Bearer ${await tokenOf()}` };
  const META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "a client", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const older = (message: object) => post({ jsonrpc: "2.0", id: 1, ...message }, bearer);
  const newer = (message: { method: string; params: object | null }) =>
    post(
      { jsonrpc: "2.0", id: 1, ...message, params: { ...message.params, _meta: META } },
      {
        ...bearer,
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": message.method,
        "Mcp-Name": "get_time",
      },
    );

  it.each([
    ["older", older],
    ["newer", newer],
  ])("null is absent in the %s era", async (_era, send) => {
    for (const message of [
      { method: "tools/call", params: { name: "get_time", arguments: null } },
      { method: "tools/list", params: { cursor: null } },
    ]) {
      const { status, body } = await endpointOf()(send(message));
      expect([status, body]).toEqual([200, expect.objectContaining({ result: expect.anything() })]);
    }
  });

  it.each<[string, object, string]>([
    [
      "a cursor",
      { method: "tools/list", params: { cursor: 1 } },
      "params.cursor must be of type string",
    ],
    [
      "no arguments",
      { method: "tools/call", params: { name: "get_time", arguments: "x" } },
      "params.arguments must be of type object",
    ],
    ["no params", { method: "tools/call" }, "params must be of type object"],
    ["a uri", { method: "resources/read", params: {} }, "params.uri must be of type string"],
    [
      "prompt arguments",
      { method: "prompts/get", params: { name: "x", arguments: { a: 1 } } },
      "params.arguments.a must be of type string",
    ],
    [
      "capabilities",
      {
        method: "initialize",
        params: { protocolVersion: "2025-06-18", clientInfo: { name: "x", version: "1" } },
      },
      "params.capabilities must be of type object",
    ],
  ])(
    "%s of the wrong kind is the client's fault, and is named",
    async (_case, message, problem) => {
      const { status, body } = await endpointOf()(older(message));
      expect(status).toBe(200);
      expect(body).toMatchObject({
        error: { code: -32_602, message: `Invalid params: ${problem}.` },
      });
    },
  );
});
