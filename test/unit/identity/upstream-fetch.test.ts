import { beforeEach, describe, expect, it } from "vitest";
import {
  createUpstreamFetch,
  readRetryAfter,
  type UpstreamFetch,
} from "../../../src/identity/upstream-fetch.ts";

const NOW = 1_800_000_000;
const GET = { method: "GET", headers: { Accept: "application/json" } } as const;
const POST = {
  method: "POST",
  headers: {},
  body: new URLSearchParams({ token: "canary" }),
} as const;

type Attempt = (init: RequestInit) => Response | Promise<Response>;

let attempts: Attempt[];
let made: RequestInit[];
let send: UpstreamFetch;

beforeEach(() => {
  made = [];
  send = createUpstreamFetch({
    now: () => NOW,
    fetch: async (_input: unknown, init: RequestInit = {}) => {
      made.push(init);
      return (attempts[made.length - 1] ?? attempts[0] ?? (() => new Response()))(init);
    },
  });
});

const json = (text: string, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(text, { status, headers: { "Content-Type": "application/json", ...headers } });
const reset: Attempt = () => {
  throw new TypeError("Network connection lost to https://tenant.test/?secret=canary");
};
const timeout: Attempt = () => {
  throw new DOMException("The operation was aborted due to timeout", "TimeoutError");
};

it("hands on the whole answer, and of its headers only what matters", async () => {
  attempts = [
    () =>
      json('{"a":1}', 201, {
        "Set-Cookie": "a=b",
        "WWW-Authenticate": "Bearer",
        "Retry-After": "7",
      }),
  ];
  const response = await send("https://tenant.test/", GET);
  expect(response.status).toBe(201);
  expect([...response.headers]).toEqual([
    ["content-type", "application/json"],
    ["retry-after", "7"],
  ]);
  expect(await response.json()).toEqual({ a: 1 });
});

it("bounds the time of a call and follows no redirect", async () => {
  attempts = [
    () => new Response(null, { status: 302, headers: { Location: "https://evil.test/" } }),
  ];
  const response = await send("https://tenant.test/", GET);
  expect(response.status).toBe(302);
  expect(made[0]).toMatchObject({ redirect: "manual", signal: expect.any(AbortSignal) });
});

const faultRows: [title: string, attempt: Attempt, cause: string][] = [
  ["a reset connection", reset, "TypeError"],
  ["a timeout", timeout, "TimeoutError"],
  ["500", () => new Response("Oops canary", { status: 500 }), "http 500"],
  ["503 that claims invalid_grant", () => json('{"error":"invalid_grant"}', 503), "http 503"],
  ["JSON cut short", () => json('{"access_token":"can'), "broken json"],
  [
    "a key set cut short",
    () => json("{", 200, { "Content-Type": "application/jwk-set+json; charset=utf-8" }),
    "broken json",
  ],
];
describe.each(faultRows)("%s", (_title, attempt, cause) => {
  it("is refused as unavailable after one retry of a GET, without upstream text", async () => {
    attempts = [attempt];
    const refusal = await send("https://tenant.test/", GET).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      reason: "identity_unavailable",
      retryAfterSeconds: 5,
      cause: { message: cause },
    });
    expect(made).toHaveLength(2);
    expect(JSON.stringify([String(refusal), cause])).not.toContain("canary");
  });

  it("is not seen when the retry succeeds", async () => {
    attempts = [attempt, () => json("{}")];
    expect((await send("https://tenant.test/", GET)).status).toBe(200);
  });

  it("never makes us repeat a POST", async () => {
    attempts = [attempt];
    await expect(send("https://tenant.test/", POST)).rejects.toMatchObject({
      reason: "identity_unavailable",
    });
    expect(made).toHaveLength(1);
  });
});

it("does not try again when its time is over", async () => {
  attempts = [
    ({ signal }) =>
      new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
  ];
  await expect(send("https://tenant.test/", GET)).rejects.toMatchObject({
    cause: { message: "TimeoutError" },
  });
  expect(made).toHaveLength(1);
});

it("refuses 429 at once and says when to come back", async () => {
  attempts = [() => new Response("", { status: 429, headers: { "Retry-After": "30" } })];
  await expect(send("https://tenant.test/", GET)).rejects.toMatchObject({
    reason: "identity_rate_limited",
    retryAfterSeconds: 30,
  });
  expect(made).toHaveLength(1);
});

it("stops reading an answer of more than 64 KB", async () => {
  let pulls = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulls += 1;
      controller.enqueue(new Uint8Array(16_384));
    },
  });
  attempts = [() => new Response(endless)];
  await expect(send("https://tenant.test/", GET)).rejects.toMatchObject({
    reason: "identity_token_invalid",
  });
  expect(pulls).toBeLessThan(10);
  expect(made).toHaveLength(1);
});

it("accepts an answer of exactly 64 KB and an empty one", async () => {
  attempts = [
    () => new Response("x".repeat(65_536)),
    () => new Response(null, { status: 200, headers: { "Content-Type": "application/json" } }),
  ];
  expect(await (await send("https://tenant.test/", GET)).text()).toHaveLength(65_536);
  expect(await (await send("https://tenant.test/", POST)).text()).toBe("");
});

describe("readRetryAfter", () => {
  const rows: [title: string, headers: Record<string, string>, seconds: number][] = [
    ["reads Retry-After", { "Retry-After": "17" }, 17],
    ["reads Auth0's reset time", { "X-RateLimit-Reset": String(NOW + 42) }, 42],
    ["prefers Retry-After", { "Retry-After": "3", "X-RateLimit-Reset": String(NOW + 42) }, 3],
    [
      "takes the reset time when Retry-After is a date",
      { "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT", "X-RateLimit-Reset": String(NOW + 9) },
      9,
    ],
    ["never says less than a second", { "X-RateLimit-Reset": String(NOW - 5) }, 1],
    ["never says more than two minutes", { "Retry-After": "86400" }, 120],
    ["rounds up", { "Retry-After": "1.2" }, 2],
    ["says five seconds for nothing", {}, 5],
    ["says five seconds for nonsense", { "Retry-After": "soon", "X-RateLimit-Reset": "NaN" }, 5],
  ];
  it.each(rows)("%s", (_title, headers, seconds) => {
    expect(readRetryAfter(new Headers(headers), NOW)).toBe(seconds);
  });
});
