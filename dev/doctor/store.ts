/**
 * Upstash as the Worker needs it: reachable, writable, quick, never dropping what it holds. Answers
 * of the REST protocol go in, verdicts come out. One key of the doctor's own is written and deleted.
 */
import { randomUUID } from "node:crypto";
import type { StoreConfig } from "../../src/config.ts";
import { type Answer, isAnswer, isObject, type NoAnswer } from "./answers.ts";
import { type Check, failure, ok, skipped, type Verdict, warning } from "./check.ts";
import { judgeClock, timeOf } from "./clock.ts";
import type { Subject } from "./subject.ts";

const area = "Store";

export const STORE_CHECKS: readonly Check[] = [
  { id: "store", area, needs: ["variables"], examine: withStore(examineReachable) },
  { id: "store-writable", area, needs: ["store"], examine: withStore(examineWritable) },
  { id: "store-clock", area, needs: ["store"], examine: withStore(examineClock) },
  { id: "store-latency", area, needs: ["store"], examine: withStore(examineLatency) },
  { id: "store-eviction", area, needs: ["store"], examine: withStore(examineEviction) },
  { id: "store-size", area, needs: ["store"], examine: withStore(examineSize) },
];

const PINGS = 5;
const SLOW_MS = 120;
/** Upstash's free plan. */
const FREE_BYTES = 256 * 1024 * 1024;
/** What a connection of a person takes in the mean (docs/storage.md). */
const RECORD_BYTES = 1500;

function withStore<Result>(
  run: (subject: Subject, store: StoreConfig) => Promise<Result>,
): (subject: Subject) => Promise<Result | undefined> {
  return async (subject) => {
    const store = subject.config?.auth?.store;
    return store && run(subject, store);
  };
}

async function examineReachable(subject: Subject, store: StoreConfig): Promise<Verdict> {
  return judgeStore(await command(subject, store, ["PING"]));
}

type Cause = readonly [words: RegExp, says: string, fix: string];

/** What Upstash and Redis say; the first that fits. */
const CAUSES: readonly Cause[] = [
  [
    /WRONGPASS|unauthorized/i,
    "the store does not accept the token",
    "UPSTASH_REDIS_REST_TOKEN: Upstash → your database → REST API → Token.",
  ],
  [
    /NOPERM|READONLY|read.?only/i,
    "the store can only be read with this token",
    "Use the other token: Upstash → your database → REST API → Token, with Read-Only off.",
  ],
  [
    /max (daily )?requests? limit|rate limit|quota/i,
    "the plan's number of commands is used up",
    "Upstash → your database → Usage: another plan, or wait for the next month.",
  ],
  [
    /max (database|data|storage) size|OOM|maxmemory/i,
    "the store is full",
    "Upstash → your database: a larger plan. Eviction stays off, or people lose their sign-ins.",
  ],
  [
    /max .*(record|request) size/i,
    "the store refuses records of this size",
    "Upstash → your database → Limits.",
  ],
];

/** Whether a database answers, and why not. */
export function judgeStore(answer: Answer | NoAnswer): Verdict {
  if (!isAnswer(answer))
    return failure(
      `nothing answers at UPSTASH_REDIS_REST_URL (${answer.failure})`,
      "Upstash → your database → REST API → HTTPS endpoint. A free database is put away after 30 idle days.",
    );
  const problem = judgeReply(answer);
  if (problem !== undefined) return problem;
  if (resultOf(answer.json) !== "PONG")
    return failure(
      `UPSTASH_REDIS_REST_URL is no Upstash database (${answer.status})`,
      "Upstash → your database → REST API → HTTPS endpoint (https://….upstash.io), not the redis:// address.",
    );
  return ok("a database answers at UPSTASH_REDIS_REST_URL");
}

/** What is wrong with an answer, or with one command of a transaction. */
export function judgeReply(answer: Answer): Verdict | undefined {
  const errors = [answer.json].flat().flatMap((reply) => {
    const error = isObject(reply) ? reply["error"] : undefined;
    return typeof error === "string" ? [error] : [];
  });
  const [error] = errors;
  if (answer.status === 401) return failureOf(CAUSES[0]);
  if (error === undefined && answer.status < 400) return undefined;
  const cause = CAUSES.find(([words]) => words.test(error ?? ""));
  return cause === undefined
    ? failure(`the store answers ${answer.status}`, "Upstash → your database → Logs, or try again.")
    : failureOf(cause);
}

function failureOf(cause: Cause | undefined): Verdict {
  const [, says = "", fix = ""] = cause ?? [];
  return failure(says, fix);
}

async function examineWritable(subject: Subject, store: StoreConfig): Promise<Verdict> {
  const key = `${store.prefix}doctor:${randomUUID()}`;
  const answer = await ask(subject, store, "/multi-exec", [
    ["SET", key, "one", "NX", "GET", "EX", "60"],
    ["SET", key, "two", "NX", "GET", "EX", "60"],
    ["GETDEL", key],
  ]);
  return judgeWritable(answer);
}

/** Whether a claim holds and a record can be taken once, as Redis 7.0 has them. */
export function judgeWritable(answer: Answer | NoAnswer): Verdict {
  if (!isAnswer(answer))
    return failure(`the store does not answer (${answer.failure})`, "Try again.");
  const problem = judgeReply(answer);
  if (problem !== undefined) return problem;
  const results = [answer.json].flat().map(resultOf);
  const isRight = results[0] === null && results[1] === "one" && results[2] === "one";
  return isRight
    ? ok("a record can be written, claimed and taken once")
    : failure(
        "the store does not do what Redis 7.0 does (SET NX GET)",
        "Use an Upstash database, or one with Redis 7.0 or later behind the REST protocol.",
      );
}

async function examineClock(subject: Subject, store: StoreConfig): Promise<Verdict> {
  const answer = await command(subject, store, ["TIME"]);
  const result = isAnswer(answer) ? resultOf(answer.json) : undefined;
  const told = Array.isArray(result) ? Number(result[0]) : timeOf(answer);
  return judgeClock("the store", told, subject.now());
}

async function examineLatency(subject: Subject, store: StoreConfig): Promise<Verdict> {
  const times: number[] = [];
  for (let round = 0; round < PINGS; round += 1) {
    const answer = await command(subject, store, ["PING"]);
    if (isAnswer(answer)) times.push(answer.durationMs);
  }
  return judgeLatency(times);
}

/** The median from here; how it is from Cloudflare, `readiness` tells. */
export function judgeLatency(timesMs: readonly number[]): Verdict {
  const median = timesMs.toSorted((one, other) => one - other)[Math.floor(timesMs.length / 2)];
  if (median === undefined) return skipped("the store's latency could not be measured");
  const says = `a command takes ${Math.round(median)} ms from here`;
  return median > SLOW_MS
    ? warning(
        says,
        "A sign-in asks about ten times in a row: choose the database's region near your people.",
      )
    : ok(says);
}

async function examineEviction(subject: Subject, store: StoreConfig): Promise<Verdict> {
  const answer = await command(subject, store, ["CONFIG", "GET", "maxmemory-policy"]);
  const result = isAnswer(answer) ? resultOf(answer.json) : undefined;
  if (Array.isArray(result)) return judgeEviction(String(result[1]));
  return judgeEviction(readInfo(await memoryInfo(subject, store))["maxmemory_policy"]);
}

/** Eviction takes records with an end first: tokens and sign-ins. */
export function judgeEviction(policy: string | undefined): Verdict {
  if (policy === undefined)
    return skipped(
      "the store does not tell whether it evicts",
      "Upstash → your database → Configuration: Eviction off.",
    );
  return policy === "noeviction"
    ? ok("the store never drops a record by itself")
    : failure(
        `the store drops records when it is full (${policy})`,
        "Upstash → your database → Configuration: Eviction off.",
      );
}

async function examineSize(subject: Subject, store: StoreConfig): Promise<Verdict> {
  const answer = await command(subject, store, ["DBSIZE"]);
  const count = isAnswer(answer) ? Number(resultOf(answer.json)) : Number.NaN;
  return judgeSize(count, readInfo(await memoryInfo(subject, store)));
}

/** How much of the plan the records take: as the store counts, or roughly. */
export function judgeSize(count: number, info: Readonly<Record<string, string>>): Verdict {
  if (!Number.isInteger(count)) return skipped("the store does not tell how many records it has");
  const used = Number(info["used_memory"]) || count * RECORD_BYTES;
  const limit = Number(info["maxmemory"]) || FREE_BYTES;
  const says = `${count} records, about ${inMegabytes(used)} of ${inMegabytes(limit)} MB`;
  return used / limit > 0.8
    ? warning(
        says,
        "Then every write is refused: choose a larger plan. (Without a limit of its own it is measured by the free plan's 256 MB.)",
      )
    : ok(says);
}

function inMegabytes(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}

function memoryInfo(subject: Subject, store: StoreConfig) {
  return command(subject, store, ["INFO", "memory"]);
}

/** `name:value` on lines of their own; a store that has no INFO says nothing. */
function readInfo(answer: Answer | NoAnswer): Readonly<Record<string, string>> {
  const result = isAnswer(answer) ? resultOf(answer.json) : undefined;
  if (typeof result !== "string") return {};
  return Object.fromEntries(
    [...result.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name = "", value = ""]) => [name, value]),
  );
}

function command(subject: Subject, store: StoreConfig, words: readonly string[]) {
  return ask(subject, store, "/", words);
}

function ask({ ask: send }: Subject, { url, token }: StoreConfig, path: string, body: unknown) {
  return send(url + path, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

function resultOf(reply: unknown): unknown {
  return isObject(reply) ? reply["result"] : undefined;
}
