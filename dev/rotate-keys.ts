/**
 * `npm run rotate-keys`: walks the store and seals every record again under the first key of
 * STORAGE_ENCRYPTION_KEY, while the server goes on. The variables of `.dev.vars`, or of the file given
 * with `--file`, go in, counts come out; afterwards the older keys can be removed. It may be interrupted
 * and started again. No value is ever printed.
 */
import { parseArgs } from "node:util";
import { type Env, isConfig, loadConfig } from "../src/config.ts";
import { Refusal } from "../src/errors.ts";
import { resealFarewells } from "../src/grants/farewell.ts";
import { createRedis, walkKeys } from "../src/storage/redis.ts";
import {
  resealCollections,
  resealLatest,
  type ResealingParts,
  resealTexts,
  type Tally,
} from "../src/storage/resealing.ts";
import { createSealer } from "../src/storage/sealing.ts";
import { createVault } from "../src/storage/vault.ts";
import { Obstacle } from "./obstacle.ts";
import { optionObstacle } from "./options.ts";
import { readVariables } from "./variables-file.ts";

/** How many keys are sealed again at once, and how many such pages side by side. */
const KEYS_AT_ONCE = 100;
const PAGES_AT_ONCE = 8;

/** What refused is tried again so often; a store that restarts is back within a minute. */
const MOST_ROUNDS = 6;
const FIRST_PAUSE_MS = 2000;

const PROGRESS_EVERY_MS = 5000;

interface Page {
  readonly keys: readonly string[];
  readonly reseal: typeof resealTexts;
}

const USAGE = `npm run rotate-keys -- [options]
  --file .deploy.vars   where the variables are; .dev.vars when left out
  --help                this text`;

const env: Env = readEnv();
const config = loadConfig(env, new URL(env.RESOURCE_BASE_URL ?? "http://localhost:8787"));
if (!isConfig(config) || config.auth === undefined) {
  const problems = isConfig(config) ? [] : config;
  for (const { variable, problem } of problems) console.error(`${variable} ${problem}`);
  console.error(
    "Set the variables as the Worker has them, with STORAGE_ENCRYPTION_KEY=new,old: in the environment, in .dev.vars, or in the file given with --file.",
  );
  process.exit(1);
}

/** The variables that the command line names; whoever asks for help, or asks wrongly, is told. */
function readEnv(): Env {
  try {
    const { file, help } = readOptions();
    if (!help) return readVariables(file);
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof Obstacle)) throw error;
    console.error([error.message, error.advice].filter(Boolean).join("\n\n"));
    process.exit(1);
  }
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        file: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw optionObstacle(error, USAGE);
  }
}

const { store } = config.auth;
const tally: Tally = { sealedAgain: 0, current: 0, unreadable: 0 };
let looked = 0;
const parts: ResealingParts = {
  sealer: await createSealer(store.encryptionKeys),
  vault: createVault(store, {
    redis: createRedis(store, fetch),
    now: () => Math.floor(Date.now() / 1000),
    report: () => undefined,
  }),
};
// The newest key gets its copy of the name key here, before the older ones may go.
await insist(() => parts.vault.keyOf("names are ready"));

const progress = setInterval(
  () => console.log(`${looked} keys looked at, ${tally.sealedAgain} records sealed again …`),
  PROGRESS_EVERY_MS,
);
let refused = await walk(pages());
for (let round = 1; refused.length > 0 && round < MOST_ROUNDS; round++) {
  console.log(`${refused.length} pages refused; they are visited again.`);
  await pause(round);
  refused = await walk(refused);
}
tally.sealedAgain += await insist(() => resealFarewells(parts.vault, parts.sealer));
clearInterval(progress);

console.log(
  `${tally.sealedAgain} records sealed again, ${tally.current} already under the newest key.`,
);
if (tally.unreadable > 0)
  console.log(`${tally.unreadable} do not open with any key given, and were left alone.`);
if (refused.length > 0) {
  console.log(`${refused.length * KEYS_AT_ONCE} keys or fewer are left. Run it again.`);
  process.exitCode = 1;
}

/** As patient as with a page; a store that goes on refusing is named, without a stack. */
async function insist<Value>(run: () => Promise<Value>): Promise<Value> {
  for (let round = 1; ; round++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (round < MOST_ROUNDS) await pause(round);
      else {
        console.error(`The store refuses: ${error.reason}. Run it again.`);
        process.exit(1);
      }
    }
  }
}

/** Each twice as long as the one before. */
function pause(round: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, FIRST_PAUSE_MS * 2 ** (round - 1)));
}

/** Every key of the store, page by page. */
async function* pages(): AsyncGenerator<Page> {
  const { prefix } = store;
  for await (const keys of walkKeys(store, { prefix, type: "string", insist }))
    for (const some of chunksOf(keys)) yield { keys: some, reseal: resealTexts };
  for await (const keys of walkKeys(store, { prefix, type: "zset", insist }))
    for (const some of chunksOf(keys)) yield { keys: some, reseal: resealLatest };
  for await (const keys of walkKeys(store, { prefix, type: "hash", insist }))
    for (const some of chunksOf(keys)) yield { keys: some, reseal: resealCollections };
}

/** Visits pages, several side by side, and returns those that refused. */
async function walk(all: AsyncIterable<Page> | Iterable<Page>): Promise<Page[]> {
  const failed: Page[] = [];
  const under = new Set<Promise<void>>();
  for await (const page of all) {
    const visiting: Promise<void> = visit(page, failed).finally(() => under.delete(visiting));
    under.add(visiting);
    if (under.size >= PAGES_AT_ONCE) await Promise.race(under);
  }
  await Promise.all(under);
  return failed;
}

async function visit(page: Page, failed: Page[]): Promise<void> {
  try {
    await page.reseal(parts, page.keys, tally);
    looked += page.keys.length;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    failed.push(page);
  }
}

function chunksOf(keys: readonly string[]): readonly (readonly string[])[] {
  const count = Math.ceil(keys.length / KEYS_AT_ONCE);
  return Array.from({ length: count }, (_, index) =>
    keys.slice(index * KEYS_AT_ONCE, (index + 1) * KEYS_AT_ONCE),
  );
}
