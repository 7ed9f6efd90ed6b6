/**
 * JSON Schema as every client understands it. A schema goes in, the same statement in a plainer
 * spelling comes out: some clients, and the linters of others, take a schema that says nothing for a
 * mistake. Pure.
 */
import { isJsonObject, type JsonObject } from "../json.ts";

/** Keywords whose value is one schema, a list of them, or a map of them. */
const ONE = ["items", "contains", "additionalProperties", "not", "if", "then", "else"];
const LISTS = ["anyOf", "oneOf", "allOf", "prefixItems"];
const MAPS = ["properties", "patternProperties", "$defs"];

/** These explain a value and allow every one. */
const ANNOTATIONS = new Set(["title", "description", "default", "examples", "deprecated"]);

const ANYTHING = ["string", "number", "boolean", "object", "array", "null"].map((type) => ({
  type,
}));

/** Writes out what an empty schema means, at every depth. */
export function spellOut(schema: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => [keyword, spellOutMember(keyword, value)]),
  );
}

function spellOutMember(keyword: string, value: unknown): unknown {
  if (ONE.includes(keyword)) {
    const isOpen = keyword === "additionalProperties" && isJsonObject(value) && saysNothing(value);
    return isOpen ? true : spellOutOne(value);
  }
  if (LISTS.includes(keyword) && Array.isArray(value)) return value.map(spellOutOne);
  if (MAPS.includes(keyword) && isJsonObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, spellOutOne(member)]),
    );
  return value;
}

function spellOutOne(value: unknown): unknown {
  if (!isJsonObject(value)) return value;
  return saysNothing(value) ? { ...value, anyOf: ANYTHING } : spellOut(value);
}

function saysNothing(schema: JsonObject): boolean {
  return Object.keys(schema).every((keyword) => ANNOTATIONS.has(keyword));
}
