/**
 * Lifetimes: EXPIRE and its kin, and the moment at which an `EX`, `PX`, `EXAT` or `PXAT` ends.
 * Times are epoch milliseconds inside.
 */
import type { Reply } from "../engine.ts";
import type { Arguments, Option, OptionTable } from "./arguments.ts";
import type { CommandTable } from "./command-table.ts";
import { invalidExpireTime, ReplyError } from "./errors.ts";
import { findEntry, type Keyspace, NEVER, removeKey } from "./keyspace.ts";
import { LARGEST_INTEGER, parseInteger, SMALLEST_INTEGER } from "./numbers.ts";

export const expiryCommands: CommandTable = {
  EXPIRE: { arity: -3, writes: true, run: (keyspace, args) => expire(keyspace, args, SECONDS) },
  PEXPIRE: {
    arity: -3,
    writes: true,
    run: (keyspace, args) => expire(keyspace, args, MILLISECONDS),
  },
  PERSIST: { arity: 2, writes: true, run: persist },
  TTL: { arity: 2, writes: false, run: (keyspace, args) => timeToLive(keyspace, args, SECONDS) },
  PTTL: {
    arity: 2,
    writes: false,
    run: (keyspace, args) => timeToLive(keyspace, args, MILLISECONDS),
  },
};

/** The options that give a string its lifetime. */
export const LIFETIME_OPTIONS = {
  EX: { values: 1, group: "lifetime" },
  PX: { values: 1, group: "lifetime" },
  EXAT: { values: 1, group: "lifetime" },
  PXAT: { values: 1, group: "lifetime" },
} as const satisfies OptionTable;

/** When a lifetime option ends. Throws when that is not a positive 64-bit time. */
export function endOfLifetime(option: Option, command: string, nowMs: number): number {
  const amount = parseInteger(option.values.take());
  const unit = option.name.startsWith("EX") ? SECONDS : MILLISECONDS;
  const start = option.name.endsWith("AT") ? 0n : BigInt(nowMs);
  const end = start + amount * unit.milliseconds;
  if (amount <= 0n || end > LARGEST_INTEGER) throw invalidExpireTime(command);
  return Number(end);
}

interface Unit {
  readonly milliseconds: bigint;
  readonly command: string;
}

const SECONDS: Unit = { milliseconds: 1000n, command: "EXPIRE" };
const MILLISECONDS: Unit = { milliseconds: 1n, command: "PEXPIRE" };

function expire(keyspace: Keyspace, args: Arguments, unit: Unit): Reply {
  const [key, lifetime] = [args.take(), args.take()];
  const flags = parseExpireFlags(args);
  const expiresAtMs = endOfExpire(lifetime, unit, keyspace.nowMs);
  const entry = findEntry(keyspace, key);
  if (entry === undefined || !flags.every((flag) => FLAGS[flag](expiresAtMs, entry.expiresAtMs)))
    return 0;
  if (expiresAtMs <= keyspace.nowMs) removeKey(keyspace, key);
  else entry.expiresAtMs = expiresAtMs;
  return 1;
}

/** When each flag of EXPIRE lets the new end replace the current one. */
const FLAGS = {
  NX: (_next: number, current: number) => current === NEVER,
  XX: (_next: number, current: number) => current !== NEVER,
  GT: (next: number, current: number) => next > current,
  LT: (next: number, current: number) => next < current,
} as const;

type Flag = keyof typeof FLAGS;

function parseExpireFlags(args: Arguments): Flag[] {
  const flags = args.takeAll().map((text): Flag => {
    const flag = text.toUpperCase();
    if (isFlag(flag)) return flag;
    throw new ReplyError(`ERR Unsupported option ${text}`);
  });
  if (flags.includes("NX") && flags.some((flag) => flag !== "NX"))
    throw new ReplyError("ERR NX and XX, GT or LT options at the same time are not compatible");
  if (flags.includes("GT") && flags.includes("LT"))
    throw new ReplyError("ERR GT and LT options at the same time are not compatible");
  return flags;
}

function isFlag(text: string): text is Flag {
  return Object.hasOwn(FLAGS, text);
}

/** A lifetime that is over already is allowed here: it removes the key. */
function endOfExpire(lifetime: string, unit: Unit, nowMs: number): number {
  const milliseconds = parseInteger(lifetime) * unit.milliseconds;
  const end = milliseconds + BigInt(nowMs);
  if (end > LARGEST_INTEGER || milliseconds < SMALLEST_INTEGER)
    throw invalidExpireTime(unit.command);
  return Number(end);
}

function persist(keyspace: Keyspace, args: Arguments): Reply {
  const entry = findEntry(keyspace, args.take());
  if (entry === undefined || entry.expiresAtMs === NEVER) return 0;
  entry.expiresAtMs = NEVER;
  return 1;
}

function timeToLive(keyspace: Keyspace, args: Arguments, unit: Unit): Reply {
  const entry = findEntry(keyspace, args.take());
  if (entry === undefined) return -2;
  if (entry.expiresAtMs === NEVER) return -1;
  return Math.round((entry.expiresAtMs - keyspace.nowMs) / Number(unit.milliseconds));
}
