/**
 * `npm run dev`: the Worker, a local tenant in the place of Auth0 and a local store in the place of
 * Upstash, without an account or a file to edit. The environment and `--fresh` go in; the log of
 * the Worker comes out, until Ctrl-C.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Obstacle } from "./obstacle.ts";
import { optionObstacle } from "./options.ts";
import { announce } from "./start/announcement.ts";
import { openKeys } from "./start/keys.ts";
import { renderLog } from "./start/log-lines.ts";
import { storeProgram, tenantProgram } from "./start/parts.ts";
import { assertPortsFree, orAnyPort } from "./start/ports.ts";
import { createProcesses, type Running } from "./start/processes.ts";
import { askPermissions, askProblems, isOffline, untilItAnswers } from "./start/questions.ts";
import { claimsOf, placesOf, readSettings, type Settings } from "./start/settings.ts";
import { watchVariables } from "./start/team-variables.ts";
import { watchSkills, writeSkills } from "./types/skills.ts";
import { createStandstill } from "./start/standstill.ts";
import { createTypeCheck } from "./start/type-check.ts";
import { startWorker, type WorkerHost } from "./start/worker.ts";

const PARENT_CHECK_MS = 250;

const ROOT = join(import.meta.dirname, "..");

const USAGE = `npm run dev -- [options]
  --fresh   forgets the data of earlier runs
  --help    this text; ports: DEV_PORT, DEV_AUTH0_PORT, DEV_UPSTASH_PORT, DEV_INSPECTOR_PORT`;

const places = placesOf(process.env);
const processes = createProcesses();
const askedToStop = untilAskedToStop();
let worker: WorkerHost | undefined;

try {
  const { fresh, help } = readArguments();
  if (help) console.log(USAGE);
  else await Promise.race([askedToStop, processes.failure, serve(fresh).then(() => askedToStop)]);
} catch (error) {
  console.error(error instanceof Obstacle ? explain(error) : error);
  process.exitCode = 1;
}
await Promise.all([worker?.stop(), processes.stop()]);
process.exit();

/** Resolves when everything answers; what was started goes on. */
async function serve(fresh: boolean): Promise<void> {
  const settings = await withSurroundings(readSettings(process.env, openKeys(places.keys)));
  await assertPortsFree(claimsOf(settings));
  if (fresh) await forget();
  writeSkills(ROOT);
  console.log("Starting …");
  await Promise.all([startStore(settings), runWorker(settings, createTenantStarter(settings))]);
  console.log(announce(settings, places, performance.now() / 1000));
  for (const problem of await askProblems(workerUrl(settings)))
    console.log(`Not ready yet: ${problem}`);
}

/**
 * What this machine allows. A debugger is of use to few: its port is not worth refusing to start.
 * Without a network no client's document can be read, so clients are told to register instead.
 */
async function withSurroundings(settings: Settings): Promise<Settings> {
  const inspector = await orAnyPort(settings.ports.inspector);
  const mustRegister = settings.variables["CLIENT_DOCUMENTS"] === undefined && (await isOffline());
  return {
    ...settings,
    ports: { ...settings.ports, inspector },
    variables: {
      ...settings.variables,
      ...(mustRegister ? { CLIENT_DOCUMENTS: "false" } : {}),
    },
  };
}

function explain({ message, advice }: Obstacle): string {
  return advice === undefined ? message : `${message}\n\n${advice}`;
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        fresh: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw optionObstacle(error, USAGE);
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

/**
 * Starts the local tenant; once more whenever the tools have come to require other permissions.
 * While the Worker cannot say which, they stay as they are.
 */
function createTenantStarter(
  settings: Settings,
): (permissions: readonly string[] | undefined) => Promise<void> {
  let tenant: Running | undefined;
  let held: string | undefined;
  return async (permissions = held?.split(",").filter(Boolean) ?? []) => {
    if (held === permissions.join()) return;
    if (held !== undefined) console.log(`From now on Ada holds ${permissions.join(", ")}.`);
    held = permissions.join();
    await tenant?.stop();
    tenant = processes.start(tenantProgram(settings, places, permissions));
    await untilItAnswers("The local tenant", settings.config.auth?.identity.issuer ?? "");
  };
}

/**
 * Runs the Worker and shows what it logs; resolves when it serves for the first time, and the tenant
 * knows the permissions that its tools require. Both are asked again after every change.
 */
async function runWorker(
  settings: Settings,
  startTenant: (permissions: readonly string[] | undefined) => Promise<void>,
): Promise<void> {
  const types = createTypeCheck((text) => console.log(text));
  const standstill = createStandstill(`${workerUrl(settings)}/health`, (text) =>
    console.error(text),
  );
  const { promise: serving, resolve } = Promise.withResolvers<void>();
  let isAnnounced = false;
  let reloads = Promise.resolve();
  let variables = "";
  const takeOverVariables = async (): Promise<void> => {
    const read = readSettings(process.env, openKeys(places.keys));
    const { CLIENT_DOCUMENTS = "true" } = settings.variables;
    const now = { CLIENT_DOCUMENTS, ...read.variables };
    const before = variables;
    variables = JSON.stringify(now);
    if (before !== "" && before !== variables) await worker?.setVariables(now);
  };
  const onServing = async (): Promise<void> => {
    // A tool that was added may name a variable that this environment has.
    await takeOverVariables();
    const permissions = await askPermissions(workerUrl(settings));
    if (settings.usesLocalTenant) await startTenant(permissions);
    if (isAnnounced) console.log("Took over the change.");
    isAnnounced = true;
    resolve();
    types.begin();
    standstill.watch(true);
  };
  worker = await startWorker(settings, places, {
    onLog(log, stacks) {
      const shown = renderLog(log, stacks);
      if (shown !== undefined) console.log(shown);
    },
    onServing: () => void (reloads = reloads.then(onServing).catch(() => {})),
    onBroken(problem) {
      standstill.watch(false);
      console.error(`\n${problem}\nIt is tried again after the next change.\n`);
    },
  });
  await serving;
  watchSkills(ROOT);
  const takeOver = () => void takeOverVariables().catch((error: unknown) => console.error(error));
  watchVariables(takeOver);
  // They may have been saved while everything started.
  takeOver();
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
