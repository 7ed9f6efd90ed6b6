/**
 * The environment, right and wrong: what a wrong one answers and logs, sign-in switched off, and
 * how readiness is told.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type House, randomKey, startHouse, type TestWorker } from "../support/house.ts";
import { callMcp, type McpAnswer } from "../support/stranger.ts";

const NOT_CONFIGURED =
  "This server is not configured correctly (configuration_invalid). Its operator finds the list of problems in the log.";

const REQUIRED = [
  "AUTH0_DOMAIN",
  "AUTH0_CLIENT_ID",
  "AUTH0_AUDIENCE",
  "AUTH0_CLIENT_SECRET",
  "JWT_SIGNING_KEY",
  "STORAGE_ENCRYPTION_KEY",
  "UPSTASH_REDIS_REST_URL",
  "UPSTASH_REDIS_REST_TOKEN",
];

const KEY_PROBLEM = "must be 32 random bytes in base64 (make one with: openssl rand -base64 32)";

/** Each with "canary" in it where the form allows, to find it again. */
const BAD_VALUES = [
  ["RESOURCE_BASE_URL", "http://canary.example", "must be https (http is for loopback hosts only)"],
  ["LOG_SHARE", "canary", "must be a number from 0 to 1"],
  ["AUTH_PROVIDER", "canary", "must be auth0 or oidc"],
  [
    "AUTH0_DOMAIN",
    "https://canary.example/path",
    "must be an origin: no path, query, fragment or user",
  ],
  ["AUTH0_API_CLIENT_SECRET", "", "is missing"],
  ["JWT_SIGNING_KEY", "canary", KEY_PROBLEM],
  ["STORAGE_ENCRYPTION_KEY", `${randomKey()},canary`, KEY_PROBLEM],
  [
    "UPSTASH_REDIS_REST_URL",
    "redis://canary.example",
    "must be a URL like https://mcp.example.com",
  ],
  ["STORE_PREFIX", "canary with spaces", "may have letters, digits and . : - _ only"],
  ["ACCESS_TOKEN_TTL_SECONDS", "59", "must be at least 60"],
  ["REVOCATION_CHECK_SECONDS", "canary", "must be a whole number of seconds"],
  ["PREREGISTERED_CLIENTS", '{"canary":', "must be a JSON array of clients"],
] as const;

let house: House;
let workers: TestWorker[] = [];

beforeAll(async () => {
  house = await startHouse();
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  workers = [];
});
afterAll(() => house.stop());

describe("a configuration with mistakes", () => {
  it("that lacks every variable is told about all of them at once, by name", async () => {
    const worker = await start(Object.fromEntries(REQUIRED.map((name) => [name, ""])));
    await expectRefusal(
      worker,
      REQUIRED.map((variable) => ({ variable, problem: "is missing" })),
    );
  });

  it("with a bad value everywhere is told about all of them at once, and no value is repeated", async () => {
    const worker = await start(
      Object.fromEntries(BAD_VALUES.map(([name, value]) => [name, value])),
    );
    const problems = BAD_VALUES.map(([variable, , problem]) => ({
      variable,
      problem: expect.stringContaining(problem),
    }));
    await expectRefusal(worker, problems);
    expect(JSON.stringify(worker.log)).not.toContain("canary");
  });

  it("with one key for two purposes, or a client without its secret, is refused", async () => {
    const key = randomKey();
    const client = { client_id: "a", client_name: "A", redirect_uris: ["https://a.example/"] };
    const method = { token_endpoint_auth_method: "client_secret_basic" };
    const worker = await start({ JWT_SIGNING_KEY: key, STORAGE_ENCRYPTION_KEY: key });
    await expectRefusal(worker, [
      {
        variable: "STORAGE_ENCRYPTION_KEY",
        problem: "must not be the same key as JWT_SIGNING_KEY",
      },
    ]);
    const other = await start({
      PREREGISTERED_CLIENTS: JSON.stringify([{ ...client, ...method }]),
    });
    await expectRefusal(other, [
      { variable: "PREREGISTERED_CLIENTS", problem: expect.any(String) },
    ]);
  });

  it("answers every address alike, in the form its reader understands, and is logged once", async () => {
    const worker = await start({ AUTH0_DOMAIN: "" });
    for (const path of [
      "/mcp",
      "/token",
      "/register",
      "/health",
      "/.well-known/oauth-authorization-server",
      "/nothing",
    ])
      expect((await fetch(worker.url + path)).status, path).toBe(500);
    const page = await fetch(`${worker.url}/`, { headers: { accept: "text/html" } });
    expect(page.status).toBe(500);
    expect(await page.text()).toContain("<h1>This server is not ready</h1>");
    await expect.poll(() => worker.log.filter((line) => "problems" in line)).toHaveLength(1);
  });
});

describe("AUTH_ENABLED=false", () => {
  it("opens /mcp on loopback and needs no other variable", async () => {
    const others = Object.fromEntries(REQUIRED.map((name) => [name, ""]));
    const worker = await start({ ...others, AUTH_ENABLED: "FALSE", RESOURCE_BASE_URL: "" });
    const { response, answer } = await callMcp(`${worker.url}/mcp`, undefined, {
      method: "tools/list",
    });
    expect(response.status).toBe(200);
    expect(namesOf(answer)).toEqual(["get_user_info", "explain_access", "get_time", "count_down"]);
    const call = { method: "tools/call", params: { name: "get_user_info", arguments: {} } };
    const refused = (await callMcp(`${worker.url}/mcp`, undefined, call)).answer.result;
    expect(refused).toMatchObject({
      isError: true,
      content: [{ text: "Nobody is signed in: this server runs with AUTH_ENABLED=false." }],
    });
    for (const path of [
      "/authorize",
      "/token",
      "/register",
      "/.well-known/oauth-authorization-server",
      "/.well-known/oauth-protected-resource",
    ])
      expect((await fetch(worker.url + path)).status, path).toBe(404);
  });

  it("is refused elsewhere than on loopback", async () => {
    const worker = await start({
      AUTH_ENABLED: "false",
      RESOURCE_BASE_URL: "https://mcp.example.com",
    });
    await expectRefusal(worker, [
      {
        variable: "AUTH_ENABLED",
        problem: "may be false only when RESOURCE_BASE_URL is a loopback address",
      },
    ]);
  });

  it("is not meant by other words: they are a mistake", async () => {
    await expectRefusal(await start({ AUTH_ENABLED: "off" }), [
      { variable: "AUTH_ENABLED", problem: "must be true or false" },
    ]);
  });
});

describe("the ways to write a value", () => {
  it("a domain may be a bare host or an origin, a key hexadecimal or base64url, and spaces around do not matter", async () => {
    const worker = await start({
      AUTH0_DOMAIN: ` ${new URL(house.tenant.issuer).host} `,
      AUTH0_CLIENT_ID: ` ${house.variables["AUTH0_CLIENT_ID"]}\n`,
      JWT_SIGNING_KEY: Buffer.from(randomKey(), "base64").toString("hex"),
      STORAGE_ENCRYPTION_KEY: Buffer.from(randomKey(), "base64").toString("base64url"),
    });
    expect(await (await fetch(`${worker.url}/ready`)).json()).toMatchObject({
      status: "ready",
      version: "1.2.3",
    });
    expect(worker.log).toContainEqual(
      expect.objectContaining({ route: "/ready", version: "1.2.3" }),
    );
  });

  it("without a base URL a local Worker is at the address it was called at", async () => {
    const worker = await start({ RESOURCE_BASE_URL: "" });
    const metadata = await (
      await fetch(`${worker.url}/.well-known/oauth-authorization-server`)
    ).json();
    expect(metadata.issuer).toBe(worker.url);
  });
});

describe("/health and /ready", () => {
  /** Longer than findings, and Auth0's documents, are remembered. */
  let elapsedSeconds = 0;
  const wait = () => house.shiftClock((elapsedSeconds += 40));

  it("say that all is well, without a secret and for no cache", async () => {
    const [health, ready] = await Promise.all(
      ["/health", "/ready"].map((path) => fetch(house.issuer + path)),
    );
    expect(health?.status).toBe(200);
    expect(await health?.json()).toEqual({ status: "ok" });
    expect(ready?.status).toBe(200);
    expect(ready?.headers.get("cache-control")).toBe("no-store");
    expect(await ready?.json()).toEqual({
      status: "ready",
      version: "1.2.3",
      checks: { keys: "ok", store: "ok", identity: "ok" },
    });
  });

  it("ask at most once in ten seconds", async () => {
    await fetch(`${house.issuer}/ready`);
    house.store.wire.take();
    for (let request = 0; request < 5; request++) await fetch(`${house.issuer}/ready`);
    expect(house.store.wire.take()).toEqual([]);
  });

  it.each([
    ["a store that is away", "store", "store_unavailable", () => house.store.faults.always("500")],
    [
      "a store that knows our token no more",
      "store",
      "store_auth_failed",
      () => house.store.faults.always("unauthorized"),
    ],
    [
      "an Auth0 that is away",
      "identity",
      "identity_unavailable",
      () => house.tenant.control.fail("discovery", { status: 503 }),
    ],
    [
      "an Auth0 without keys",
      "identity",
      "identity_token_invalid",
      () => house.tenant.control.fail("jwks", { status: 200, body: { keys: [] } }),
    ],
  ])("name %s, and notice when it is over", async (_case, part, reason, fail) => {
    await wait();
    fail();
    const ready = await fetch(`${house.issuer}/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({
      status: "not ready",
      version: "1.2.3",
      checks: { keys: "ok", store: "ok", identity: "ok", [part]: reason },
    });
    expect((await fetch(`${house.issuer}/health`)).status).toBe(200);
    house.store.faults.clear();
    house.tenant.control.clear();
    await wait();
    expect((await fetch(`${house.issuer}/ready`)).status).toBe(200);
  });
});

describe("/ready says for ten minutes, and so does the log once, that the store", () => {
  const nameKey = async () =>
    (await house.store.dump()).find((text) => text.startsWith("mcp:names:")) ?? "";
  const storeAt = async (worker: TestWorker) => {
    const response = await fetch(`${worker.url}/ready`);
    const { checks } = await response.json();
    return { status: response.status, store: checks.store };
  };
  const WELL = { status: 200, store: "ok" };

  it.each([
    ["was emptied", "store_emptied", async () => house.store.flush()],
    [
      "is another one",
      "store_replaced",
      async () => {
        await house.store.flush();
        await storeAt(await start({}));
      },
    ],
  ])("%s", async (_case, how, change) => {
    const worker = await start({});
    expect(await storeAt(worker)).toEqual(WELL);
    await change();
    await worker.shiftClock(20);
    expect(await storeAt(worker)).toEqual({ status: 503, store: how });
    await worker.shiftClock(600);
    expect(await storeAt(worker)).toEqual({ status: 503, store: how });
    await worker.shiftClock(640);
    expect(await storeAt(worker)).toEqual(WELL);
    expect(worker.log.filter(({ reason, problem }) => reason === how && problem)).toHaveLength(1);
  });

  it("holds a name key that is nobody's, as long as it does", async () => {
    const worker = await start({});
    expect(await storeAt(worker)).toEqual(WELL);
    const place = await nameKey();
    const ours = String(await house.store.run("GET", place));
    await house.store.run("SET", place, "v1.damaged_.AAAA");
    for (const seconds of [20, 700, 1400]) {
      await worker.shiftClock(seconds);
      expect(await storeAt(worker)).toEqual({ status: 503, store: "store_replaced" });
    }
    await house.store.run("SET", place, ours);
    await worker.shiftClock(2100);
    expect(await storeAt(worker)).toEqual(WELL);
  });
});

async function start(variables: Readonly<Record<string, string>>): Promise<TestWorker> {
  const worker = await house.startAnother(variables);
  workers.push(worker);
  return worker;
}

/** A fixed text for everybody, and the problems for the operator: in the log, by name. */
async function expectRefusal(worker: TestWorker, problems: readonly unknown[]): Promise<void> {
  const response = await fetch(`${worker.url}/mcp`, { method: "POST" });
  expect(response.status).toBe(500);
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(response.headers.get("www-authenticate")).toBeNull();
  expect(await response.json()).toEqual({
    error: "server_error",
    error_description: NOT_CONFIGURED,
  });
  await expect.poll(() => worker.log).toContainEqual({ reason: "configuration_invalid", problems });
  await expect
    .poll(() => worker.log.at(-1))
    .toMatchObject({ status: 500, reason: "configuration_invalid" });
}

function namesOf({ result }: McpAnswer) {
  return result?.tools?.map(({ name }) => name);
}
