/**
 * The Worker, run by wrangler. Settings go in; what it logs, when it serves and why it cannot come
 * out. Whatever is wrong with its source, it waits for the next change and tries again.
 */
import { globSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { unstable_DevEnv as DevEnv } from "wrangler";
import { createStackMap, type StackMap, UNMAPPED } from "./stack-map.ts";
import type { Places, Settings } from "./settings.ts";

/** What the Worker prints, or the runtime about it. */
export interface WorkerLog {
  readonly level: string;
  readonly message: string;
}

export interface WorkerEvents {
  onLog(log: WorkerLog, stacks: StackMap): void;
  /** It serves, for the first time or a change of its source. */
  onServing(): void;
  /** It does not, until its source is changed. */
  onBroken(problem: string): void;
}

export interface WorkerHost {
  /** The variables from now on; the Worker starts anew with them. */
  setVariables(variables: Readonly<Record<string, string>>): Promise<void>;
  stop(): Promise<void>;
}

/** wrangler must neither phone home, nor ask, nor look for another version. */
const QUIET = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_WRITE_LOGS: "false",
  WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV: "false",
};

const ROOT = join(import.meta.dirname, "../..");

/** Starts it; `onServing` tells when it serves. Rejects only when wrangler itself cannot be used. */
export async function startWorker(
  settings: Settings,
  places: Places,
  events: WorkerEvents,
): Promise<WorkerHost> {
  Object.assign(process.env, QUIET);
  const keepSignals = guardSignals();
  const wrangler = await import("wrangler");
  let stacks = UNMAPPED;
  let variables = settings.variables;
  let running: DevEnv | undefined;
  let isStopping = false;
  let builtAtMs = 0;

  const launch = async (): Promise<void> => {
    const env = new wrangler.unstable_DevEnv();
    running = env;
    const dispatch = env.dispatch.bind(env);
    env.dispatch = (event) => {
      keepSignals();
      if (event.type === "bundleStart") builtAtMs = Date.now();
      if (event.type === "bundleComplete") stacks = createStackMap(event.bundle);
      dispatch(event);
    };
    env.on("reloadComplete", () => events.onServing());
    // Wrangler prints what is wrong with a build, and builds again after the next change.
    env.on("buildFailed", () => events.onBroken("It cannot be built."));
    // The runtime keeps its first failure for ever: another one is needed.
    env.on("error", (event: unknown) => void relaunch(env, event));
    try {
      await env.startWorker(inputOf());
    } catch (error) {
      await relaunch(env, error);
    }
  };

  const relaunch = async (env: DevEnv, event: unknown): Promise<void> => {
    if (running !== env || isStopping) return;
    running = undefined;
    events.onBroken(describe(event, stacks));
    await endOf(env);
    await untilSourceChanges(builtAtMs, () => !isStopping);
    if (!isStopping) await launch();
  };

  const inputOf = (): Parameters<DevEnv["startWorker"]>[0] => ({
    config: join(ROOT, "wrangler.toml"),
    // Names of a file that is not there: ours are given, and no other file is read.
    envFiles: [join(places.wrangler, "no-variables")],
    bindings: asBindings(variables),
    build: { minify: false, keepNames: true },
    dev: {
      server: { hostname: "localhost", port: settings.ports.worker },
      inspector: { port: settings.ports.inspector },
      persist: places.wrangler,
      registry: join(places.wrangler, "registry"),
      // Not the host of wrangler.toml, whose port is another, and no route of the deployment.
      origin: { hostname: `localhost:${settings.ports.worker}` },
      inferOriginFromRoutes: false,
      logLevel: "warn",
      watch: true,
      structuredLogsHandler: (log: WorkerLog) => events.onLog(log, stacks),
    },
  });

  await launch();
  return {
    setVariables: async (next) => {
      variables = next;
      await running?.config.patch({ bindings: asBindings(next) });
    },
    stop: async () => {
      isStopping = true;
      if (running !== undefined) await endOf(running);
    },
  };
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Whoever started us ends us, in order: wrangler would leave at once, with a code of its own. What
 * it has to end when this process exits, it still does.
 */
function guardSignals(): () => void {
  const ours = SIGNALS.map((signal) => [signal, new Set(process.listeners(signal))] as const);
  return () => {
    for (const [signal, known] of ours)
      for (const listener of process.listeners(signal))
        if (!known.has(listener)) process.removeListener(signal, listener);
  };
}

function asBindings(variables: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      name,
      { type: "secret_text", value } as const,
    ]),
  );
}

const LOOK_AGAIN_MS = 150;

/** Resolves when anything under `src/`, or `wrangler.toml`, is newer than this; perhaps at once. */
async function untilSourceChanges(sinceMs: number, isWanted: () => boolean): Promise<void> {
  const isNewer = (file: string): boolean => statSync(join(ROOT, file)).mtimeMs > sinceMs;
  const look = (): boolean =>
    globSync(["src/**/*.*", "wrangler.toml"], { cwd: ROOT }).some(isNewer);
  while (isWanted() && !look()) await pause(LOOK_AGAIN_MS);
}

/** Every part by itself: a runtime that never started cannot be ended in order. */
async function endOf(env: DevEnv): Promise<void> {
  const parts = [env.config, env.bundler, ...env.runtimes, env.proxy];
  await Promise.allSettled(parts.map((part) => part.teardown()));
}

/** How the runtime begins what it says of a Worker that cannot start. */
export const RUNTIME_PREFIX = /^service core:user:[^:]*: /;

/** The runtime's own words stand in JSON within its message. */
function describe(event: unknown, stacks: StackMap): string {
  const cause = event instanceof Object && "cause" in event ? event.cause : event;
  const message = cause instanceof Error ? cause.message : String(cause);
  const said = [...message.matchAll(/"message":"((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) =>
    String(JSON.parse(`"${text}"`)).replace(RUNTIME_PREFIX, ""),
  );
  return stacks.map(said.length === 0 ? message : said.join("\n"));
}
