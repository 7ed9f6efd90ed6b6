/**
 * A store for tests: the real REST protocol on a free port, in front of the memory engine or of a
 * private redis-server, with faults on request and a view of everything that is stored.
 */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { Command, Engine, Reply } from "../../dev/upstash/engine.ts";
import { createMemoryEngine } from "../../dev/upstash/memory-engine.ts";
import { createRedisEngine } from "../../dev/upstash/redis-engine.ts";
import { createRestApi } from "../../dev/upstash/rest.ts";
import { serveRest } from "../../dev/upstash/server.ts";
import { hasRedisServer, startRedis } from "./redis.ts";
import { type Faults, type Wire, withFaults } from "./store-faults.ts";

export type EngineName = "memory" | "redis";

export interface TestStore {
  readonly url: string;
  readonly token: string;
  readonly faults: Faults;
  readonly wire: Wire;
  /** Runs a command past the wire and its faults, for instance to tamper. Throws when it fails. */
  run(...command: Command): Promise<Reply>;
  /** Every key and every value, as text. */
  dump(): Promise<string[]>;
  /** Forgets everything stored. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The engines that this machine has. Without a redis-server it says aloud what is not tested, and
 * in CI it throws.
 */
export function availableEngines(): EngineName[] {
  if (hasRedisServer()) return ["memory", "redis"];
  const warning = "redis-server is not installed: tests against a real Redis";
  if (process.env["CI"]) throw new Error(`${warning} cannot run`);
  console.warn(`${warning} are skipped`);
  return ["memory"];
}

/**
 * Starts a store. `now` (epoch milliseconds) is the memory engine's clock; a real Redis has its
 * own.
 */
export async function startStore(options: {
  engine: EngineName;
  now?: () => number;
}): Promise<TestStore> {
  const { engine, stop } = await startEngine(options);
  const token = randomBytes(18).toString("base64url");
  const { api, faults, wire } = withFaults(createRestApi({ engine, token }));
  const server = await serveRest(api, { port: 0 });
  const run = (...command: Command) => runOn(engine, command);
  return {
    url: server.url,
    token,
    faults,
    wire,
    run,
    dump: () => dumpOf(run),
    flush: async () => void (await run("FLUSHDB")),
    async close() {
      faults.clear();
      await server.close();
      await stop();
    },
  };
}

type Run = TestStore["run"];

/** Starts an engine by its name. Throws when this machine has none of that name. */
export async function startEngine(options: {
  engine: EngineName;
  now?: () => number;
}): Promise<{ engine: Engine; stop(): Promise<void> }> {
  if (options.engine === "memory")
    return { engine: createMemoryEngine(options), stop: async () => {} };
  const redis = await startRedis();
  if (redis === undefined) throw new Error("redis-server is not installed");
  const engine = createRedisEngine(redis.port);
  const stop = async () => {
    engine.close();
    await redis.stop();
  };
  return { engine, stop };
}

async function runOn(engine: Engine, command: Command): Promise<Reply> {
  const outcome = await engine.run(command);
  if ("error" in outcome) throw new Error(outcome.error);
  return outcome.result;
}

const scanSchema = z.tuple([z.string(), z.array(z.string())]);
const contentSchema = z.union([z.string().transform((text) => [text]), z.array(z.string())]);

/** The command that reads a key of each type. */
const READERS = {
  string: (key: string): Command => ["GET", key],
  hash: (key: string): Command => ["HGETALL", key],
  set: (key: string): Command => ["SMEMBERS", key],
  zset: (key: string): Command => ["ZRANGE", key, "0", "-1", "WITHSCORES"],
};
const typeSchema = z.enum(["string", "hash", "set", "zset", "none"]);

/** What of a dump is in plain sight: in what is sealed any short word can stand by chance. */
export function inPlainSight(dump: readonly string[]): string[] {
  return dump.map((text) => text.replace(/v1\.[\w-]{8}\.[\w-]+$/, ""));
}

async function dumpOf(run: Run): Promise<string[]> {
  const texts: string[] = [];
  let cursor = "0";
  do {
    const [next, keys] = scanSchema.parse(await run("SCAN", cursor, "COUNT", "1000"));
    for (const key of keys) texts.push(key, ...(await readContent(run, key)));
    cursor = next;
  } while (cursor !== "0");
  return texts;
}

async function readContent(run: Run, key: string): Promise<string[]> {
  const type = typeSchema.parse(await run("TYPE", key));
  // It has ended since it was listed.
  if (type === "none") return [];
  return contentSchema.parse(await run(...READERS[type](key)));
}
