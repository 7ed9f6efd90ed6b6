import { describe, expect, it, vi } from "vitest";
import { Refusal, type Reason } from "../../../src/errors.ts";
import { createRedis } from "../../../src/storage/redis.ts";
import type { Command } from "../../../src/storage/command.ts";

const ACCOUNT = { url: "https://store.test", token: "token-canary" };
const GET: Command = { do: "get", key: "key-canary" };

/** A `fetch` that answers from a list, in order, and keeps what it was asked. */
function createFetch(answers: readonly (() => Response | Promise<Response>)[]) {
  const asked: Request[] = [];
  const send: typeof fetch = async (input, init) => {
    asked.push(new Request(input, init));
    const answer = answers[asked.length - 1];
    if (answer === undefined) throw new Error("asked too often");
    return answer();
  };
  return { asked, send };
}

const replies =
  (...results: unknown[]) =>
  () =>
    Response.json(results.map((result) => ({ result })));
const broken = () => Promise.reject(new TypeError("connection lost: command-canary"));

async function refusalOf(run: Promise<unknown>): Promise<Refusal> {
  const error = await run.catch((thrown: unknown) => thrown);
  if (error instanceof Refusal) return error;
  throw new Error("no refusal");
}

describe("a command goes out as", () => {
  const key = "k";
  const value = "v1.a.b";
  it.each<[Command, unknown[]]>([
    [{ do: "get", key }, ["get", "k"]],
    [{ do: "claim", key, value, ttlSeconds: 9 }, ["set", "k", value, "nx", "get", "ex", 9]],
    [{ do: "write", key, value, ttlSeconds: 9 }, ["set", "k", value, "ex", 9]],
    [{ do: "reseal", key, value }, ["set", "k", value, "xx", "keepttl"]],
    [{ do: "delete", keys: [key, "l"] }, ["del", "k", "l"]],
    [{ do: "bound", key, ttlSeconds: 9 }, ["expire", "k", 9, "nx"]],
    [{ do: "prolong", key, ttlSeconds: 9 }, ["expire", "k", 9, "gt"]],
    [{ do: "secondsLeft", key }, ["ttl", "k"]],
    [{ do: "getFields", key }, ["hvals", "k"]],
    [{ do: "getField", key, field: "f" }, ["hget", "k", "f"]],
    [{ do: "addField", key, field: "f", value }, ["hsetnx", "k", "f", value]],
    [
      { do: "setFields", key, fields: { f: value, g: value } },
      ["hset", "k", "f", value, "g", value],
    ],
    [{ do: "deleteFields", key, fields: ["f", "g"] }, ["hdel", "k", "f", "g"]],
    [{ do: "note", key, score: 5, members: ["a", "b"] }, ["zadd", "k", 5, "a", 5, "b"]],
    [
      { do: "readNotes", key, from: 1, skip: 0, most: 3 },
      ["zrange", "k", 1, "+inf", "byscore", "limit", 0, 3],
    ],
    [
      { do: "readNotes", key, from: 1, to: 4, skip: 2, most: 3 },
      ["zrange", "k", 1, 4, "byscore", "limit", 2, 3],
    ],
    [
      { do: "readNotes", key, from: 0, skip: 0, most: 3, withScores: true },
      ["zrange", "k", 0, "+inf", "byscore", "limit", 0, 3, "withscores"],
    ],
    [{ do: "keepNewestNote", key }, ["zremrangebyrank", "k", 0, -2]],
    [{ do: "readNewestNote", key }, ["zrange", "k", -1, -1, "withscores"]],
    [{ do: "dropNotes", key, members: ["a", "b"] }, ["zrem", "k", "a", "b"]],
    [{ do: "dropNotesBefore", key, score: 5 }, ["zremrangebyscore", "k", "-inf", "(5"]],
  ])("%o", async (command, words) => {
    const { asked, send } = createFetch([replies(null)]);
    await createRedis(ACCOUNT, send).transact([command]);
    const [request] = asked;
    expect(request?.url).toBe("https://store.test/multi-exec");
    expect(request?.method).toBe("POST");
    expect(request?.headers.get("authorization")).toBe("Bearer token-canary");
    const [sent] = await new Response(request?.body).json<[unknown[]]>();
    const [name, ...others] = sent.map((word) => word);
    expect([String(name).toLowerCase(), ...others.map(lower)]).toEqual(words.map(lower));
  });

  /** Options may come in any order of ours and any case. */
  function lower(word: unknown): unknown {
    return typeof word === "string" && !word.startsWith("v1.") ? word.toLowerCase() : word;
  }
});

it("returns the replies in order, each as the text it is", async () => {
  const texts = ["v1.a.b", "1", "true", "null", '{"a":1}', '"quoted"', ""];
  const { send } = createFetch([replies(...texts, null, 7, texts)]);
  const commands = Array.from({ length: texts.length + 3 }, () => GET);
  const found = await createRedis(ACCOUNT, send).transact(commands);
  expect(found).toEqual([...texts, null, 7, texts]);
});

it("carries Upstash's sync token from answer to question", async () => {
  const first = () =>
    Response.json([{ result: null }], { headers: { "upstash-sync-token": "s1" } });
  const { asked, send } = createFetch([first, replies(null)]);
  const redis = createRedis(ACCOUNT, send);
  await redis.transact([GET]);
  await redis.transact([GET]);
  expect(asked.map(({ headers }) => headers.get("upstash-sync-token"))).toEqual([null, "s1"]);
});

/** How an answer is judged, and whether it leaves open that the commands ran. */
const ANSWERS: readonly [string, () => Response | Promise<Response>, Reason, boolean][] = [
  ["no answer", broken, "store_unavailable", true],
  ["half an answer", () => new Response('[{"result":nul'), "store_answer_invalid", true],
  ["a page", () => new Response("<!doctype html>"), "store_answer_invalid", true],
  ["a single object", () => Response.json({ result: null }), "store_answer_invalid", true],
  [
    "one command failed",
    () => Response.json([{ error: "ERR oops" }]),
    "store_answer_invalid",
    true,
  ],
  ["too few replies", replies(), "store_answer_invalid", false],
  ["too many replies", replies(null, null), "store_answer_invalid", false],
  ["a reply of another kind", replies({ a: 1 }), "store_answer_invalid", false],
  ["an error with 200", () => Response.json({ error: "ERR oops" }), "store_answer_invalid", false],
  [
    "500",
    () => Response.json({ error: "ERR internal" }, { status: 500 }),
    "store_unavailable",
    true,
  ],
  [
    "502 with a page",
    () => new Response("bad gateway", { status: 502 }),
    "store_unavailable",
    true,
  ],
  ["401", () => Response.json({ error: "WRONGPASS" }, { status: 401 }), "store_auth_failed", false],
  ["403", () => new Response(null, { status: 403 }), "store_auth_failed", false],
  [
    "no permission",
    () => Response.json({ error: "NOPERM" }, { status: 400 }),
    "store_read_only",
    false,
  ],
  ["429", () => new Response(null, { status: 429 }), "store_rate_limited", false],
  [
    "the quota",
    () => Response.json({ error: "ERR max requests limit exceeded" }, { status: 400 }),
    "store_quota_exceeded",
    false,
  ],
  [
    "an unknown command",
    () => Response.json({ error: "ERR unknown" }, { status: 400 }),
    "store_answer_invalid",
    false,
  ],
];

describe.each(ANSWERS)("%s", (_name, answer, reason, isOpen) => {
  it(`is ${reason}, and asked again only when that is safe and can help`, async () => {
    const { asked, send } = createFetch([answer, answer]);
    const refusal = await refusalOf(createRedis(ACCOUNT, send).transact([GET]));
    expect(refusal.reason).toBe(reason);
    expect(asked).toHaveLength(isOpen ? 2 : 1);
    expect(`${refusal.message} ${String(refusal.cause)} ${JSON.stringify(refusal)}`).not.toMatch(
      /canary/,
    );
  });
});

it("answers with what the second try brings", async () => {
  const { send } = createFetch([broken, replies("v1.a.b")]);
  const found = await createRedis(ACCOUNT, send).transact([GET]);
  expect(found).toEqual(["v1.a.b"]);
});

const busy = () => new Response(null, { status: 429, headers: { "Retry-After": "0" } });

it.each<[string, boolean, number]>([
  ["not again for who can come later", false, 1],
  ["again and again where Auth0's answer is at stake", true, 4],
])("a store that is too busy is asked %s", async (_case, isPatient, times) => {
  vi.useFakeTimers();
  const { asked, send } = createFetch([busy, busy, busy, busy]);
  const refused = refusalOf(createRedis(ACCOUNT, send).transact([GET], { isPatient }));
  await vi.runAllTimersAsync();
  expect((await refused).reason).toBe("store_rate_limited");
  expect(asked).toHaveLength(times);
  vi.useRealTimers();
});

it.each([
  ["7", 7],
  ["0", 1],
  ["100000", 120],
  ["soon", 10],
  [undefined, 10],
])("passes on when to come back: %s as %i seconds", async (header, seconds) => {
  const headers: HeadersInit = header === undefined ? {} : { "Retry-After": header };
  const { send } = createFetch([() => new Response(null, { status: 429, headers })]);
  const refusal = await refusalOf(createRedis(ACCOUNT, send).transact([GET]));
  expect(refusal.retryAfterSeconds).toBe(seconds);
});

it("waits for an answer no longer than twice a second and a half", async () => {
  const startedAtMs = Date.now();
  const hang: typeof fetch = (_input, init) =>
    new Promise((_resolve, reject) => {
      init?.signal?.addEventListener("abort", () => reject(new Error("aborted")));
    });
  const refusal = await refusalOf(createRedis(ACCOUNT, hang).transact([GET]));
  expect(refusal.reason).toBe("store_unavailable");
  expect(Date.now() - startedAtMs).toBeLessThan(3700);
});
