/** JSON that somebody else wrote: a text goes in, a value to be parsed by its schema comes out. Pure. */

/** The value; undefined when the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An object of JSON: neither a list nor null. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value is one. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
