/**
 * Redis over REST. Commands go in as data, replies come out, all of one call or none (MULTI/EXEC),
 * in one HTTP request. The only file that knows `@upstash/redis` and its traps: what cannot be
 * asked is a `Refusal` and never reads as "not found"; nothing is repeated that must not be; no
 * command is ever quoted in an error.
 */
import { Redis as UpstashRedis, type Requester } from "@upstash/redis";
import * as z from "zod";
import { Refusal } from "../errors.ts";
import { nameFailure, nameSilence, type StoreFailure } from "./store-failure.ts";

/** The few commands of Redis 7.0 that we use. Keys and values are already hashed and sealed. */
export type Command =
  | { readonly do: "get"; readonly key: string }
  /** GETDEL: of many takers one gets it. */
  | { readonly do: "take"; readonly key: string }
  /** SET NX GET: null says the value is ours; anything else is the holder's value. */
  | {
      readonly do: "claim";
      readonly key: string;
      readonly value: string;
      readonly ttlSeconds: number;
    }
  | {
      readonly do: "write";
      readonly key: string;
      readonly value: string;
      readonly ttlSeconds: number;
    }
  /** SET XX GET: null says it was gone and stays gone; anything else is what was there. */
  | {
      readonly do: "replace";
      readonly key: string;
      readonly value: string;
      readonly ttlSeconds: number;
    }
  | { readonly do: "delete"; readonly key: string }
  | { readonly do: "extend"; readonly key: string; readonly ttlSeconds: number }
  /** TTL: seconds left; negative when there is no end or no record. */
  | { readonly do: "secondsLeft"; readonly key: string }
  | { readonly do: "getFields"; readonly key: string }
  | {
      readonly do: "setField";
      readonly key: string;
      readonly field: string;
      readonly value: string;
    }
  | { readonly do: "deleteField"; readonly key: string; readonly field: string };

/** A stored text, a list of stored texts, a count, or nothing. */
export type Reply = string | number | null | readonly string[];

interface Account {
  readonly url: string;
  readonly token: string;
}

export interface Redis {
  /**
   * Runs the commands as one transaction and returns their replies in order. `repeatable`: running
   * them twice is the same as once, so a lost answer may be asked for again, once. Refuses with a
   * `store_…` reason; then the commands may or may not have run.
   */
  transact(
    commands: readonly Command[],
    options: { readonly repeatable: boolean },
  ): Promise<readonly Reply[]>;
}

/** A try waits this long for Upstash, connection included. */
const TRY_TIMEOUT_MS = 1500;
const LONGEST_RETRY_AFTER_SECONDS = 120;

const replySchema = z.union([z.string(), z.number(), z.null(), z.array(z.string())]);
const answerSchema = z.array(z.object({ result: z.unknown(), error: z.undefined().optional() }));
const walkSchema = z.tuple([z.tuple([z.coerce.string(), z.array(z.string())])]);

/** How many keys one step of a walk looks at. */
const KEYS_PER_STEP = 500;

/**
 * Every key that begins with the prefix, each at least once: for operators, never for a request.
 */
export async function* walkKeys(
  account: Account,
  prefix: string,
  send: typeof fetch = fetch,
): AsyncGenerator<string> {
  const client = new UpstashRedis(createRequester(account, send));
  const pattern = `${prefix.replaceAll(/[\\*?[\]]/g, "\\$&")}*`;
  let cursor = "0";
  do {
    const step = await client.multi().scan(cursor, { match: pattern, count: KEYS_PER_STEP }).exec();
    const [[next, keys]] = walkSchema.parse(step);
    yield* keys;
    cursor = next;
  } while (cursor !== "0");
}

/** Connects to an Upstash database. Sends nothing yet. */
export function createRedis(account: Account, send: typeof fetch): Redis {
  const client = new UpstashRedis(createRequester(account, send));
  return {
    transact: async (commands, { repeatable }) => {
      try {
        return await runOnce(client, commands);
      } catch (error) {
        if (!repeatable || !isLostAnswer(error)) throw error;
        return await runOnce(client, commands);
      }
    },
  };
}

async function runOnce(
  client: UpstashRedis,
  commands: readonly Command[],
): Promise<readonly Reply[]> {
  const transaction = client.multi();
  for (const command of commands) append(transaction, command);
  const replies = z.array(replySchema).safeParse(await transaction.exec());
  if (replies.data === undefined) throw new Refusal("store_answer_invalid");
  return replies.data;
}

type Transaction = ReturnType<UpstashRedis["multi"]>;

function append(transaction: Transaction, command: Command): unknown {
  switch (command.do) {
    case "get":
      return transaction.get(command.key);
    case "take":
      return transaction.getdel(command.key);
    case "claim":
      return transaction.set(command.key, command.value, {
        nx: true,
        get: true,
        ex: command.ttlSeconds,
      });
    case "write":
      return transaction.set(command.key, command.value, { ex: command.ttlSeconds });
    case "replace":
      return transaction.set(command.key, command.value, {
        xx: true,
        get: true,
        ex: command.ttlSeconds,
      });
    case "delete":
      return transaction.del(command.key);
    case "extend":
      return transaction.expire(command.key, command.ttlSeconds);
    case "secondsLeft":
      return transaction.ttl(command.key);
    case "getFields":
      return transaction.hvals(command.key);
    case "setField":
      return transaction.hset(command.key, { [command.field]: command.value });
    case "deleteField":
      return transaction.hdel(command.key, command.field);
  }
}

/**
 * Our own transport under the Upstash client, since its own repeats writes up to six times, answers
 * "not found" for some timeouts, hides the HTTP status and quotes commands in its errors.
 */
function createRequester(account: Account, send: typeof fetch): Requester {
  let syncToken = "";
  return {
    readYourWrites: true,
    request: async ({ path = [], body }) => {
      const headers = {
        Authorization: `Bearer ${account.token}`,
        "Content-Type": "application/json",
        ...(syncToken === "" ? {} : { "upstash-sync-token": syncToken }),
      };
      const signal = AbortSignal.timeout(TRY_TIMEOUT_MS);
      const post = { method: "POST", headers, body: JSON.stringify(body), signal };
      const { response, replies } = await ask(() => send([account.url, ...path].join("/"), post));
      syncToken = response.headers.get("upstash-sync-token") ?? "";
      if (!Array.isArray(body) || replies.length !== body.length)
        throw new Refusal("store_answer_invalid");
      // A transaction is answered by a list; the client declares the answer to a single command.
      return z.custom<never>().parse(replies.map(({ result }) => ({ result: quote(result) })));
    },
  };
}

/** The client reads every text as JSON that it can; a quoted one it reads as the text it is. */
function quote(reply: unknown): unknown {
  const ours = replySchema.safeParse(reply).data;
  if (typeof ours === "string") return JSON.stringify(ours);
  return Array.isArray(ours) ? ours.map((text) => JSON.stringify(text)) : reply;
}

/** Sends a request and reads its answer as far as it is one. */
async function ask(send: () => Promise<Response>) {
  let response: Response;
  let text: string;
  try {
    response = await send();
    text = await response.text();
  } catch (error) {
    throw refusalFor(nameSilence(error));
  }
  const replies = answerSchema.safeParse(parseJson(text));
  if (response.ok && replies.success) return { response, replies: replies.data };
  throw refusalFor(nameFailure(response.status, text), response.headers);
}

/** Marks the failures after which nobody knows whether the commands ran. */
const LOST_ANSWER = "no answer";

function isLostAnswer(error: unknown): boolean {
  return error instanceof Refusal && error.cause === LOST_ANSWER;
}

function refusalFor({ reason, isOpen, facts }: StoreFailure, headers?: Headers): Refusal {
  const retry = headers?.get("Retry-After") ?? null;
  return new Refusal(reason, {
    facts,
    ...(isOpen ? { cause: LOST_ANSWER } : {}),
    ...(retry !== null || reason === "store_rate_limited"
      ? { retryAfterSeconds: retryAfterSeconds(retry) }
      : {}),
  });
}

function retryAfterSeconds(header: string | null): number {
  const seconds = Number(header ?? Number.NaN);
  return Number.isFinite(seconds)
    ? Math.min(Math.max(1, Math.ceil(seconds)), LONGEST_RETRY_AFTER_SECONDS)
    : 10;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
