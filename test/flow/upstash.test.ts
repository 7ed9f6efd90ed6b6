/**
 * The local stand-in for Upstash as our Worker meets it: the real client and plain HTTP, over each
 * engine.
 */
import { Redis } from "@upstash/redis/cloudflare";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { MAX_BODY_BYTES } from "../../dev/upstash/rest.ts";
import { availableEngines, startStore, type TestStore } from "../support/store.ts";

describe.each(availableEngines())("Upstash's protocol over the %s engine", (engine) => {
  let store: TestStore;
  let redis: Redis;

  beforeAll(async () => {
    store = await startStore({ engine });
    redis = clientOf(store);
  });
  afterEach(() => store.flush());
  afterAll(() => store.close());

  it.each([
    ["a number with leading zeros", "00123"],
    ["a number too large to be one", "12345678901234567890"],
    ["a word of JSON", "true"],
    ["what looks like base64", "abcd1234"],
    ["what looks like a status", "OK"],
    ["nothing", ""],
    ["text beyond ASCII", "ü🙂\n\u0000"],
    ["a long text", "x".repeat(100_000)],
  ])("gives %s back as it came, with and without base64", async (_case, value) => {
    await redis.set("key", value);
    expect(await redis.get("key")).toBe(value);
    expect(await clientOf(store, { responseEncoding: "base64" }).get("key")).toBe(value);
  });

  it("lets exactly one of thirty GETDELs have the value", async () => {
    await redis.set("handle", "value", { ex: 600 });
    const winners = await Promise.all(Array.from({ length: 30 }, () => redis.getdel("handle")));
    expect(winners.filter((winner) => winner !== null)).toEqual(["value"]);
  });

  it("tells every loser of a SET NX GET who has won", async () => {
    const claims = Array.from({ length: 30 }, (_, index) => `claim ${index}`);
    const answers = await Promise.all(
      claims.map((claim) => redis.set("lock", claim, { nx: true, get: true, ex: 60 })),
    );
    const winner = await redis.get("lock");
    expect(answers.filter((answer) => answer === null)).toHaveLength(1);
    expect(new Set(answers)).toEqual(new Set([null, winner]));
    expect(answers[claims.indexOf(String(winner))]).toBeNull();
  });

  it("answers a transaction with one result per command", async () => {
    const results = await redis
      .multi()
      .set("record", "sealed", { exat: 4_200_000_000 })
      .zadd("grants", { score: 10, member: "one" }, { score: 20, member: "two" })
      .zremrangebyscore("grants", 0, 15)
      .zrange("grants", 0, -1, { withScores: true })
      .hset("hash", { field: "1" })
      .hgetall("hash")
      .exec();
    expect(results).toEqual(["OK", 2, 1, ["two", "20"], 1, ["field", "1"]]);
  });

  it("changes nothing when a transaction has a command that Redis does not know", async () => {
    const answer = await post(store, "/multi-exec", [
      ["SET", "key", "value"],
      ["NOSUCH", "secret"],
    ]);
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({
      error: "EXECABORT Transaction discarded because of previous errors.",
    });
    expect(await store.dump()).toEqual([]);
  });

  it.each(["/pipeline", "/multi-exec"])(
    "runs the commands around one that fails in %s",
    async (path) => {
      const commands = [
        ["SET", "key", "value"],
        ["HGET", "key", "field"],
        ["EXPIRE", "key", 100],
        ["TTL", "key"],
      ];
      const answer = await post(store, path, commands);
      const failure = {
        error: "WRONGTYPE Operation against a key holding the wrong kind of value",
      };
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual([{ result: "OK" }, failure, { result: 1 }, { result: 100 }]);
    },
  );

  it("encodes every string but OK, at any depth, when asked for base64", async () => {
    const commands = [
      ["SET", "key", "ü"],
      ["GET", "key"],
      ["GET", "none"],
      ["HSET", "hash", "a", 1],
      ["HGETALL", "hash"],
      ["SCAN", 0, "MATCH", "h*"],
    ];
    const answer = await post(store, "/pipeline", commands, { "upstash-encoding": "base64" });
    const results = ["OK", "w7w=", null, 1, ["YQ==", "MQ=="], ["MA==", ["aGFzaA=="]]];
    expect(answer.body).toEqual(results.map((result) => ({ result })));
  });

  it("sends a new sync token with every answer", async () => {
    const [one, other] = [await post(store, "/", ["PING"]), await post(store, "/", ["PING"])];
    expect(one.headers.get("content-type")).toBe("application/json");
    expect(one.headers.get("upstash-sync-token")).toMatch(/^\d+$/);
    expect(other.headers.get("upstash-sync-token")).not.toBe(one.headers.get("upstash-sync-token"));
  });

  it.each([
    [
      "a command that fails",
      "/",
      ["SET", "key", "value", "EX", "0"],
      "ERR invalid expire time in 'set' command",
    ],
    [
      "a command with too few arguments",
      "/",
      ["GET"],
      "ERR wrong number of arguments for 'get' command",
    ],
    ["no command", "/", [], "ERR failed to parse the request body"],
    ["an empty pipeline", "/pipeline", [], "ERR failed to parse the request body"],
    [
      "a pipeline that is a command",
      "/pipeline",
      ["GET", "key"],
      "ERR failed to parse the request body",
    ],
    [
      "a command with an object in it",
      "/",
      ["SET", "key", { a: 1 }],
      "ERR failed to parse the request body",
    ],
    [
      "a body above the limit",
      "/",
      ["SET", "key", "x".repeat(MAX_BODY_BYTES)],
      "ERR max request size exceeded",
    ],
  ])("refuses %s with 400", async (_case, path, body, error) => {
    const answer = await post(store, path, body);
    expect(answer.status).toBe(400);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.body).toEqual({ error });
    expect(await store.dump()).toEqual([]);
  });

  it("refuses what is not JSON with 400", async () => {
    const headers = { authorization: `Bearer ${store.token}` };
    const response = await fetch(store.url, { method: "POST", headers, body: '["SET","key"' });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: "ERR failed to parse the request body" });
  });

  it.each([
    ["a wrong token", "POST", "/", "Bearer wrong", 401, "WRONGPASS invalid or missing auth token"],
    ["no token", "POST", "/", "", 401, "WRONGPASS invalid or missing auth token"],
    ["another path", "POST", "/set/key/value", undefined, 404, "ERR unknown path"],
    ["another method", "PUT", "/", undefined, 405, "ERR method not allowed"],
  ])("refuses %s", async (_case, method, path, authorization, status, error) => {
    const headers = { authorization: authorization ?? `Bearer ${store.token}` };
    const response = await fetch(store.url + path, {
      method,
      headers,
      body: '["SET","key","value"]',
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ error });
    expect(await store.dump()).toEqual([]);
  });

  it("forgets a key whose time is over", async () => {
    await redis.set("key", "value", { px: 1 });
    await vi.waitFor(async () => expect(await redis.get("key")).toBeNull());
    expect(await redis.exists("key")).toBe(0);
    expect(await redis.set("key", "again", { nx: true })).toBe("OK");
  });

  it("walks over every key with SCAN, a page at a time", async () => {
    const keys = Array.from({ length: 100 }, (_, index) => `key:${index}`);
    await Promise.all([...keys, "other"].map((key) => redis.set(key, "value")));
    const seen = new Set<string>();
    let [cursor, pages] = ["0", 0];
    do {
      const [next, page] = await redis.scan(cursor, { match: "key:*", count: 7 });
      for (const key of page) seen.add(key);
      [cursor, pages] = [String(next), pages + 1];
    } while (cursor !== "0");
    expect([...seen].toSorted()).toEqual(keys.toSorted());
    expect(pages).toBeGreaterThan(5);
  });
});

/** The client as src/storage configures it. */
function clientOf(
  { url, token }: TestStore,
  options: { responseEncoding?: "base64" | false } = {},
): Redis {
  return new Redis({
    url,
    token,
    automaticDeserialization: false,
    responseEncoding: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    retry: { retries: 0 },
    ...options,
  });
}

async function post(
  { url, token }: TestStore,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; headers: Headers; body: unknown }> {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}
