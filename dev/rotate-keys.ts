/**
 * `npm run rotate-keys`: walks the store and seals every record again under the first key of
 * STORAGE_ENCRYPTION_KEY. The variables of `.dev.vars`, or of the file given with `--file`, go in,
 * counts come out; afterwards the older keys can be removed. No value is ever printed.
 */
import { parseArgs } from "node:util";
import { type Env, isConfig, loadConfig } from "../src/config.ts";
import { Refusal } from "../src/errors.ts";
import { recognize, resealClient, resealGrant } from "../src/grants/resealing.ts";
import { createRedis, walkKeys } from "../src/storage/redis.ts";
import { createSealer } from "../src/storage/sealing.ts";
import { beginWork } from "../src/storage/unit-of-work.ts";
import { createVault } from "../src/storage/vault.ts";
import { readVariables } from "./variables-file.ts";

/** What the walk has met so far. */
interface Count {
  sealedAgain: number;
  current: number;
  unreadable: number;
  passing: number;
}

const { file } = parseArgs({ options: { file: { type: "string" } } }).values;
const env: Env = readVariables(file);
const config = loadConfig(env, new URL(env.RESOURCE_BASE_URL ?? "http://localhost:8787"));
if (!isConfig(config) || config.auth === undefined) {
  const problems = isConfig(config) ? [] : config;
  for (const { variable, problem } of problems) console.error(`${variable} ${problem}`);
  console.error(
    "Set the variables as the Worker has them, with STORAGE_ENCRYPTION_KEY=new,old: in the environment, in .dev.vars, or in the file given with --file.",
  );
  process.exit(1);
}

const { store } = config.auth;
const sealer = await createSealer(store.encryptionKeys);
const count: Count = { sealedAgain: 0, current: 0, unreadable: 0, passing: 0 };
const vault = createVault(store, createRedis(store, fetch), () => void count.unreadable++);
await vault.keyOf("names are ready");

for await (const key of walkKeys(store, store.prefix)) await visit(key);

console.log(
  `${count.sealedAgain} records sealed again, ${count.current} already under the newest key.`,
);
if (count.passing > 0)
  console.log(
    `${count.passing} end within ten minutes by themselves: keep the older keys until then.`,
  );
if (count.unreadable > 0)
  console.log(`${count.unreadable} do not open with any key given, and were left alone.`);

/** Seals one record again if it has to be; a collection is sealed with the grants it lists. */
async function visit(key: string): Promise<void> {
  const [stored] = await readText(key);
  if (typeof stored !== "string" || !stored.startsWith("v1.")) return;
  if (sealer.isCurrent(stored)) return void count.current++;
  const text = await vault.open(stored, key);
  if (text === undefined) return;
  const found = recognize(text);
  if (found === undefined) return void count.passing++;
  const work = beginWork(vault);
  if ("grant" in found) await resealGrant(work, found.grant, Math.floor(Date.now() / 1000));
  else await resealClient(work, vault, found.clientId);
  count.sealedAgain++;
}

/** A collection is of another type, which Redis refuses to read as text. */
async function readText(key: string) {
  try {
    return await vault.redis.transact([{ do: "get", key }], { repeatable: true });
  } catch (error) {
    if (error instanceof Refusal && error.reason === "store_answer_invalid") return [];
    throw error;
  }
}
