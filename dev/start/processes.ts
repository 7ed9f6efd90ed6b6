/**
 * The processes of `npm run dev`. Node programs go in, running ones come out, which live and die
 * together: when one ends by itself the rest is ended too, and nothing outlives this process unless
 * that is killed outright.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Obstacle } from "../obstacle.ts";

export interface Program {
  /** How the terminal calls it. */
  readonly name: string;
  readonly file: string;
  readonly arguments?: readonly string[];
  /** Added to our own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Takes each line it prints; without it they are dropped. What goes to stderr is always shown.
   */
  readonly onLine?: (line: string) => void;
}

export interface Running {
  /** Ends it and whatever it started. */
  stop(): Promise<void>;
}

export interface Processes {
  start(program: Program): Running;
  /** Ends all of them. */
  stop(): Promise<void>;
  /** Rejects when one ends that nobody ended. */
  readonly failure: Promise<never>;
}

/** How long a process may take to put its things away. */
const PATIENCE_MS = 5000;

/** Windows has no process groups; there a new one would be a new window. */
const HAS_GROUPS = process.platform !== "win32";

/** Nothing runs yet. */
export function createProcesses(): Processes {
  const children = new Map<ChildProcess, Running>();
  const { promise: failure, reject } = Promise.withResolvers<never>();
  process.once("exit", () => {
    for (const child of children.keys()) killGroup(child);
  });
  return {
    failure,
    start(program) {
      const child = spawnProgram(program);
      const running = { stop: () => stopChild(child, () => children.delete(child)) };
      children.set(child, running);
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        if (!children.delete(child)) return;
        killGroup(child);
        reject(
          new Obstacle(`${program.name} has stopped by itself (${signal ?? `exit code ${code}`}).`),
        );
      });
      return running;
    },
    stop: async () => {
      await Promise.all([...children.values()].map((running) => running.stop()));
    },
  };
}

/** In a group of its own, so that Ctrl-C reaches us alone and the order of ending is ours. */
function spawnProgram(program: Program): ChildProcess {
  const child = spawn(process.execPath, [program.file, ...(program.arguments ?? [])], {
    detached: HAS_GROUPS,
    env: { ...process.env, ...program.environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  createInterface({ input: child.stdout }).on("line", program.onLine ?? (() => {}));
  return child;
}

/** `forget` first, so that its end is not taken for a failure. */
async function stopChild(child: ChildProcess, forget: () => void): Promise<void> {
  forget();
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const timer = setTimeout(() => killGroup(child), PATIENCE_MS);
    await ended;
    clearTimeout(timer);
  }
  killGroup(child);
}

/** Ends the process and what it left behind. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(HAS_GROUPS ? -child.pid : child.pid, "SIGKILL");
  } catch {
    // Everything is gone already.
  }
}
