import { describe, expect, it } from "vitest";
import { readAsked } from "../../../src/mcp/message.ts";

const subjectsOf = (body: unknown) =>
  Object.fromEntries(
    [...readAsked(body).subjects].map(([method, subjects]) => [method, [...subjects]]),
  );

describe("reads what is asked for", () => {
  it.each([
    [
      "a call",
      { method: "tools/call", params: { name: "a", uri: "test://b" } },
      { "tools/call": ["a"] },
    ],
    [
      "a read, with its URI normalised",
      { method: "resources/read", params: { name: "a", uri: "HTTPS://B.example" } },
      { "resources/read": ["https://b.example/"] },
    ],
    ["a method without parameters", { method: "tools/list" }, { "tools/list": [""] }],
    [
      "a batch, each thing once",
      [
        { method: "tools/call", params: { name: "a" } },
        { method: "ping" },
        { method: "tools/call", params: { name: "b" } },
        { method: "tools/call", params: { name: "a" } },
      ],
      { "tools/call": ["a", "b"], ping: [""] },
    ],
    [
      "a name that is no text",
      { method: "tools/call", params: { name: 1 } },
      { "tools/call": [""] },
    ],
    [
      "parameters that are no object",
      { method: "tools/call", params: ["a"] },
      { "tools/call": [""] },
    ],
    [
      "a URI that is none",
      { method: "resources/read", params: { uri: "b" } },
      { "resources/read": [""] },
    ],
    ["a response", { id: 1, result: {} }, {}],
    [
      "a broken message in a batch",
      [null, 1, [], { method: 2 }, { method: "ping" }],
      { ping: [""] },
    ],
    ["nothing", undefined, {}],
  ])("%s", (_what, body, subjects) => {
    expect(subjectsOf(body)).toEqual(subjects);
  });
});

describe("knows", () => {
  it.each([
    [{}, { wantsProgress: false, hasEnvelope: false }],
    [{ progressToken: 0 }, { wantsProgress: true, hasEnvelope: false }],
    [
      { "io.modelcontextprotocol/protocolVersion": "2026-07-28" },
      { wantsProgress: false, hasEnvelope: true },
    ],
    [
      { progressToken: "p", "io.modelcontextprotocol/protocolVersion": "2026-07-28" },
      { wantsProgress: true, hasEnvelope: true },
    ],
    ["text", { wantsProgress: false, hasEnvelope: false }],
  ])("of _meta %o whether it wants progress and has an envelope", (_meta, known) => {
    expect(readAsked({ method: "tools/call", params: { _meta } })).toMatchObject(known);
    expect(
      readAsked([{ method: "ping" }, { method: "tools/call", params: { _meta } }]),
    ).toMatchObject(known);
  });
});

it("looks at the first hundred messages of a batch", () => {
  const batch = Array.from({ length: 500_000 }, (_, at) => ({ method: `m${at}` }));
  expect(readAsked(batch).subjects.size).toBe(100);
});
