/**
 * The commands on sorted sets: arguments in, reply out, the keyspace changed. Of ZRANGE the forms by
 * index and by score are known; BYLEX is a syntax error.
 */
import type { Reply } from "../engine.ts";
import {
  type Arguments,
  type OptionTable,
  parseOptions,
  readArguments,
  takePairs,
} from "./arguments.ts";
import type { CommandTable } from "./command-table.ts";
import { ReplyError, syntaxError, wrongType } from "./errors.ts";
import { findEntry, type Keyspace, putValue, removeKey } from "./keyspace.ts";
import { formatScore, parseIndex, parseScore, parseScoreRange } from "./numbers.ts";

export const sortedSetCommands: CommandTable = {
  ZADD: { arity: -4, writes: true, run: addMembers },
  ZREM: { arity: -3, writes: true, run: removeMembers },
  ZRANGE: { arity: -4, writes: false, run: rangeBy },
  ZRANGEBYSCORE: { arity: -4, writes: false, run: rangeByScore },
  ZREMRANGEBYRANK: { arity: 4, writes: true, run: removeRangeByRank },
  ZREMRANGEBYSCORE: { arity: 4, writes: true, run: removeRangeByScore },
};

type Scores = Map<string, number>;
type Ranked = [member: string, score: number];

function addMembers(keyspace: Keyspace, args: Arguments): Reply {
  const key = args.take();
  const { flags, pairs } = parseAddition(args);
  const existing = findScores(keyspace, key);
  if (existing === undefined && flags.has("XX")) return 0;
  const scores: Scores = existing ?? new Map<string, number>();
  let [added, changed] = [0, 0];
  for (const [member, score] of pairs) {
    const current = scores.get(member);
    if (!mayStore(flags, score, current)) continue;
    scores.set(member, score);
    if (current === undefined) added++;
    else if (current !== score) changed++;
  }
  if (scores.size > 0) putValue(keyspace, key, { type: "zset", scores });
  return flags.has("CH") ? added + changed : added;
}

const ADD_FLAGS: ReadonlySet<string> = new Set(["NX", "XX", "GT", "LT", "CH"]);

function parseAddition(args: Arguments): { flags: ReadonlySet<string>; pairs: Ranked[] } {
  const flags = new Set<string>();
  let argument = args.take();
  while (ADD_FLAGS.has(argument.toUpperCase())) {
    flags.add(argument.toUpperCase());
    argument = args.take();
  }
  const first = [argument, args.take()] as const;
  const others = args.count() === 0 ? [] : takePairs(args);
  if (others === undefined) throw syntaxError();
  assertCompatible(flags);
  return { flags, pairs: [first, ...others].map(([score, member]) => [member, parseScore(score)]) };
}

function assertCompatible(flags: ReadonlySet<string>): void {
  if (flags.has("NX") && flags.has("XX"))
    throw new ReplyError("ERR XX and NX options at the same time are not compatible");
  if (["NX", "GT", "LT"].filter((flag) => flags.has(flag)).length > 1)
    throw new ReplyError("ERR GT, LT, and/or NX options at the same time are not compatible");
}

/** GT and LT compare with an existing score only; they do not keep a new member out. */
function mayStore(flags: ReadonlySet<string>, score: number, current: number | undefined): boolean {
  if (current === undefined) return !flags.has("XX");
  if (flags.has("NX")) return false;
  return !(flags.has("GT") && score <= current) && !(flags.has("LT") && score >= current);
}

function removeMembers(keyspace: Keyspace, args: Arguments): Reply {
  const key = args.take();
  const scores = findScores(keyspace, key);
  const removed = args.takeAll().filter((member) => scores?.delete(member));
  if (scores?.size === 0) removeKey(keyspace, key);
  return removed.length;
}

const RANGE_OPTIONS: OptionTable = {
  REV: { values: 0 },
  WITHSCORES: { values: 0 },
  BYSCORE: { values: 0 },
  LIMIT: { values: 2 },
};

/** ZRANGE by score, lowest first, is ZRANGEBYSCORE under another name. */
function rangeBy(keyspace: Keyspace, args: Arguments): Reply {
  const all = args.takeAll();
  const isByScore = all.some((text) => text.toUpperCase() === "BYSCORE");
  if (!isByScore) return rangeByIndex(keyspace, readArguments(all));
  return rangeByScore(
    keyspace,
    readArguments(all.filter((text) => text.toUpperCase() !== "BYSCORE")),
  );
}

function rangeByIndex(keyspace: Keyspace, args: Arguments): Reply {
  const [key, startText, stopText] = [args.take(), args.take(), args.take()];
  const options = parseOptions(args, RANGE_OPTIONS);
  if (options.has("LIMIT")) throw syntaxError();
  const [start, stop] = [parseIndex(startText), parseIndex(stopText)];
  const ranking = rank(findScores(keyspace, key));
  if (options.has("REV")) ranking.reverse();
  const fromFront = (index: number) => Math.max(0, index < 0 ? ranking.length + index : index);
  const end = stop < 0 ? ranking.length + stop + 1 : stop + 1;
  return listOf(ranking.slice(fromFront(start), Math.max(0, end)), options.has("WITHSCORES"));
}

const SCORE_RANGE_OPTIONS: OptionTable = { WITHSCORES: { values: 0 }, LIMIT: { values: 2 } };

function rangeByScore(keyspace: Keyspace, args: Arguments): Reply {
  const [key, min, max] = [args.take(), args.take(), args.take()];
  const options = parseOptions(args, SCORE_RANGE_OPTIONS);
  const limit = options.get("LIMIT")?.values;
  const [offset, count] =
    limit === undefined ? [0, -1] : [parseIndex(limit.take()), parseIndex(limit.take())];
  const isInRange = parseScoreRange(min, max);
  const found = rank(findScores(keyspace, key)).filter(([, score]) => isInRange(score));
  const page = offset < 0 ? [] : found.slice(offset, count < 0 ? undefined : offset + count);
  return listOf(page, options.has("WITHSCORES"));
}

function removeRangeByScore(keyspace: Keyspace, args: Arguments): Reply {
  const key = args.take();
  const isInRange = parseScoreRange(args.take(), args.take());
  const scores = findScores(keyspace, key) ?? new Map<string, number>();
  const removed = [...scores].filter(([, score]) => isInRange(score));
  for (const [member] of removed) scores.delete(member);
  if (scores.size === 0) removeKey(keyspace, key);
  return removed.length;
}

function removeRangeByRank(keyspace: Keyspace, args: Arguments): Reply {
  const key = args.take();
  const [start, stop] = [parseIndex(args.take()), parseIndex(args.take())];
  const scores = findScores(keyspace, key) ?? new Map<string, number>();
  const ranking = rank(scores);
  const from = Math.max(0, start < 0 ? ranking.length + start : start);
  const end = Math.max(0, stop < 0 ? ranking.length + stop + 1 : stop + 1);
  const removed = ranking.slice(from, end);
  for (const [member] of removed) scores.delete(member);
  if (scores.size === 0) removeKey(keyspace, key);
  return removed.length;
}

/** By score, then by the bytes of the member. */
function rank(scores: ReadonlyMap<string, number> | undefined): Ranked[] {
  return [...(scores ?? [])].toSorted(
    ([oneMember, one], [otherMember, other]) =>
      Math.sign(one - other) || Buffer.compare(Buffer.from(oneMember), Buffer.from(otherMember)),
  );
}

function listOf(ranking: readonly Ranked[], withScores: boolean): string[] {
  return ranking.flatMap(([member, score]) => (withScores ? [member, formatScore(score)] : member));
}

function findScores(keyspace: Keyspace, key: string): Scores | undefined {
  const value = findEntry(keyspace, key)?.value;
  if (value === undefined) return undefined;
  if (value.type !== "zset") throw wrongType();
  return value.scores;
}
