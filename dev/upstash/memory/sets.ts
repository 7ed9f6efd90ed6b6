/** The commands on sets: arguments in, reply out, the keyspace changed. */
import type { Reply } from "../engine.ts";
import type { Arguments } from "./arguments.ts";
import type { CommandTable } from "./command-table.ts";
import { wrongType } from "./errors.ts";
import { findEntry, type Keyspace, putValue } from "./keyspace.ts";

export const setCommands: CommandTable = {
  SADD: { arity: -3, writes: true, run: addMembers },
  SMEMBERS: {
    arity: 2,
    writes: false,
    run: (keyspace, args) => [...(findMembers(keyspace, args.take()) ?? [])],
  },
};

function addMembers(keyspace: Keyspace, args: Arguments): Reply {
  const key = args.take();
  const members = findMembers(keyspace, key) ?? new Set<string>();
  const sizeBefore = members.size;
  for (const member of args.takeAll()) members.add(member);
  putValue(keyspace, key, { type: "set", members });
  return members.size - sizeBefore;
}

function findMembers(keyspace: Keyspace, key: string): Set<string> | undefined {
  const value = findEntry(keyspace, key)?.value;
  if (value === undefined) return undefined;
  if (value.type !== "set") throw wrongType();
  return value.members;
}
