/**
 * An engine that asks a real redis-server: commands go out as they came, replies come back as RESP2
 * gives them. For tests; commands that change the connection itself (SUBSCRIBE, MULTI) are not for
 * it.
 */
import { Redis } from "ioredis";
import { z } from "zod";
import type { Command, Engine, Outcome, Reply } from "./engine.ts";

const replySchema: z.ZodType<Reply> = z.lazy(() =>
  z.union([z.string(), z.number(), z.null(), z.array(replySchema)]),
);

/** Connects to a redis-server on this machine; `close` ends the connection. */
export function createRedisEngine(port: number): Engine & { close(): void } {
  const redis = new Redis({ port, host: "127.0.0.1", protocol: 2, retryStrategy: null });
  // Without a listener, a server that goes away while nothing is asked would end the process.
  redis.on("error", () => {});
  return {
    run: ([name, ...args]) => redis.call(nameOnWire(name), args).then(succeeded, failed),
    async transact(commands) {
      const transaction = redis.multi();
      for (const [name, ...args] of commands) transaction.call(nameOnWire(name), args);
      try {
        const replies = (await transaction.exec()) ?? [];
        return replies.map(([error, reply]) => (error === null ? succeeded(reply) : failed(error)));
      } catch (error) {
        return failed(error);
      }
    },
    close: () => redis.disconnect(),
  };
}

/** ioredis reshapes the replies of commands that it knows, and it knows them in small letters. */
function nameOnWire(name: Command[0]): string {
  return name.toUpperCase();
}

function succeeded(reply: unknown): Outcome {
  return { result: replySchema.parse(reply) };
}

function failed(error: unknown): { error: string } {
  if (error instanceof Error && error.name === "ReplyError") return { error: error.message };
  throw error;
}
