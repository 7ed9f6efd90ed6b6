/** The JSON Schema (2020-12) of an author's schema. Throws when it has none, as a date has. */
import type { Tool as ToolWire } from "@modelcontextprotocol/server";
import type { ObjectSchema } from "./definition.ts";
import { spellOut } from "./schema.ts";

export type JsonSchema = ToolWire["inputSchema"];

/** Its JSON Schema, frozen; MCP wants `type: "object"` at the root, of a union too. */
export function jsonSchemaOf(schema: ObjectSchema, io: "input" | "output"): JsonSchema {
  const json = schema["~standard"].jsonSchema[io]({ target: "draft-2020-12" });
  return Object.freeze({ ...spellOut(json), type: "object" });
}
