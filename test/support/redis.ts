/**
 * A private redis-server for tests: its own port on loopback, its own folder, nothing written to
 * disk. It needs the `redis-server` binary on the path, which not every machine has.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort } from "./port.ts";

export interface RedisServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Whether this machine can start one. */
export function hasRedisServer(): boolean {
  return spawnSync("redis-server", ["--version"]).status === 0;
}

/** Starts a server and waits until it answers; `undefined` when the binary is not installed. */
export async function startRedis(): Promise<RedisServer | undefined> {
  if (!hasRedisServer()) return undefined;
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "redis-"));
  const child = spawn(
    "redis-server",
    [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--dir",
      folder,
      "--save",
      "",
      "--appendonly",
      "no",
    ],
    { stdio: "ignore" },
  );
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const stop = async () => {
    process.off("exit", kill);
    await endProcess(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await answered(child, port);
    return { port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Asks until the server answers PING, or has ended instead. */
async function answered(child: ChildProcess, port: number): Promise<void> {
  const redis = new Redis({
    port,
    host: "127.0.0.1",
    retryStrategy: () => 20,
    maxRetriesPerRequest: null,
  });
  redis.on("error", () => {});
  const ended = once(child, "exit").then(() => {
    throw new Error("redis-server ended before it answered");
  });
  try {
    await Promise.race([redis.ping(), ended]);
  } finally {
    ended.catch(() => {});
    redis.disconnect();
  }
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
