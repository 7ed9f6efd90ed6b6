/**
 * What a tool asks back, put to whoever sits at the terminal. A message and a schema go in; the
 * answer comes out, or that there is none. Nothing is sent that was not typed or given beforehand.
 */
import { createInterface } from "node:readline/promises";
import { styleText } from "node:util";
import type { ElicitRequest, ElicitResult } from "@modelcontextprotocol/client";
import type { Wish } from "./arguments.ts";
import { printable } from "./steps.ts";

type Question = ElicitRequest["params"];
type Content = NonNullable<ElicitResult["content"]>;

/** Asks, or gives the answer that was given beforehand. */
export async function answerQuestion(
  question: Question,
  { answer }: Pick<Wish, "answer">,
): Promise<ElicitResult> {
  console.log(`\n  ${styleText("bold", printable(question.message))}`);
  if (answer === "decline") return { action: "decline" };
  if (question.mode === "url") {
    console.log(`  Go to ${printable(question.url)}\n`);
    return { action: answer === undefined ? "decline" : "accept" };
  }
  const fields = Object.entries(question.requestedSchema.properties);
  if (answer !== undefined) return { action: "accept", content: chosen(answer, fields) };
  if (!process.stdin.isTTY) {
    console.log(`  Nobody is here to answer. Give one: --answer '${sampleOf(fields)}'\n`);
    return { action: "decline" };
  }
  return ask(fields);
}

type Field = readonly [
  name: string,
  schema: { readonly type?: unknown; readonly title?: unknown; readonly enum?: unknown },
];

/** An answer that the form would take, more or less. */
function sampleOf(fields: readonly Field[]): string {
  const samples = fields.map(([name, { type, enum: choices }]) => {
    const [first = "…"] = Array.isArray(choices) ? choices.map(String) : [];
    return [name, type === "boolean" ? true : type === "string" ? first : 1];
  });
  return printable(JSON.stringify(Object.fromEntries(samples)));
}

/** An empty line leaves a field out; Ctrl-D declines. */
async function ask(fields: readonly Field[]): Promise<ElicitResult> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const typed: Record<string, unknown> = {};
  try {
    for (const [name, { type, title }] of fields) {
      const hint = type === "boolean" ? " (true or false)" : "";
      const text = await terminal.question(`  ${String(title ?? name)}${hint}: `);
      if (text !== "") typed[name] = type === "string" ? text : JSON.parse(text);
    }
    return { action: "accept", content: chosen(typed, fields) };
  } catch {
    return { action: "decline" };
  } finally {
    terminal.close();
  }
}

function chosen(given: Readonly<Record<string, unknown>>, fields: readonly Field[]): Content {
  const known = fields.flatMap(([name]) => {
    const value = given[name];
    return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
      ? [[name, value] as const]
      : [];
  });
  return Object.fromEntries(known);
}
