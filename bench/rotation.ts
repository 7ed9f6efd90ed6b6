/**
 * `npm run bench:rotation -- --people 20000 --latency 20`: how fast `npm run rotate-keys` walks a large
 * store. People with a client, a grant and a connection each are put into a real Redis; the command is
 * killed on its way, started again, the store is gone for ten seconds, and in the end nothing is left
 * under the older key.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startStore, type TestStore } from "../test/support/store.ts";
import { createRedis } from "../src/storage/redis.ts";
import { createVault, type Vault } from "../src/storage/vault.ts";

const { people, latency } = parseArgs({
  options: {
    people: { type: "string", default: "20000" },
    latency: { type: "string", default: "20" },
  },
}).values;

const PREFIX = "mcp:";
const AT_ONCE = 250;
const LIFE_SECONDS = "2592000";
/** About as long as the texts of a person with a few permissions. */
const TEXTS = { client: text(300), grant: text(4200), connection: text(900) };
const KILLED_AFTER_MS = 9000;
const STORE_GONE_AFTER_MS = 6000;
const STORE_GONE_MS = 10_000;

const [older, newer] = [randomBytes(32), randomBytes(32)];
const store = await startStore({ engine: "redis" });
try {
  await fill(store, Number(people));
  store.faults.latencyMs = Number(latency);
  const killed = rotate();
  await delay(KILLED_AFTER_MS);
  killed.child.kill("SIGKILL");
  await killed.ended;
  console.log(`killed after ${KILLED_AFTER_MS / 1000} s: ${killed.said().split("\n").at(-2)}`);

  const startedAtMs = performance.now();
  const second = rotate();
  await delay(STORE_GONE_AFTER_MS);
  store.faults.always("refuse");
  await delay(STORE_GONE_MS);
  store.faults.clear();
  store.faults.latencyMs = Number(latency);
  await second.ended;
  const seconds = (performance.now() - startedAtMs) / 1000;
  console.log(
    `again, the store gone for ${STORE_GONE_MS / 1000} s: ${second.said().trim().split("\n").at(-1)} In ${seconds.toFixed(0)} s.`,
  );

  const [lookedAtMs, last] = [performance.now(), rotate()];
  await last.ended;
  const idleSeconds = (performance.now() - lookedAtMs) / 1000;
  console.log(`once more: ${last.said().trim()} In ${idleSeconds.toFixed(0)} s.`);

  store.faults.clear();
  await store.flush();
  await fill(store, Number(people));
  store.faults.latencyMs = Number(latency);
  const [wholeAtMs, whole] = [performance.now(), rotate()];
  await whole.ended;
  const wholeSeconds = (performance.now() - wholeAtMs) / 1000;
  const rate = Number(people) / wholeSeconds;
  console.log(
    `undisturbed: ${whole.said().trim().split("\n").at(-1)} In ${wholeSeconds.toFixed(0)} s.`,
  );
  console.log(
    `${rate.toFixed(0)} people a second at ${latency} ms: a million in ${(1e6 / rate / 60).toFixed(0)} minutes`,
  );
} finally {
  await store.close();
}

/** Puts people in, all sealed under the older key, past the wire. */
async function fill({ run, ...account }: TestStore, count: number): Promise<void> {
  const secret: Uint8Array<ArrayBuffer> = Uint8Array.from(older);
  const config = { ...account, prefix: PREFIX, encryptionKeys: [secret] } as const;
  const now = () => Math.floor(Date.now() / 1000);
  const vault = createVault(config, { redis: createRedis(account, fetch), now, report: () => {} });
  await vault.keyOf("names are ready");
  const startedAtMs = performance.now();
  for (let first = 0; first < count; first += AT_ONCE) {
    const some = Array.from({ length: AT_ONCE }, (_, index) => first + index);
    await Promise.all(some.map((index) => putPerson(vault, run, index)));
  }
  const seconds = (performance.now() - startedAtMs) / 1000;
  console.log(
    `${count} people, ${Number(await run("DBSIZE"))} keys, put in within ${seconds.toFixed(0)} s`,
  );
}

async function putPerson(vault: Vault, run: TestStore["run"], index: number): Promise<void> {
  const [client, grant, connections] = await Promise.all(
    [`client:${index}`, `grant:${index}:g`, `connections:${index}`].map(vault.keyOf),
  );
  await run("SET", client ?? "", await vault.seal(TEXTS.client, client ?? ""), "EX", LIFE_SECONDS);
  await putField(vault, run, { key: grant ?? "", field: "g.2", words: TEXTS.grant });
  const field = "AAAAAAAAAAAAAAAAAAAAAA.2";
  await putField(vault, run, { key: connections ?? "", field, words: TEXTS.connection });
}

async function putField(
  vault: Vault,
  run: TestStore["run"],
  { key, field, words }: { readonly key: string; readonly field: string; readonly words: string },
): Promise<void> {
  const sealed = await vault.seal(words, `${key}/${field}`);
  await run("HSET", key, field, `${field}.nonce=${sealed}`);
  await run("EXPIRE", key, LIFE_SECONDS);
}

interface Rotation {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  said(): string;
}

/** `npm run rotate-keys` with the newer key before the older one. */
function rotate(): Rotation {
  const env = {
    ...process.env,
    AUTH0_DOMAIN: "tenant.example.com",
    AUTH0_CLIENT_ID: "bench",
    AUTH0_CLIENT_SECRET: "bench",
    AUTH0_AUDIENCE: "https://api.example.com/",
    JWT_SIGNING_KEY: randomBytes(32).toString("base64"),
    STORAGE_ENCRYPTION_KEY: [newer, older].map((key) => key.toString("base64")).join(","),
    UPSTASH_REDIS_REST_URL: store.url,
    UPSTASH_REDIS_REST_TOKEN: store.token,
    RESOURCE_BASE_URL: "https://mcp.example.com",
    STORE_PREFIX: PREFIX,
  };
  const child = spawn(process.execPath, ["dev/rotate-keys.ts"], { env });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return { child, ended: once(child, "exit"), said: () => said };
}

function text(length: number): string {
  return JSON.stringify({ text: "x".repeat(length) });
}
