/**
 * The tools that every variant serves: the same names, schemas, results. A number of tools goes in;
 * their parts, which each SDK registers in its own way, come out.
 */
import * as z from "zod";

const input = z.object({
  text: z.string().describe("What to repeat"),
  times: z.int().min(1).max(10).describe("How often"),
  loud: z.boolean().optional().describe("Whether in capitals"),
});

const output = z.object({
  text: z.string().describe("What was repeated"),
  length: z.int().describe("How long it is"),
});

type Input = z.output<typeof input>;
type Output = z.output<typeof output>;

export interface BenchTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly annotations: {
    readonly readOnlyHint: boolean;
    readonly destructiveHint: boolean;
    readonly idempotentHint: boolean;
    readonly openWorldHint: boolean;
  };
  readonly input: typeof input;
  readonly output: typeof output;
  run(input: Input): Output;
}

/** So many tools, `tool_1` and on. */
export function listTools(count: number): BenchTool[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `tool_${index + 1}`,
    title: `Tool ${index + 1}`,
    description: `Repeats a text a few times; the one with number ${index + 1} of its kind.`,
    annotations: {
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    },
    input,
    output,
    run: ({ text, times, loud = false }) => {
      const repeated = (loud ? text.toUpperCase() : text).repeat(times);
      return { text: repeated, length: repeated.length };
    },
  }));
}

/** A result as MCP wants it: structured, and the same JSON as text. */
export function asResult(structuredContent: Output) {
  return {
    content: [{ type: "text" as const, text: JSON.stringify(structuredContent) }],
    structuredContent,
  };
}
