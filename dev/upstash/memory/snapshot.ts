/**
 * A keyspace as text, and back, so that data outlives the process. Text that no `writeSnapshot` has
 * made is refused, never half read.
 */
import { z } from "zod";
import {
  createKeyspace,
  type Entry,
  type Keyspace,
  liveEntries,
  NEVER,
  putValue,
  type Value,
} from "./keyspace.ts";

/** JSON has no infinity, and a score may be one: a score is text here. */
const score = z
  .string()
  .transform(Number)
  .refine((number) => !Number.isNaN(number));

const valueSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("string"), text: z.string() }),
  z.object({ type: z.literal("hash"), fields: mapOf(z.string()) }),
  z.object({
    type: z.literal("set"),
    members: z.array(z.string()).transform((list) => new Set(list)),
  }),
  z.object({ type: z.literal("zset"), scores: mapOf(score) }),
]);

const snapshotSchema = z.object({
  format: z.literal(1),
  keys: z.array(
    z.object({ key: z.string(), value: valueSchema, expiresAtMs: z.number().optional() }),
  ),
});

/** Every key, its value and the end of its lifetime, as JSON. */
export function writeSnapshot(keyspace: Keyspace): string {
  const keys = liveEntries(keyspace).map(([key, entry]) => ({ key, ...plainEntry(entry) }));
  return JSON.stringify({ format: 1, keys });
}

/** The keyspace that `writeSnapshot` wrote. Throws when the text is something else. */
export function readSnapshot(text: string): Keyspace {
  const keyspace = createKeyspace();
  for (const { key, value, expiresAtMs } of snapshotSchema.parse(JSON.parse(text)).keys)
    putValue(keyspace, key, value).expiresAtMs = expiresAtMs ?? NEVER;
  return keyspace;
}

function mapOf<Item>(item: z.ZodType<Item>) {
  return z.array(z.tuple([z.string(), item])).transform((pairs) => new Map(pairs));
}

function plainEntry({ value, expiresAtMs }: Entry) {
  return { value: plainValue(value), ...(expiresAtMs === NEVER ? {} : { expiresAtMs }) };
}

function plainValue(value: Value) {
  switch (value.type) {
    case "string":
      return value;
    case "hash":
      return { ...value, fields: [...value.fields] };
    case "set":
      return { ...value, members: [...value.members] };
    case "zset":
      return {
        ...value,
        scores: [...value.scores].map(([member, number]) => [member, String(number)]),
      };
  }
}
