import { describe, expect, it } from "vitest";
import * as z from "zod";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import { definePrompt, defineResource, defineTool } from "../../../src/mcp/tool.ts";
import { catalogue } from "./endpoint.ts";

const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
const toolOf = (name: string, permissions: string[] = []) =>
  defineTool({
    name,
    title: name,
    description: name,
    permissions,
    annotations,
    input: z.object({}),
    run: () => name,
  });
const promptOf = (name: string, permissions: string[] = []) =>
  definePrompt({
    name,
    title: name,
    description: name,
    permissions,
    input: z.object({}),
    run: () => name,
  });
const resourceOf = (uri: string) =>
  defineResource({
    uri,
    name: "r",
    title: "r",
    description: "r",
    permissions: ["tool:r"],
    mimeType: "text/plain",
    run: () => "r",
  });

it("knows every permission that anything requires, once", () => {
  const { requiredPermissions } = createCatalogue({
    tools: [toolOf("a", ["tool:a", "tool:b"]), toolOf("b", ["tool:b"])],
    prompts: [promptOf("p", ["tool:p"])],
    resources: [resourceOf("test://r")],
  });
  expect(requiredPermissions).toEqual(["tool:a", "tool:b", "tool:p", "tool:r"]);
});

describe("stops the start on", () => {
  it.each([
    [
      "two tools of one name",
      { tools: [toolOf("a"), toolOf("b"), toolOf("a")] },
      "a is defined twice",
    ],
    [
      "two prompts of one name",
      { tools: [], prompts: [promptOf("p"), promptOf("p")] },
      "p is defined twice",
    ],
    [
      "two resources at one URI",
      { tools: [], resources: [resourceOf("test://r"), resourceOf("test://r")] },
      "test://r is defined twice",
    ],
    [
      "a tool name with a space",
      { tools: [toolOf("get time")] },
      "“get time” cannot be the name of a tool",
    ],
    ["an empty tool name", { tools: [toolOf("")] }, "“” cannot be the name of a tool"],
    [
      "a permission with a space",
      { tools: [toolOf("a", ["tool a"])] },
      "a: “tool a” cannot be an OAuth scope",
    ],
    [
      "a permission with a quote",
      { tools: [toolOf("a", ['"'])] },
      'a: “"” cannot be an OAuth scope',
    ],
    [
      "an empty permission",
      { tools: [], prompts: [promptOf("p", [""])] },
      "p: “” cannot be an OAuth scope",
    ],
    [
      "a permission outside ASCII",
      { tools: [toolOf("a", ["tool:ä"])] },
      "a: “tool:ä” cannot be an OAuth scope",
    ],
    [
      "a URI that is not as a parser writes it",
      { tools: [], resources: [resourceOf("HTTP://x")] },
      "HTTP://x is not a normalised URI",
    ],
    [
      "a path instead of a URI",
      { tools: [], resources: [resourceOf("/r")] },
      "/r is not a normalised URI",
    ],
  ])("%s", (_what, offerings, message) => {
    expect(() => createCatalogue(offerings)).toThrow(new TypeError(message));
  });
});

it("keeps one frozen wire form and one JSON schema of each tool", () => {
  for (const { wire, input } of catalogue.tools.values()) {
    expect(Object.isFrozen(wire) && Object.isFrozen(wire.inputSchema)).toBe(true);
    expect(input["~standard"].jsonSchema.input({ target: "draft-2020-12" })).toBe(wire.inputSchema);
  }
});
