/**
 * Our server says what the SDK's own handler says with the same tools: our shortcuts change no
 * answer.
 */
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import fc from "fast-check";
import { expect, it } from "vitest";
import * as z from "zod";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import { defineTool } from "../../../src/mcp/tool.ts";
import { call, configOf, endpointOf, type Era, tokenOf } from "./endpoint.ts";
import { describeServer } from "../../../src/mcp/server.ts";
import { served } from "../../support/served.ts";

const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

const addition = {
  title: "Add",
  description: "Adds two numbers.",
  annotations,
  input: z.object({
    a: z.number().describe("One"),
    b: z.int().default(1),
    note: z.string().max(5).optional(),
  }),
  output: z.object({ sum: z.number(), note: z.string().optional() }),
};
const greeting = {
  title: "Greet",
  description: "Greets.",
  annotations,
  input: z.object({ name: z.string().trim().min(1), mood: z.enum(["glad", "sad"]).optional() }),
};
const add = ({ a, b, note }: z.output<typeof addition.input>) => ({
  sum: a + b,
  ...(note === undefined ? {} : { note }),
});
const greet = ({ name, mood = "glad" }: z.output<typeof greeting.input>) =>
  `I am ${mood} to see ${name}.`;

const ours = endpointOf({
  catalogue: createCatalogue({
    tools: [
      defineTool({ ...addition, name: "add", permissions: [], run: add }),
      defineTool({ ...greeting, name: "greet", permissions: [], run: greet }),
    ],
  }),
});

const plain = createMcpHandler(
  () => {
    const hint = { ttlMs: 60_000, cacheScope: "private" } as const;
    const server = new McpServer(describeServer(served.site, served.version, configOf()).info, {
      cacheHints: { "tools/list": hint },
    });
    const { input: inputSchema, output: outputSchema, ...rest } = addition;
    server.registerTool("add", { ...rest, inputSchema, outputSchema }, (input) => {
      const structuredContent = add(input);
      return {
        structuredContent,
        content: [{ type: "text", text: JSON.stringify(structuredContent) }],
      };
    });
    const { input, ...others } = greeting;
    server.registerTool("greet", { ...others, inputSchema: input }, (given) => ({
      content: [{ type: "text", text: greet(given) }],
    }));
    return server;
  },
  { legacy: "stateless" },
);

async function answerOfSdk(request: Request): Promise<unknown> {
  const text = await (await plain.fetch(request)).text();
  return JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text);
}

const token = await tokenOf();

async function expectSame(
  era: Era,
  method: string,
  params: Record<string, unknown>,
  asSdkKnowsIt = params,
): Promise<void> {
  const { text } = await ours(call(era, method, params, token));
  const theirs = await answerOfSdk(call(era, method, asSdkKnowsIt));
  expect(JSON.parse(text, withoutOurs)).toEqual(theirs);
}

/** What we add to each tool of a list. */
function withoutOurs(key: string, value: unknown): unknown {
  if (key === "securitySchemes") return undefined;
  if (key !== "_meta" || typeof value !== "object" || value === null) return value;
  return "auth0-mcp-worker/digest" in value ? undefined : value;
}

it.each<Era>(["2025-11-25", "2026-07-28"])("lists the same in %s", async (era) => {
  await expectSame(era, "tools/list", {});
});

it("answers every call the same, the good and the bad", async () => {
  const input = fc.record(
    {
      a: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string()),
      b: fc.oneof(
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.constant(null),
      ),
      note: fc.string({ maxLength: 8 }),
      name: fc.oneof(fc.string(), fc.integer()),
      mood: fc.constantFrom("glad", "sad", "mad"),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<Era>("2025-11-25", "2026-07-28"),
      fc.constantFrom("add", "greet", "absent"),
      fc.option(input, { nil: undefined }),
      (era, name, given) => {
        if (given === undefined) return expectSame(era, "tools/call", { name });
        // To us, an optional member that is null is absent; the SDK has no such rule.
        const { b, ...others } = given;
        const straight = { ...others, ...(b === null || b === undefined ? {} : { b }) };
        return expectSame(
          era,
          "tools/call",
          { name, arguments: given },
          { name, arguments: straight },
        );
      },
    ),
    { numRuns: 150 },
  );
});
