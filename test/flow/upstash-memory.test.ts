/** What the memory engine does alone: its clock can be set, and its data taken out and put back. */
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Command } from "../../dev/upstash/engine.ts";
import { createMemoryEngine, type MemoryEngine } from "../../dev/upstash/memory-engine.ts";

const START_MS = 1_800_000_000_000;

const pageSchema = z.tuple([z.string(), z.array(z.string())]);

let nowMs: number;
let engine: MemoryEngine;

beforeEach(() => {
  nowMs = START_MS;
  engine = createMemoryEngine({ now: () => nowMs });
});

describe("a lifetime", () => {
  it.each<[Command, number]>([
    [["SET", "key", "value", "EX", "10"], 10_000],
    [["SET", "key", "value", "PX", "1500"], 1500],
    [["SET", "key", "value", "EXAT", String(START_MS / 1000 + 20)], 20_000],
    [["SET", "key", "value", "PXAT", String(START_MS + 7)], 7],
  ])("of %j ends after %i ms", async (command, lifetimeMs) => {
    await run(...command);
    nowMs += lifetimeMs;
    expect(await run("PTTL", "key")).toBe(0);
    expect(await run("GET", "key")).toBe("value");
    nowMs += 1;
    expect(await run("GET", "key")).toBeNull();
    expect(await run("PTTL", "key")).toBe(-2);
    expect(await run("DBSIZE")).toBe(0);
  });

  it("that was over before it began leaves nothing to read", async () => {
    await run("SET", "key", "value", "EXAT", "1");
    expect(await run("GET", "key")).toBeNull();
  });

  it("is rounded to the nearest second by TTL", async () => {
    await run("SET", "key", "value", "PX", "1499");
    expect(await run("TTL", "key")).toBe(1);
    await run("PEXPIRE", "key", "1500");
    expect(await run("TTL", "key")).toBe(2);
  });

  it("ends with a plain SET, and stays with KEEPTTL and INCR", async () => {
    await run("SET", "key", "1", "EX", "10");
    await run("SET", "key", "2", "KEEPTTL");
    await run("INCR", "key");
    expect(await run("TTL", "key")).toBe(10);
    await run("SET", "key", "4");
    expect(await run("TTL", "key")).toBe(-1);
  });

  it("moves only later with GT and only earlier with LT", async () => {
    await run("SET", "key", "value", "EX", "10");
    expect(await run("EXPIRE", "key", "10", "GT")).toBe(0);
    expect(await run("EXPIRE", "key", "11", "GT")).toBe(1);
    expect(await run("EXPIRE", "key", "11", "LT")).toBe(0);
    expect(await run("EXPIRE", "key", "9", "LT")).toBe(1);
    expect(await run("TTL", "key")).toBe(9);
  });
});

describe("a SCAN", () => {
  it("misses no key and repeats none when others come and go meanwhile", async () => {
    const keys = Array.from({ length: 30 }, (_, index) => `key:${index}`);
    for (const key of keys) await run("SET", key, "value");
    const [cursor, firstPage] = pageSchema.parse(await run("SCAN", "0"));
    await run("DEL", ...firstPage.slice(1, -1));
    await run("SET", "late", "value");
    const [end, rest] = pageSchema.parse(await run("SCAN", cursor, "COUNT", "100"));
    expect(end).toBe("0");
    expect([...firstPage, ...rest]).toEqual([...keys, "late"]);
  });
});

describe("a snapshot", () => {
  it("brings back every type, value and lifetime", async () => {
    await run("SET", "string", "ü🙂", "PX", "5000");
    await run("HSET", "hash", "a", "1", "__proto__", "2");
    await run("SADD", "set", "m", "n");
    await run("ZADD", "zset", "0.1", "m", "-inf", "n");
    await run("SET", "over", "value", "PX", "1");
    nowMs += 2000;
    engine = createMemoryEngine({ now: () => nowMs, snapshot: engine.snapshot() });
    expect(await run("PTTL", "string")).toBe(3000);
    expect(await run("GET", "string")).toBe("ü🙂");
    expect(await run("HGETALL", "hash")).toEqual(["a", "1", "__proto__", "2"]);
    expect(await run("SMEMBERS", "set")).toEqual(["m", "n"]);
    expect(await run("ZRANGE", "zset", "0", "-1", "WITHSCORES")).toEqual([
      "n",
      "-inf",
      "m",
      "0.10000000000000001",
    ]);
    expect(await run("TTL", "zset")).toBe(-1);
    expect(await run("DBSIZE")).toBe(4);
  });

  it.each([
    "",
    "null",
    "{",
    '{"format":2,"keys":[]}',
    '{"format":1,"keys":[{"key":"a","value":{"type":"list"}}]}',
  ])("is refused when it is %j", (snapshot) => {
    expect(() => createMemoryEngine({ snapshot })).toThrow();
  });

  it("is due after a command that writes, and only then", async () => {
    let writes = 0;
    engine = createMemoryEngine({ onWrite: () => (writes += 1) });
    await run("GET", "key");
    expect(writes).toBe(0);
    await run("SET", "key", "value");
    await engine.transact([
      ["DEL", "key"],
      ["GET", "key"],
    ]);
    expect(writes).toBe(2);
  });
});

async function run(...command: Command) {
  const outcome = await engine.run(command);
  if ("error" in outcome) throw new Error(outcome.error);
  return outcome.result;
}
