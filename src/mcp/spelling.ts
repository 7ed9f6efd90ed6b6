/**
 * JSON as other languages write it. A parsed body goes in; the same body comes out without the
 * members that say nothing: serialisers of Go, Java or C# write an absent member as null, those of
 * PHP an empty object as an empty list. Pure.
 */
import * as z from "zod";
import { isJsonObject, type JsonObject } from "../json.ts";

/** The JSON Schema of a tool's input, by the tool's name. */
export type SchemaOf = (toolName: string) => unknown;

/** What of a JSON Schema decides whether a member may be null. */
const objectSchema = z.object({
  properties: z.record(z.string(), z.unknown()).catch({}),
  required: z.array(z.string()).catch([]),
  items: z.unknown().optional(),
});

/** Whether a text could have anything to straighten: most have not, and are not walked through. */
const SUSPECT = /null|\[\s*\]/;

/** Parses a body and straightens it. Undefined when it is no JSON. */
export function parseBody(text: string, schemaOf: SchemaOf): unknown {
  try {
    const body: unknown = JSON.parse(text);
    if (!SUSPECT.test(text)) return body;
    return Array.isArray(body)
      ? body.map((message: unknown) => straightenMessage(message, schemaOf))
      : straightenMessage(body, schemaOf);
  } catch {
    return undefined;
  }
}

/** An `id` that is null is left to be refused, except on a notification, which has none. */
function straightenMessage(message: unknown, schemaOf: SchemaOf): unknown {
  if (!isJsonObject(message)) return message;
  const { id, method, params, ...others } = message;
  const isNotification = typeof method === "string" && method.startsWith("notifications/");
  return {
    ...withoutNulls(others),
    ...(id === undefined || (id === null && isNotification) ? {} : { id }),
    ...(method === undefined ? {} : { method }),
    ...(isNothing(params) ? {} : { params: straightenParams(params, method, schemaOf) }),
  };
}

function straightenParams(params: unknown, method: unknown, schemaOf: SchemaOf): unknown {
  if (method !== "tools/call" || !isJsonObject(params)) return withoutNulls(params);
  const { arguments: input, ...others } = params;
  if (isNothing(input)) return withoutNulls(others);
  const { name } = others;
  const schema = typeof name === "string" ? schemaOf(name) : undefined;
  return { ...withoutNulls(others), arguments: straightenInput(input, schema) };
}

/** A value of MCP's own: there a member that is null is absent, at any depth. */
function withoutNulls(value: unknown, inCapabilities = false): JsonObject {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => {
      if (member === null) return [];
      const isCapability = inCapabilities || /capabilities$/i.test(name);
      if (isNothing(member)) return [[name, isCapability ? {} : member]];
      return [[name, isJsonObject(member) ? withoutNulls(member, isCapability) : member]];
    }),
  );
}

/** A tool's input: null stays where its schema knows it, and where the tool insists on a value. */
function straightenInput(value: unknown, schema: unknown): unknown {
  const { properties, required, items } = objectSchema.safeParse(schema).data ?? {};
  if (Array.isArray(value)) return value.map((item: unknown) => straightenInput(item, items));
  if (!isJsonObject(value) || properties === undefined || required === undefined) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => {
      const known = properties[name];
      const isLeftOut = member === null && !required.includes(name) && !takesNull(known);
      return isLeftOut ? [] : [[name, straightenInput(member, known)]];
    }),
  );
}

/** An empty schema takes anything; every other one that takes null says so by the word. */
function takesNull(schema: unknown): boolean {
  if (!isJsonObject(schema)) return schema === true;
  return (
    Object.keys(schema).length === 0 || /"null"|:null[,}\]]|"\$ref"/.test(JSON.stringify(schema))
  );
}

/** Null, or the empty list that PHP makes of an empty object. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
