/**
 * Redis over REST. Commands go in as data, replies come out, all of one call or none (MULTI/EXEC),
 * in one HTTP request. The only file that knows `@upstash/redis` and its traps: what cannot be
 * asked is a `Refusal` and never reads as "not found"; nothing is repeated that must not be; no
 * command is ever quoted in an error.
 */
import { Redis as UpstashRedis, type Requester } from "@upstash/redis";
import * as z from "zod";
import { Refusal } from "../errors.ts";
import { parseJson } from "../json.ts";
import type { Command, Reply } from "./command.ts";
import { nameFailure, nameSilence, type StoreFailure } from "./store-failure.ts";

interface Account {
  readonly url: string;
  readonly token: string;
}

export interface Redis {
  /**
   * Runs the commands as one transaction and returns their replies in order. A lost answer is asked
   * for again; `isPatient` also asks again what the store was too busy for, within a few seconds.
   * Refuses with a `store_…` reason; then the commands may or may not have run, now or later.
   */
  transact(
    commands: readonly Command[],
    options?: { readonly isPatient?: boolean },
  ): Promise<readonly Reply[]>;
}

/** A try waits this long for Upstash, connection included. */
const TRY_TIMEOUT_MS = 1500;
const LONGEST_RETRY_AFTER_SECONDS = 120;

const replySchema = z.union([z.string(), z.number(), z.null(), z.array(z.string())]);
const repliesSchema = z.array(replySchema);
const answerSchema = z.array(z.object({ result: z.unknown(), error: z.undefined().optional() }));
const walkSchema = z.tuple([z.tuple([z.coerce.string(), z.array(z.string())])]);

/** How many keys one step of a walk looks at. */
const KEYS_PER_STEP = 500;

interface Walk {
  readonly prefix: string;
  readonly type: "string" | "hash" | "zset";
  /** Takes the same step again after a refusal: a walk that ended would begin at its beginning. */
  readonly insist?: <Value>(run: () => Promise<Value>) => Promise<Value>;
}

/**
 * The keys of one type that begin with the prefix, page by page, each at least once: for operators,
 * never for a request.
 */
export async function* walkKeys(
  account: Account,
  { prefix, type, insist = async (run) => run() }: Walk,
  send: typeof fetch = fetch,
): AsyncGenerator<readonly string[]> {
  const client = new UpstashRedis(createRequester(account, send));
  const match = `${prefix.replaceAll(/[\\*?[\]]/g, "\\$&")}*`;
  let cursor = "0";
  do {
    const options = { match, count: KEYS_PER_STEP, type };
    const scan = () => client.multi().scan(cursor, options).exec();
    const step = await insist(() => repeat(scan, { isPatient: true }));
    const [[next, keys]] = walkSchema.parse(step);
    yield keys;
    cursor = next;
  } while (cursor !== "0");
}

/** Connects to an Upstash database. Sends nothing yet. */
export function createRedis(account: Account, send: typeof fetch): Redis {
  const client = new UpstashRedis(createRequester(account, send));
  return { transact: (commands, options) => repeat(() => runOnce(client, commands), options) };
}

/** How often the same commands are sent, by how much they matter. */
const MOST_TRIES = { lost: 2, patient: 4 } as const;
const LONGEST_PAUSE_MS = 2000;

/** Repeats what got no answer, and, when patient, what is known not to have run. */
async function repeat<Value>(
  run: () => Promise<Value>,
  { isPatient = false }: { readonly isPatient?: boolean } = {},
): Promise<Value> {
  for (let tries = 1; ; tries++) {
    try {
      return await run();
    } catch (error) {
      const pauseMs = pauseAfter(error, isPatient);
      if (pauseMs === undefined || tries >= (isPatient ? MOST_TRIES.patient : MOST_TRIES.lost))
        throw error;
      if (pauseMs > 0) await new Promise((resume) => setTimeout(resume, pauseMs));
    }
  }
}

/** How long to wait before the same commands are sent again; undefined when they are not. */
function pauseAfter(error: unknown, isPatient: boolean): number | undefined {
  if (isLostAnswer(error)) return 0;
  if (!isPatient || !(error instanceof Refusal) || error.reason !== "store_rate_limited")
    return undefined;
  return Math.min((error.retryAfterSeconds ?? 1) * 1000, LONGEST_PAUSE_MS);
}

async function runOnce(
  client: UpstashRedis,
  commands: readonly Command[],
): Promise<readonly Reply[]> {
  const transaction = client.multi();
  for (const command of commands) append(transaction, command);
  const replies = repliesSchema.safeParse(await transaction.exec());
  if (replies.data === undefined) throw new Refusal("store_answer_invalid");
  return replies.data;
}

type Transaction = ReturnType<UpstashRedis["multi"]>;

function append(transaction: Transaction, command: Command): unknown {
  if (isOnHash(command)) return appendToHash(transaction, command);
  if (isOnSet(command)) return appendToSet(transaction, command);
  switch (command.do) {
    case "get":
      return transaction.get(command.key);
    case "claim":
      return transaction.set(command.key, command.value, {
        nx: true,
        get: true,
        ex: command.ttlSeconds,
      });
    case "write":
      return transaction.set(command.key, command.value, { ex: command.ttlSeconds });
    case "reseal":
      return transaction.set(command.key, command.value, { xx: true, keepTtl: true });
    case "delete":
      return transaction.del(...command.keys);
    case "bound":
      return transaction.expire(command.key, command.ttlSeconds, "NX");
    case "prolong":
      return transaction.expire(command.key, command.ttlSeconds, "GT");
    case "secondsLeft":
      return transaction.ttl(command.key);
  }
}

type HashCommand = Extract<Command, { do: `${string}Field` | `${string}Fields` }>;
type SetCommand = Extract<Command, { do: `note` | `${string}Note${string}` }>;

function isOnHash(command: Command): command is HashCommand {
  return /Fields?$/.test(command.do);
}

function isOnSet(command: Command): command is SetCommand {
  return /[nN]otes?/.test(command.do);
}

function appendToHash(transaction: Transaction, command: HashCommand): unknown {
  switch (command.do) {
    case "getFields":
      return transaction.hvals(command.key);
    case "getField":
      return transaction.hget(command.key, command.field);
    case "addField":
      return transaction.hsetnx(command.key, command.field, command.value);
    case "setFields":
      return transaction.hset(command.key, command.fields);
    case "deleteFields":
      return transaction.hdel(command.key, ...command.fields);
  }
}

function appendToSet(transaction: Transaction, command: SetCommand): unknown {
  switch (command.do) {
    case "note": {
      const [first, ...others] = command.members.map((member) => ({
        score: command.score,
        member,
      }));
      return first && transaction.zadd(command.key, first, ...others);
    }
    case "readNotes":
      return transaction.zrange(command.key, command.from, command.to ?? "+inf", {
        byScore: true,
        offset: command.skip,
        count: command.most,
        ...(command.withScores === undefined ? {} : { withScores: command.withScores }),
      });
    case "keepNewestNote":
      return transaction.zremrangebyrank(command.key, 0, -2);
    case "readNewestNote":
      return transaction.zrange(command.key, -1, -1, { withScores: true });
    case "dropNotes":
      return transaction.zrem(command.key, ...command.members);
    case "dropNotesBefore":
      return transaction.zremrangebyscore(command.key, "-inf", `(${command.score}`);
  }
}

/** A transaction is answered by a list; the client declares the answer to a single command. */
const declaredSchema = z.custom<never>();

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
      return declaredSchema.parse(replies.map(({ result }) => ({ result: quote(result) })));
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
