import { describe, expect, it } from "vitest";
import { Refusal, type Reason } from "../../../src/errors.ts";
import { type Command, createRedis } from "../../../src/storage/redis.ts";

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
    [{ do: "take", key }, ["getdel", "k"]],
    [{ do: "claim", key, value, ttlSeconds: 9 }, ["set", "k", value, "nx", "get", "ex", 9]],
    [{ do: "write", key, value, ttlSeconds: 9 }, ["set", "k", value, "ex", 9]],
    [{ do: "replace", key, value, ttlSeconds: 9 }, ["set", "k", value, "xx", "get", "ex", 9]],
    [{ do: "delete", key }, ["del", "k"]],
    [{ do: "extend", key, ttlSeconds: 9 }, ["expire", "k", 9]],
    [{ do: "secondsLeft", key }, ["ttl", "k"]],
    [{ do: "getFields", key }, ["hvals", "k"]],
    [{ do: "setField", key, field: "f", value }, ["hset", "k", "f", value]],
    [{ do: "deleteField", key, field: "f" }, ["hdel", "k", "f"]],
  ])("%o", async (command, words) => {
    const { asked, send } = createFetch([replies(null)]);
    await createRedis(ACCOUNT, send).transact([command], { repeatable: false });
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
  const found = await createRedis(ACCOUNT, send).transact(commands, { repeatable: true });
  expect(found).toEqual([...texts, null, 7, texts]);
});

it("carries Upstash's sync token from answer to question", async () => {
  const first = () =>
    Response.json([{ result: null }], { headers: { "upstash-sync-token": "s1" } });
  const { asked, send } = createFetch([first, replies(null)]);
  const redis = createRedis(ACCOUNT, send);
  await redis.transact([GET], { repeatable: true });
  await redis.transact([GET], { repeatable: true });
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
    for (const repeatable of [false, true]) {
      const { asked, send } = createFetch([answer, answer]);
      const refusal = await refusalOf(createRedis(ACCOUNT, send).transact([GET], { repeatable }));
      expect(refusal.reason).toBe(reason);
      expect(asked).toHaveLength(repeatable && isOpen ? 2 : 1);
      expect(`${refusal.message} ${String(refusal.cause)} ${JSON.stringify(refusal)}`).not.toMatch(
        /canary/,
      );
    }
  });
});

it("answers with what the second try brings", async () => {
  const { send } = createFetch([broken, replies("v1.a.b")]);
  const found = await createRedis(ACCOUNT, send).transact([GET], { repeatable: true });
  expect(found).toEqual(["v1.a.b"]);
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
  const refusal = await refusalOf(
    createRedis(ACCOUNT, send).transact([GET], { repeatable: false }),
  );
  expect(refusal.retryAfterSeconds).toBe(seconds);
});

it("waits for an answer no longer than a second and a half", async () => {
  const startedAtMs = Date.now();
  const hang: typeof fetch = (_input, init) =>
    new Promise((_resolve, reject) => {
      init?.signal?.addEventListener("abort", () => reject(new Error("aborted")));
    });
  const refusal = await refusalOf(
    createRedis(ACCOUNT, hang).transact([GET], { repeatable: false }),
  );
  expect(refusal.reason).toBe("store_unavailable");
  expect(Date.now() - startedAtMs).toBeLessThan(2500);
});
