/**
 * `npm run dev`: the Worker, a local tenant in the place of Auth0 and a local store in the place of
 * Upstash, without an account or a file to edit. The environment and `--fresh` go in; the log of
 * the Worker comes out, until Ctrl-C.
 */
import { rm } from "node:fs/promises";
import { parseArgs } from "node:util";
import { Obstacle } from "./obstacle.ts";
import { announce } from "./start/announcement.ts";
import { writeEnvFile } from "./start/env-file.ts";
import { openKeys } from "./start/keys.ts";
import { isReloaded, renderLine } from "./start/log-lines.ts";
import { storeProgram, tenantProgram, workerProgram } from "./start/parts.ts";
import { assertPortsFree } from "./start/ports.ts";
import { createProcesses, type Running } from "./start/processes.ts";
import {
  askPermissions,
  askProblems,
  guessPermissions,
  untilItAnswers,
} from "./start/questions.ts";
import { claimsOf, placesOf, readSettings, type Settings } from "./start/settings.ts";

const PARENT_CHECK_MS = 250;

const places = placesOf(process.env);
const processes = createProcesses();
const askedToStop = untilAskedToStop();

try {
  await Promise.race([askedToStop, processes.failure, serve().then(() => askedToStop)]);
} catch (error) {
  console.error(error instanceof Obstacle ? error.message : error);
  process.exitCode = 1;
}
await processes.stop();
process.exit();

/** Resolves when everything answers; what was started goes on. */
async function serve(): Promise<void> {
  const { fresh } = readArguments();
  const settings = readSettings(process.env, openKeys(places.keys));
  await assertPortsFree(claimsOf(settings));
  if (fresh) await forget();
  writeEnvFile(places.variables, settings.variables);
  console.log("Starting …");
  const startTenant = createTenantStarter(settings);
  await Promise.all([
    startStore(settings),
    settings.usesLocalTenant && guessPermissions().then(startTenant),
  ]);
  await startWorker(settings, async () => {
    if (settings.usesLocalTenant) await startTenant(await askPermissions(workerUrl(settings)));
  });
  console.log(announce(settings, places, performance.now() / 1000));
  for (const problem of await askProblems(workerUrl(settings)))
    console.log(`Not ready yet: ${problem}`);
}

function readArguments() {
  try {
    return parseArgs({ options: { fresh: { type: "boolean", default: false } } }).values;
  } catch {
    throw new Obstacle(
      "npm run dev takes one option: npm run dev -- --fresh (forgets the data of earlier runs).",
    );
  }
}

/** Everything but the keys. */
async function forget(): Promise<void> {
  for (const folder of [places.data, places.wrangler])
    await rm(folder, { recursive: true, force: true });
}

async function startStore(settings: Settings): Promise<void> {
  if (!settings.usesLocalStore) return;
  processes.start(storeProgram(settings, places));
  await untilItAnswers("The local store", settings.config.auth?.store.url ?? "");
}

/** Starts the local tenant; once more whenever the tools have come to require other permissions. */
function createTenantStarter(
  settings: Settings,
): (permissions: readonly string[]) => Promise<void> {
  let tenant: Running | undefined;
  let held: string | undefined;
  return async (permissions) => {
    if (held === permissions.join()) return;
    if (held !== undefined) console.log(`From now on Ada holds ${permissions.join(", ")}.`);
    held = permissions.join();
    await tenant?.stop();
    tenant = processes.start(tenantProgram(settings, places, permissions));
    await untilItAnswers("The local tenant", settings.config.auth?.auth0.issuer ?? "");
  };
}

/**
 * Shows what the Worker prints once it serves. `onReload` runs then, and after every change of its
 * source.
 */
async function startWorker(settings: Settings, onReload: () => Promise<void>): Promise<void> {
  let isReady = false;
  let reloads = Promise.resolve();
  processes.start({
    ...workerProgram(settings, places),
    onLine(line) {
      const shown = isReady ? renderLine(line) : undefined;
      if (shown !== undefined) console.log(shown);
      // A Worker that is broken at the moment is asked again when it is mended.
      if (isReady && isReloaded(line)) reloads = reloads.then(onReload).catch(() => {});
    },
  });
  await untilItAnswers("The Worker", `${workerUrl(settings)}/health`);
  await onReload();
  isReady = true;
}

function workerUrl({ ports }: Settings): string {
  return `http://localhost:${ports.worker}`;
}

/** Ctrl-C, `kill`, a closed terminal, or the end of npm. Asked twice, it ends at once. */
function untilAskedToStop(): Promise<void> {
  return new Promise((resolve) => {
    let isAsked = false;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.on(signal, () => {
        if (isAsked) process.exit(1);
        isAsked = true;
        resolve();
      });
    if (process.env["npm_lifecycle_event"] !== undefined) watchParent(resolve);
  });
}

/**
 * npm passes SIGTERM to the shell between us, which dies of it and tells nobody: we only lose our
 * parent.
 */
function watchParent(onLoss: () => void): void {
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || onLoss(), PARENT_CHECK_MS).unref();
}
