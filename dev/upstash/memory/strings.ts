/** The commands on strings: arguments in, reply out, the keyspace changed. */
import type { Reply } from "../engine.ts";
import { type Arguments, type OptionTable, parseOptions } from "./arguments.ts";
import type { CommandTable } from "./command-table.ts";
import { ReplyError, wrongType } from "./errors.ts";
import { endOfLifetime, LIFETIME_OPTIONS } from "./expiry.ts";
import { findEntry, type Keyspace, NEVER, putValue, removeKey } from "./keyspace.ts";
import { LARGEST_INTEGER, parseInteger } from "./numbers.ts";

export const stringCommands: CommandTable = {
  SET: { arity: -3, writes: true, run: set },
  GET: { arity: 2, writes: false, run: (keyspace, args) => findText(keyspace, args.take()) },
  GETDEL: { arity: 2, writes: true, run: getAndDelete },
  MGET: { arity: -2, writes: false, run: getMany },
  INCR: { arity: 2, writes: true, run: increment },
};

const SET_OPTIONS: OptionTable = {
  ...LIFETIME_OPTIONS,
  KEEPTTL: { values: 0, group: "lifetime" },
  NX: { values: 0, group: "condition" },
  XX: { values: 0, group: "condition" },
  GET: { values: 0 },
};

/** `GET` answers with the old value whether or not the condition let the new one in (Redis 7.0). */
function set(keyspace: Keyspace, args: Arguments): Reply {
  const [key, text] = [args.take(), args.take()];
  const options = parseOptions(args, SET_OPTIONS);
  const lifetime = options.get("lifetime");
  const keepsLifetime = lifetime?.name === "KEEPTTL";
  const expiresAtMs =
    lifetime === undefined || keepsLifetime
      ? NEVER
      : endOfLifetime(lifetime, "SET", keyspace.nowMs);
  const old = options.has("GET") ? findText(keyspace, key) : null;
  const condition = options.get("condition")?.name;
  const isAllowed =
    condition === undefined || (condition === "XX") === (findEntry(keyspace, key) !== undefined);
  if (isAllowed) {
    const entry = putValue(keyspace, key, { type: "string", text });
    if (!keepsLifetime) entry.expiresAtMs = expiresAtMs;
  }
  return options.has("GET") || !isAllowed ? old : "OK";
}

function getAndDelete(keyspace: Keyspace, args: Arguments): Reply {
  const key = args.take();
  const text = findText(keyspace, key);
  removeKey(keyspace, key);
  return text;
}

/** A key of another type counts as absent here. */
function getMany(keyspace: Keyspace, args: Arguments): Reply {
  return args.takeAll().map((key) => {
    const value = findEntry(keyspace, key)?.value;
    return value?.type === "string" ? value.text : null;
  });
}

function increment(keyspace: Keyspace, args: Arguments): Reply {
  const key = args.take();
  const number = parseInteger(findText(keyspace, key) ?? "0");
  if (number === LARGEST_INTEGER) throw new ReplyError("ERR increment or decrement would overflow");
  putValue(keyspace, key, { type: "string", text: String(number + 1n) });
  return Number(number + 1n);
}

function findText(keyspace: Keyspace, key: string): string | null {
  const value = findEntry(keyspace, key)?.value;
  if (value === undefined) return null;
  if (value.type !== "string") throw wrongType();
  return value.text;
}
