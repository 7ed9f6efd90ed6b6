/**
 * Texts of ours as they are read back: a stored text and its schema go in, a value comes out. What was
 * written by another version of us, and does not say what this one needs, is a fault of ours: it is
 * kept, and the request is refused.
 */
import * as z from "zod";
import { Refusal } from "../errors.ts";
import { parseJson } from "../json.ts";

/** Whatever a stored object has. */
export const membersSchema = z.record(z.string(), z.unknown());

/** Reads a stored text. Refuses with `store_record_newer`. */
export function readStored<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
): z.output<Schema> {
  return readMembers(schema, parseJson(text));
}

/** Reads what a stored text has said. Refuses with `store_record_newer`. */
export function readMembers<Schema extends z.ZodType>(
  schema: Schema,
  stored: unknown,
): z.output<Schema> {
  const read = schema.safeParse(stored);
  if (!read.success) throw new Refusal("store_record_newer");
  return read.data;
}
