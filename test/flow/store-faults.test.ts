/**
 * The faults that other tests rely on: what the client of each sees, and whether the command ran.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startStore, type TestStore } from "../support/store.ts";
import type { FaultKind } from "../support/store-faults.ts";

let store: TestStore;

beforeAll(async () => {
  store = await startStore({ engine: "memory" });
});
afterEach(async () => {
  store.faults.clear();
  await store.flush();
  store.wire.take();
});
afterAll(() => store.close());

it.each<{ kind: FaultKind; status?: number; body?: string; ran: boolean }>([
  { kind: "refuse", ran: false },
  { kind: "lost", ran: true },
  { kind: "429", status: 429, body: '{"error":"ERR rate limit exceeded"}', ran: false },
  { kind: "500", status: 500, body: '{"error":"ERR internal error"}', ran: false },
  {
    kind: "unauthorized",
    status: 401,
    body: '{"error":"WRONGPASS invalid or missing auth token"}',
    ran: false,
  },
  {
    kind: "quota",
    status: 400,
    body: '{"error":"ERR max requests limit exceeded. Limit: 500000"}',
    ran: false,
  },
  { kind: "garbage", status: 200, body: "<!doctype html><title>Bad gateway</title>", ran: false },
  { kind: "truncated", status: 200, body: '{"resul', ran: true },
  { kind: "wrong-shape", status: 200, body: '{"result":{}}', ran: false },
  { kind: "error-200", status: 200, body: '{"error":"ERR something went wrong"}', ran: false },
  {
    kind: "element-error",
    status: 400,
    body: '{"error":"ERR value is not an integer or out of range"}',
    ran: false,
  },
])("$kind shows its face, once", async ({ kind, status, body, ran }) => {
  store.faults.next(kind);
  expect(await ask("/", ["SET", "key", "value"])).toEqual(
    status === undefined ? "cut" : { status, body },
  );
  expect(await store.dump()).toEqual(ran ? ["key", "value"] : []);
  expect(await ask("/", ["SET", "key", "value"])).toEqual(OK);
});

it("hang answers nothing until the faults are cleared, and never runs", async () => {
  store.faults.always("hang");
  const [one, other] = [ask("/", ["SET", "key", "1"]), ask("/", ["SET", "key", "2"])];
  await arrival(2);
  store.faults.clear();
  expect(await Promise.all([one, other])).toEqual(["cut", "cut"]);
  expect(await store.dump()).toEqual([]);
});

it("slow runs late, even when the client has given up", async () => {
  const [start, client] = [performance.now(), new AbortController()];
  store.faults.next("slow", { milliseconds: 100 });
  const answer = ask("/", ["SET", "key", "value"], client.signal);
  await arrival(1);
  client.abort();
  expect(await answer).toBe("cut");
  await expect.poll(() => store.dump()).toEqual(["key", "value"]);
  expect(performance.now() - start).toBeGreaterThanOrEqual(99);
});

describe("a request that is kept under way", () => {
  it.each<{ kind: FaultKind; meanwhile: string; before: string[] }>([
    { kind: "late", meanwhile: "no answer", before: ["key", "newer"] },
    { kind: "stray", meanwhile: "cut", before: ["key", "newer"] },
    { kind: "echo", meanwhile: "answered", before: ["key", "newer"] },
  ])("$kind: $meanwhile, and it runs at delivery, over what came between", async (row) => {
    store.faults.next(row.kind);
    const client = new AbortController();
    const answer = ask("/", ["SET", "key", "older"], client.signal);
    await arrival(1);
    if (row.meanwhile === "no answer") client.abort();
    expect(await answer).toEqual(row.meanwhile === "answered" ? OK : "cut");
    expect(await ask("/", ["SET", "key", "newer"])).toEqual(OK);
    expect(await store.dump()).toEqual(row.before);
    expect(await store.faults.deliver()).toBe(1);
    expect(await store.dump()).toEqual(["key", "older"]);
    expect(await store.faults.deliver()).toBe(0);
  });

  it("held: what is sent again as it was waits too, and nothing else", async () => {
    store.faults.next("held");
    const answers = [ask("/", ["SET", "key", "older"])];
    await arrival(1);
    answers.push(ask("/", ["SET", "key", "older"]));
    await arrival(1);
    expect(await ask("/", ["SET", "key", "newer"])).toEqual(OK);
    expect(await store.faults.deliver()).toBe(2);
    expect(await Promise.all(answers)).toEqual([OK, OK]);
    expect(await store.dump()).toEqual(["key", "older"]);
    expect(await ask("/", ["SET", "key", "older"])).toEqual(OK);
  });

  it("is answered by delivery if the client still waits", async () => {
    store.faults.next("late");
    const answer = ask("/", ["SET", "key", "value"]);
    await arrival(1);
    expect(await store.faults.deliver()).toBe(1);
    expect(await answer).toEqual(OK);
  });

  it("arrives in the order in which it was sent, and stays under way when the faults stop", async () => {
    store.faults.next("stray", { times: 3 });
    for (const value of ["1", "2"]) await ask("/", ["SET", "key", value]);
    store.faults.stop();
    expect(await ask("/", ["SET", "key", "3"])).toEqual(OK);
    expect(await store.faults.deliver()).toBe(2);
    expect(await store.dump()).toEqual(["key", "2"]);
  });

  it("is lost when the faults are cleared", async () => {
    store.faults.next("late");
    const answer = ask("/", ["SET", "key", "value"]);
    await arrival(1);
    store.faults.clear();
    expect(await answer).toBe("cut");
    expect(await store.faults.deliver()).toBe(0);
    expect(await store.dump()).toEqual([]);
  });
});

it("twice runs two copies and answers with the second", async () => {
  store.faults.next("twice");
  expect(answerOf(await ask("/", ["INCR", "key"])).body).toBe('{"result":2}');
});

it("overtaken runs after the request that comes next", async () => {
  store.faults.next("overtaken");
  const first = ask("/", ["SET", "key", "first"]);
  await arrival(1);
  expect(await ask("/", ["SET", "key", "next"])).toEqual(OK);
  expect(await first).toEqual(OK);
  expect(await store.dump()).toEqual(["key", "first"]);
});

it("element-error fails one command and lets the others run", async () => {
  store.faults.next("element-error", { element: 1 });
  const commands = [
    ["SET", "one", "1"],
    ["SET", "two", "2"],
    ["SET", "three", "3"],
  ];
  const { status, body } = answerOf(await ask("/multi-exec", commands));
  const failure = { error: "ERR value is not an integer or out of range" };
  expect(status).toBe(200);
  expect(JSON.parse(body)).toEqual([{ result: "OK" }, failure, { result: "OK" }]);
  expect(await store.dump()).toEqual(["one", "1", "three", "3"]);
});

it("element-error waits for a request that has so many commands", async () => {
  store.faults.next("element-error", { element: 1 });
  expect(await ask("/", ["SET", "key", "value"])).toEqual(OK);
  expect(answerOf(await ask("/pipeline", [["PING"], ["PING"]])).body).toContain("error");
});

it("a fault meets only the requests that it is meant for", async () => {
  store.faults.next("500", { match: "getdel", skip: 1, times: 2 });
  const requests = ["PING", "GETDEL", "GETDEL", "PING", "GETDEL", "GETDEL"];
  const statuses = [];
  for (const name of requests)
    statuses.push(
      answerOf(await ask("/pipeline", [["PING"], name === "PING" ? [name] : [name, "key"]])).status,
    );
  expect(statuses).toEqual([200, 200, 500, 200, 500, 200]);
});

it("faults come by chance, in the share that was asked for", async () => {
  const numbers = [0.5, 0.05, 0.9, 0.1];
  const random = () => numbers.shift() ?? 1;
  store.faults.randomly({ share: 0.1, faults: [{ kind: "429" }, { kind: "500" }], random });
  const answers = [];
  for (let times = 0; times < 4; times += 1)
    answers.push(answerOf(await ask("/", ["PING"])).status);
  expect(answers).toEqual([200, 500, 200, 200]);
});

it("faults come in the order in which they were asked for", async () => {
  store.faults.next("429");
  store.faults.next("500");
  const statuses = [
    await ask("/", ["PING"]),
    await ask("/", ["PING"]),
    await ask("/", ["PING"]),
  ].map((answer) => answerOf(answer).status);
  expect(statuses).toEqual([429, 500, 200]);
});

it("latency delays every request", async () => {
  store.faults.latencyMs = 30;
  const start = performance.now();
  expect(await ask("/", ["SET", "key", "value"])).toEqual(OK);
  expect(performance.now() - start).toBeGreaterThanOrEqual(29);
});

it("the wire remembers each request and the names of its commands, once", async () => {
  store.faults.next("refuse");
  await ask("/", ["get", "secret"]);
  await ask("/multi-exec", [
    ["SET", "key", "value"],
    ["EXPIRE", "key", 10],
  ]);
  await store.run("GET", "key");
  expect(store.wire.take()).toEqual([
    { path: "/", commands: ["GET"], fault: "refuse" },
    { path: "/multi-exec", commands: ["SET", "EXPIRE"] },
  ]);
  expect(store.wire.take()).toEqual([]);
});

it("a dump has every key and value of every type", async () => {
  await store.run("SET", "string", "text");
  await store.run("HSET", "hash", "field", "in a hash");
  await store.run("SADD", "set", "in a set");
  await store.run("ZADD", "zset", "7", "in a sorted set");
  const dump = [
    "string",
    "text",
    "hash",
    "field",
    "in a hash",
    "set",
    "in a set",
    "zset",
    "in a sorted set",
    "7",
  ];
  expect(await store.dump()).toEqual(dump);
});

/** Waits until so many more requests are at the store. */
async function arrival(requests: number): Promise<void> {
  let arrived = 0;
  await expect.poll(() => (arrived += store.wire.take().length), { interval: 5 }).toBe(requests);
}

type Answer = { readonly status: number; readonly body: string };

const OK: Answer = { status: 200, body: '{"result":"OK"}' };

/** The answer, or "cut" when the connection ended without one. */
async function ask(
  path: string,
  body: unknown,
  signal: AbortSignal | null = null,
): Promise<Answer | "cut"> {
  try {
    const headers = { authorization: `Bearer ${store.token}` };
    const response = await fetch(store.url + path, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      signal,
    });
    return { status: response.status, body: await response.text() };
  } catch {
    return "cut";
  }
}

function answerOf(answer: Answer | "cut"): Answer {
  if (answer === "cut") throw new Error("the connection was cut");
  return answer;
}
