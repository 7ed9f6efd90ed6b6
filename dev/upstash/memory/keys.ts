/** The commands on keys of any type and on the server as a whole: arguments in, reply out. */
import type { Reply } from "../engine.ts";
import { type Arguments, type OptionTable, parseOptions } from "./arguments.ts";
import type { CommandTable } from "./command-table.ts";
import { ReplyError, syntaxError, wrongArity } from "./errors.ts";
import { globToRegExp } from "./glob.ts";
import { findEntry, type Keyspace, liveEntries, removeKey } from "./keyspace.ts";
import { parseIndex } from "./numbers.ts";

export const keyCommands: CommandTable = {
  PING: { arity: -1, writes: false, run: ping },
  DEL: { arity: -2, writes: true, run: deleteKeys },
  EXISTS: { arity: -2, writes: false, run: countExisting },
  TYPE: {
    arity: 2,
    writes: false,
    run: (keyspace, args) => findEntry(keyspace, args.take())?.value.type ?? "none",
  },
  SCAN: { arity: -2, writes: false, run: scan },
  DBSIZE: { arity: 1, writes: false, run: (keyspace) => liveEntries(keyspace).length },
  FLUSHDB: { arity: -1, writes: true, run: flush },
};

function ping(_keyspace: Keyspace, args: Arguments): Reply {
  if (args.count() > 1) throw wrongArity("PING");
  return args.count() === 1 ? args.take() : "PONG";
}

function deleteKeys(keyspace: Keyspace, args: Arguments): Reply {
  return args.takeAll().filter((key) => removeKey(keyspace, key)).length;
}

/** A key that is named twice counts twice. */
function countExisting(keyspace: Keyspace, args: Arguments): Reply {
  return args.takeAll().filter((key) => findEntry(keyspace, key) !== undefined).length;
}

const SCAN_OPTIONS: OptionTable = {
  MATCH: { values: 1 },
  COUNT: { values: 1 },
  TYPE: { values: 1 },
};
const DEFAULT_SCAN_COUNT = "10";

/** The cursor is the serial number of the last key looked at, so that no key is passed over. */
function scan(keyspace: Keyspace, args: Arguments): Reply {
  const cursorText = args.take();
  if (!/^\d{1,15}$/.test(cursorText)) throw new ReplyError("ERR invalid cursor");
  const options = parseOptions(args, SCAN_OPTIONS);
  const count = parseIndex(options.get("COUNT")?.values.take() ?? DEFAULT_SCAN_COUNT);
  if (count < 1) throw syntaxError();
  const pattern = globToRegExp(options.get("MATCH")?.values.take() ?? "*");
  const type = options.get("TYPE")?.values.take().toLowerCase();
  const unseen = liveEntries(keyspace).filter(([, entry]) => entry.serial > Number(cursorText));
  const page = unseen.slice(0, count);
  const next = unseen.length > count ? page.at(-1)?.[1].serial : 0;
  const wanted = page.filter(
    ([key, { value }]) => pattern.test(key) && (type === undefined || value.type === type),
  );
  return [String(next), wanted.map(([key]) => key)];
}

function flush(keyspace: Keyspace, args: Arguments): Reply {
  const mode = args.takeAll().join(" ").toUpperCase();
  if (!["", "ASYNC", "SYNC"].includes(mode)) throw syntaxError();
  keyspace.entries.clear();
  return "OK";
}
