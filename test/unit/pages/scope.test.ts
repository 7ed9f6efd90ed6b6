import { describe, expect, it } from "vitest";
import {
  describeIdentity,
  describePermissions,
  effectOf,
  groupByEffect,
  type ToolSummary,
} from "../../../src/pages/scope.ts";

const READS = { readOnlyHint: true, destructiveHint: false };
const CHANGES = { readOnlyHint: false, destructiveHint: false };
const DELETES = { readOnlyHint: false, destructiveHint: true };

const tool = (
  title: string,
  annotations: ToolSummary["annotations"],
  ...permissions: string[]
): ToolSummary => ({ title, description: `${title}.`, annotations, permissions });

const READ = tool("Read", READS, "a:read");
const COPY = tool("Copy", CHANGES, "a:read", "a:write");
const DROP = tool("Drop", DELETES, "a:write", "a:drop");

describe("what a tool may do", () => {
  it.each([
    ["reads", READS],
    ["changes", CHANGES],
    ["deletes", DELETES],
    ["deletes", undefined],
    ["reads", { readOnlyHint: true, destructiveHint: true }],
  ] as const)("is %s for %j, as MCP reads the hints", (effect, annotations) => {
    expect(effectOf({ annotations })).toBe(effect);
  });
});

describe("what a permission means", () => {
  it("is the sentence of who wrote the tools", () => {
    const sentences = { "a:read": "Read all of it" };
    expect(describePermissions(["a:read"], { tools: [READ], sentences })).toEqual([
      { name: "a:read", sentence: "Read all of it", effect: "reads", tools: [READ] },
    ]);
  });

  it.each([
    ["Use “Read”", [READ]],
    ["Use “Read” and “Copy”", [READ, COPY]],
    ["Use 4 tools", [READ, READ, READ, COPY]],
    ["Hold the permission “a:read”", []],
  ])("is otherwise told by its tools: %s", (sentence, tools) => {
    expect(describePermissions(["a:read"], { tools })[0]?.sentence).toBe(sentence);
  });

  it("takes no sentence that the table does not have itself", () => {
    expect(describePermissions(["constructor"], { tools: [] })[0]?.sentence).toBe(
      "Hold the permission “constructor”",
    );
  });

  it("is as grave as the worst tool it opens", () => {
    const all = { tools: [READ, COPY, DROP] };
    const effects = describePermissions(["a:read", "a:write", "a:drop", "none"], all);
    expect(effects.map(({ effect }) => effect)).toEqual(["changes", "deletes", "deletes", "reads"]);
  });

  it("comes in groups, the mildest first, without empty ones", () => {
    const facts = describePermissions(["a:drop", "b", "c"], { tools: [DROP] });
    expect(
      groupByEffect(facts).map(({ effect, permissions }) => [effect, permissions.length]),
    ).toEqual([
      ["reads", 2],
      ["deletes", 1],
    ]);
  });
});

it.each([
  [["openid"], "Your account's identifier."],
  [["profile", "email"], "Your name and picture and your email address."],
  [["offline_access", "a:read"], undefined],
])("says of the person only what is asked for: %j", (scopes, words) => {
  expect(describeIdentity(scopes)).toBe(words);
});
