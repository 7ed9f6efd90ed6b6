/**
 * Random but repeatable requests to a Redis REST server, for comparing two engines: a seed goes in,
 * requests made of every command shape below come out. Nothing in them depends on the exact time.
 */
import fc from "fast-check";
import type { Command } from "../../dev/upstash/engine.ts";

export interface RandomRequest {
  readonly path: "/" | "/pipeline" | "/multi-exec";
  readonly isBase64: boolean;
  readonly commands: readonly { readonly shape: string; readonly command: Command }[];
}

/** Makes `count` requests; the same ones for the same seed. */
export function makeRequests(seed: number, count: number): RandomRequest[] {
  return fc.sample(request, { seed, numRuns: count });
}

/** What a word of a shape stands for; any other word stands for itself. */
const WORDS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  "<string>": keyOf("string"),
  "<hash>": keyOf("hash"),
  "<set>": keyOf("set"),
  "<zset>": keyOf("zset"),
  "<key>": keyOf("string", "hash", "set", "zset"),
  "<value>": fc.constantFrom(
    "",
    "a",
    "10",
    "-5",
    "007",
    "9223372036854775806",
    " 1",
    "OK",
    "ü🙂",
    '{"a":1}',
  ),
  "<member>": fc.constantFrom("m", "n", "o", "10", "ü", "🙂", "\uffee", ""),
  "<field>": fc.constantFrom("f", "g", "h", "ü", ""),
  "<score>": mostly(
    ["0", "1", "-1.5", "0.1", "1700000000", "1e3", "1e17", "3e-5", "inf", "-inf", ".5"],
    ["x", "", " 1", "nan", "1e400"],
  ),
  "<low>": mostly(["-inf", "-1.5", "0", "(0", ""], ["x"]),
  "<high>": mostly(["+inf", "1", "(1", "1000", "1700000000", "("], ["x"]),
  "<index>": mostly(["0", "1", "2", "-1", "-2", "5", "-9"], ["x", "1.5"]),
  "<seconds>": lifetime(1),
  "<milliseconds>": lifetime(1000),
  "<second>": moment(1),
  "<millisecond>": moment(1000),
  "<past>": fc.constantFrom("1", "1700000000"),
  "<glob>": fc.constantFrom(
    "*",
    "string:*",
    "*:[12]",
    "hash:?",
    "*:[^1]",
    "[s-z]*",
    "[z-s]*",
    "*:[1",
    "*:\\1",
    "\\*",
    "nothing",
    "*e*:1",
  ),
};

/** Every command and every form of it that the memory engine knows, and how each goes wrong. */
export const SHAPES: readonly string[] = [
  "PING",
  "PING <value>",
  "PING a b",
  "DBSIZE",
  "FLUSHDB x",
  "FLUSHDB ASYNC",
  "NOSUCH <value>",
  "GET",
  "SET <string>",
  "SET <string> <value>",
  "set <string> <value> nx",
  "SET <string> <value> XX",
  "SET <key> <value> GET",
  "SET <string> <value> NX GET",
  "SET <key> <value> XX GET",
  "SET <string> <value> KEEPTTL",
  "SET <string> <value> EX <seconds>",
  "SET <string> <value> PX <milliseconds>",
  "SET <string> <value> EXAT <second>",
  "SET <string> <value> PXAT <millisecond>",
  "SET <string> <value> NX GET EX <seconds>",
  "SET <string> <value> EX <seconds> XX",
  "SET <string> <value> NX XX",
  "SET <string> <value> EX <seconds> KEEPTTL",
  "SET <string> <value> EX",
  "SET <string> <value> EX <seconds> EX <seconds>",
  "SET <string> <value> PERSIST",
  "SET <string> <value> WHAT",
  "GET <key>",
  "GETDEL <string>",
  "GETDEL <key>",
  "MGET <key> <string> <string>",
  "INCR <string>",
  "INCR <key>",
  "DEL <key>",
  "DEL <key> <key> <key>",
  "EXISTS <key>",
  "EXISTS <key> <key> <string>",
  "TYPE <key>",
  "EXPIRE <key> <seconds>",
  "EXPIRE <key> <seconds> NX",
  "EXPIRE <key> <seconds> XX",
  "EXPIRE <key> <seconds> GT",
  "EXPIRE <key> <seconds> LT",
  "EXPIRE <key> <seconds> XX GT",
  "EXPIRE <key> <seconds> NX GT",
  "EXPIRE <key> <seconds> GT LT",
  "EXPIRE <key> <seconds> WHAT",
  "PEXPIRE <key> <milliseconds>",
  "PEXPIRE <key> <milliseconds> GT",
  "PEXPIRE <key> -9223372036854775808",
  "EXPIRE <key> -9223372036854775808",
  "PERSIST <key>",
  "TTL <key>",
  "PTTL <key>",
  "HSET <hash> f 1 g 2 h 3",
  "HSET <hash> <field> <value>",
  "HSET <hash> <field> <value> <field> <value>",
  "HSET <hash> <field> <value> <field>",
  "HSET <key> <field> <value>",
  "HSETNX <hash> <field> <value>",
  "HSETNX <key> <field> <value>",
  "HGET <hash> <field>",
  "HGET <key> <field>",
  "HDEL <hash> <field>",
  "HDEL <key> <field> <field>",
  "HGETALL <hash>",
  "HGETALL <key>",
  "HVALS <hash>",
  "HLEN <hash>",
  "SADD <set> m n o",
  "SADD <set> <member>",
  "SADD <set> <member> <member>",
  "SADD <key> <member>",
  "SMEMBERS <set>",
  "ZADD <zset> 3 m 1 n 1 ü 2 o",
  "ZADD <zset> <score> <member>",
  "ZADD <zset> <score> <member> <score> <member>",
  "ZADD <key> <score> <member>",
  "ZADD <zset> NX <score> <member>",
  "ZADD <zset> XX <score> <member>",
  "ZADD <zset> gt <score> <member>",
  "ZADD <zset> LT CH <score> <member>",
  "ZADD <zset> XX GT CH <score> <member>",
  "ZADD <zset> CH <score> <member>",
  "ZADD <zset> NX XX <score> <member>",
  "ZADD <zset> GT LT <score> <member>",
  "ZADD <zset> NX GT <score> <member>",
  "ZADD <zset> <score> <member> <score>",
  "ZADD <zset> NX CH",
  "ZREM <zset> <member>",
  "ZREM <key> <member> <member>",
  "ZRANGE <zset> 0 -1 WITHSCORES",
  "ZRANGE <zset> <index> <index>",
  "ZRANGE <zset> <index> <index> REV",
  "ZRANGE <key> <index> <index> REV WITHSCORES",
  "ZRANGE <zset> <index> <index> WHAT",
  "ZRANGEBYSCORE <zset> <low> <high>",
  "ZRANGEBYSCORE <zset> <low> <high> WITHSCORES",
  "ZRANGEBYSCORE <zset> -inf +inf LIMIT <index> <index>",
  "ZRANGEBYSCORE <key> <low> <high> LIMIT 1",
  "ZREMRANGEBYSCORE <zset> <low> <high>",
  "ZREMRANGEBYSCORE <key> <low> <high>",
  "ZREMRANGEBYRANK <zset> <index> <index>",
  "ZREMRANGEBYRANK <key> <index> <index>",
  "SCAN 0 COUNT 1000",
  "SCAN 0 MATCH <glob> COUNT 1000",
  "SCAN x",
  "SCAN 0 COUNT 0",
  "SCAN 0 COUNT x",
  "SCAN 0 MATCH",
];

/** A flush among few commands would leave little to compare. */
const command = fc
  .oneof(
    ...SHAPES.map((shape) => ({
      weight: shape === "FLUSHDB ASYNC" ? 1 : 9,
      arbitrary: fc.constant(shape),
    })),
  )
  .chain((shape) => commandOf(shape).map((words) => ({ shape, command: words })));

const request: fc.Arbitrary<RandomRequest> = fc
  .record({
    path: fc.constantFrom("/", "/pipeline", "/multi-exec"),
    isBase64: fc.boolean(),
    commands: fc.array(command, { minLength: 1, maxLength: 6 }),
  })
  .map((made) => (made.path === "/" ? { ...made, commands: made.commands.slice(0, 1) } : made));

function commandOf(shape: string): fc.Arbitrary<Command> {
  const words = shape.split(" ").map((word) => WORDS[word] ?? fc.constant(word));
  return fc.tuple(...words).map(([name = "", ...args]): Command => [name, ...args]);
}

/** Few keys, so that they are met again; now and then one of another type. */
function keyOf(...types: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 9, arbitrary: numbered(types) },
    { weight: 1, arbitrary: numbered(["string", "hash", "set", "zset"]) },
  );
}

function numbered(types: readonly string[]): fc.Arbitrary<string> {
  const parts = fc.tuple(fc.constantFrom(...types), fc.constantFrom("1", "2"));
  return parts.map((words) => words.join(":"));
}

function mostly(sound: readonly string[], odd: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...sound) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  );
}

/** Evenly spread, so that no two lifetimes are so close that the passing of time decides. */
function lifetime(perSecond: number): fc.Arbitrary<string> {
  const sound = fc
    .noBias(fc.integer({ min: 1000 * perSecond, max: 1_000_000 * perSecond }))
    .map(String);
  const odd = fc.constantFrom("0", "-1", "x", "1.5", "", "9223372036854775807", "9223372036854775");
  return fc.oneof({ weight: 9, arbitrary: sound }, { weight: 1, arbitrary: odd });
}

/** A time in the twenty-second century. */
function moment(perSecond: number): fc.Arbitrary<string> {
  return fc
    .noBias(fc.integer({ min: 1, max: 1_000_000 * perSecond }))
    .map((offset) => String(4_200_000_000 * perSecond + offset));
}
