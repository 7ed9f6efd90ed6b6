/** The commands on hashes: arguments in, reply out, the keyspace changed. */
import type { Reply } from "../engine.ts";
import { type Arguments, takePairs } from "./arguments.ts";
import type { CommandTable } from "./command-table.ts";
import { wrongArity, wrongType } from "./errors.ts";
import { findEntry, type Keyspace, putValue, removeKey } from "./keyspace.ts";

export const hashCommands: CommandTable = {
  HSET: { arity: -4, writes: true, run: setFields },
  HSETNX: { arity: 4, writes: true, run: addField },
  HGET: { arity: 3, writes: false, run: getField },
  HDEL: { arity: -3, writes: true, run: deleteFields },
  HGETALL: {
    arity: 2,
    writes: false,
    run: (keyspace, args) => [...fieldsOf(keyspace, args)].flat(),
  },
  HVALS: {
    arity: 2,
    writes: false,
    run: (keyspace, args) => [...fieldsOf(keyspace, args).values()],
  },
  HLEN: { arity: 2, writes: false, run: (keyspace, args) => fieldsOf(keyspace, args).size },
};

function setFields(keyspace: Keyspace, args: Arguments): Reply {
  const key = args.take();
  const pairs = takePairs(args);
  if (pairs === undefined) throw wrongArity("HSET");
  const fields = findFields(keyspace, key) ?? new Map<string, string>();
  const sizeBefore = fields.size;
  for (const [field, text] of pairs) fields.set(field, text);
  putValue(keyspace, key, { type: "hash", fields });
  return fields.size - sizeBefore;
}

function addField(keyspace: Keyspace, args: Arguments): Reply {
  const [key, field, text] = [args.take(), args.take(), args.take()];
  const fields = findFields(keyspace, key) ?? new Map<string, string>();
  if (fields.has(field)) return 0;
  fields.set(field, text);
  putValue(keyspace, key, { type: "hash", fields });
  return 1;
}

function getField(keyspace: Keyspace, args: Arguments): Reply {
  return fieldsOf(keyspace, args).get(args.take()) ?? null;
}

function deleteFields(keyspace: Keyspace, args: Arguments): Reply {
  const key = args.take();
  const fields = findFields(keyspace, key);
  if (fields === undefined) return 0;
  const deleted = args.takeAll().filter((field) => fields.delete(field));
  if (fields.size === 0) removeKey(keyspace, key);
  return deleted.length;
}

function fieldsOf(keyspace: Keyspace, args: Arguments): ReadonlyMap<string, string> {
  return findFields(keyspace, args.take()) ?? new Map<string, string>();
}

function findFields(keyspace: Keyspace, key: string): Map<string, string> | undefined {
  const value = findEntry(keyspace, key)?.value;
  if (value === undefined) return undefined;
  if (value.type !== "hash") throw wrongType();
  return value.fields;
}
