import { describe, expect, it } from "vitest";
import * as z from "zod";
import { createCatalogue, loadCatalogue, missingNeeds } from "../../../src/mcp/catalogue.ts";
import type { Offerings, Template, Tool } from "../../../src/mcp/definition.ts";
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
const templateOf = (uri: string, shape: Record<string, z.ZodType<unknown, string>>): Template => ({
  uri,
  name: "t",
  title: "t",
  description: "t",
  permissions: [],
  mimeType: "text/plain",
  params: z.object(shape),
  run: () => "t",
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

it("knows every permission that anything requires, once", async () => {
  const { requiredPermissions } = await createCatalogue({
    tools: [toolOf("a", ["tool:a", "tool:b"]), toolOf("b", ["tool:b"])],
    prompts: [promptOf("p", ["tool:p"])],
    resources: [resourceOf("test://r")],
  });
  expect(requiredPermissions).toEqual(["tool:a", "tool:b", "tool:p", "tool:r"]);
});

const wild = (tool: unknown): Tool => tool as Tool;

describe("names what cannot work:", () => {
  it.each<[string, Offerings, [string, string][]]>([
    [
      "two tools of one name",
      { tools: [toolOf("a"), toolOf("b"), toolOf("a")] },
      [["tool a", "is defined twice"]],
    ],
    [
      "two prompts of one name",
      { tools: [], prompts: [promptOf("p"), promptOf("p")] },
      [["prompt p", "is defined twice"]],
    ],
    [
      "two resources at one URI",
      { tools: [], resources: [resourceOf("test://r"), resourceOf("test://r")] },
      [["resource test://r", "is defined twice"]],
    ],
    [
      "a tool name with a space",
      { tools: [toolOf("get time")] },
      [["tool get time", "cannot be the name of a tool"]],
    ],
    [
      "empty texts",
      { tools: [{ ...toolOf(""), title: "", description: " " }] },
      [
        ["tool ", "has no title"],
        ["tool ", "has no description"],
        ["tool ", "cannot be the name of a tool"],
      ],
    ],
    [
      "permissions with a space, a quote, of no letters, outside ASCII",
      { tools: [toolOf("a", ["tool a", '"', "", "tool:ä"])] },
      ["tool a", '"', "", "tool:ä"].map((name) => ["tool a", `“${name}” cannot be an OAuth scope`]),
    ],
    [
      "no permissions at all, as plain JavaScript may have it",
      { tools: [wild({ ...toolOf("a"), permissions: undefined })] },
      [["tool a", "names no permissions; [] is for everyone who is signed in"]],
    ],
    [
      "a URI that is not as a parser writes it",
      { tools: [], resources: [resourceOf("HTTP://x")] },
      [["resource HTTP://x", "is not a normalised URI"]],
    ],
    [
      "a path instead of a URI",
      { tools: [], resources: [resourceOf("/r")] },
      [["resource /r", "is not a normalised URI"]],
    ],
    [
      "a template as a resource",
      { tools: [], resources: [resourceOf(`note://${"{id}"}`)] },
      [["resource note://{id}", "is a template: use defineTemplate"]],
    ],
    [
      "a schema without a JSON form",
      {
        tools: [
          defineTool({
            name: "a",
            title: "a",
            description: "a",
            permissions: [],
            annotations,
            input: z.object({ on: z.date() }),
            run: () => "",
          }),
        ],
      },
      [["tool a", "Date cannot be represented in JSON Schema"]],
    ],
    [
      "a question before something harmless, and hints that contradict each other",
      {
        tools: [
          { ...toolOf("a"), confirm: () => "Sure?" },
          { ...toolOf("b"), annotations: { ...annotations, destructiveHint: true } },
        ],
      },
      [
        ["tool a", "asks to confirm, but its destructiveHint is not true"],
        ["tool b", "says both readOnlyHint and destructiveHint"],
      ],
    ],
    [
      "a time that is none, and a need that is no name",
      {
        tools: [
          { ...toolOf("a"), timeout: "soon" },
          { ...toolOf("b"), needs: ["A KEY"] },
        ],
      },
      [
        ["tool a", "timeout must be a time like 30s or 2m"],
        ["tool b", "“A KEY” cannot be the name of a variable"],
      ],
    ],
    [
      "completion of what is not asked",
      {
        tools: [],
        prompts: [{ ...promptOf("p"), complete: { city: () => [] } }],
      },
      [["prompt p", "completes city, which it does not have"]],
    ],
    [
      "templates whose URI and parameters differ",
      {
        tools: [],
        templates: [
          templateOf("note://{id}", { name: z.string() }),
          templateOf("note://{?id}", {}),
          templateOf("note://{a}/{a}", { a: z.string() }),
        ],
      },
      [
        ["template note://{id}", "params lacks id"],
        ["template note://{id}", "name is not in its URI"],
        ["template note://{?id}", "has no {variable}: it is a resource"],
        ["template note://{a}/{a}", "names a variable twice"],
      ],
    ],
    [
      "a skill whose folder has problems, a permission that is none, a path that leads elsewhere",
      {
        tools: [],
        skills: [
          {
            name: "odd",
            permissions: ["a b"],
            frontmatter: {},
            files: { "../x": "" },
            problems: ["has no SKILL.md"],
          },
        ],
      },
      [
        ["skill odd", "has no SKILL.md"],
        ["skill odd", "“a b” cannot be an OAuth scope"],
        ["skill odd", "“../x” cannot be the path of a file"],
      ],
    ],
    [
      "everything at once",
      { tools: [toolOf("a b"), toolOf("c", [""])], resources: [resourceOf("/r")] },
      [
        ["tool a b", "cannot be the name of a tool"],
        ["tool c", "“” cannot be an OAuth scope"],
        ["resource /r", "is not a normalised URI"],
      ],
    ],
  ])("%s", async (_what, offerings, problems) => {
    expect((await createCatalogue(offerings)).problems).toEqual(
      problems.map(([variable, problem]) => ({ variable, problem })),
    );
  });

  it("what throws while the tools are loaded", async () => {
    const load = () => Promise.reject(new ReferenceError("city is not defined"));
    expect((await loadCatalogue(load)).problems).toEqual([
      {
        variable: "src/tools",
        problem: expect.stringMatching(/^ReferenceError: city is not defined at \S+:\d+:\d+$/),
      },
    ]);
  });

  it("what a tool needs and is not set", async () => {
    const catalogue = await createCatalogue({
      tools: [{ ...toolOf("a"), needs: ["CRM_KEY", "NOTES", "EMPTY"] }],
    });
    expect(missingNeeds(catalogue, { NOTES: {}, EMPTY: "" })).toEqual([
      { variable: "CRM_KEY", problem: "is missing; a needs it" },
      { variable: "EMPTY", problem: "is missing; a needs it" },
    ]);
  });
});

it("keeps one frozen wire form and one JSON schema of each tool", () => {
  for (const { wire, input } of catalogue.tools.values()) {
    expect(Object.isFrozen(wire) && Object.isFrozen(wire.inputSchema)).toBe(true);
    expect(input["~standard"].jsonSchema.input({ target: "draft-2020-12" })).toBe(wire.inputSchema);
  }
});
