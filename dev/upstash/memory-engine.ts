/**
 * An engine that keeps its data in this process: the part of Redis 7.0 that our storage may use,
 * with Redis's replies and errors. It knows no scripts, lists, streams or blocking commands.
 */
import type { Command, Engine, Failure, Outcome } from "./engine.ts";
import { readArguments } from "./memory/arguments.ts";
import type { CommandDescription, CommandTable } from "./memory/command-table.ts";
import { ReplyError, wrongArity } from "./memory/errors.ts";
import { expiryCommands } from "./memory/expiry.ts";
import { hashCommands } from "./memory/hashes.ts";
import { keyCommands } from "./memory/keys.ts";
import { createKeyspace, type Keyspace } from "./memory/keyspace.ts";
import { setCommands } from "./memory/sets.ts";
import { readSnapshot, writeSnapshot } from "./memory/snapshot.ts";
import { sortedSetCommands } from "./memory/sorted-sets.ts";
import { stringCommands } from "./memory/strings.ts";

const COMMANDS: CommandTable = {
  ...keyCommands,
  ...expiryCommands,
  ...stringCommands,
  ...hashCommands,
  ...setCommands,
  ...sortedSetCommands,
};

/** The names of the commands this engine knows, in capitals. */
export const MEMORY_COMMANDS: readonly string[] = Object.keys(COMMANDS);

export interface MemoryEngine extends Engine {
  /** Everything in it, as text for `createMemoryEngine({ snapshot })`. */
  snapshot(): string;
}

export interface MemoryEngineOptions {
  /** The clock, in whole epoch milliseconds. */
  readonly now?: () => number;
  /** What an earlier engine's `snapshot()` gave. Throws when it is something else. */
  readonly snapshot?: string | undefined;
  /** Called after each command that may have changed something. */
  readonly onWrite?: () => void;
}

/** Makes an engine, empty or with the data of a snapshot. */
export function createMemoryEngine(options: MemoryEngineOptions = {}): MemoryEngine {
  const { now = Date.now, onWrite = () => {} } = options;
  const keyspace =
    options.snapshot === undefined ? createKeyspace() : readSnapshot(options.snapshot);
  const execute = (command: Command): Outcome => {
    const description = findDescription(command);
    if ("error" in description) return description;
    const outcome = runCommand(keyspace, command, description);
    if (description.writes) onWrite();
    return outcome;
  };
  return {
    async run(command) {
      keyspace.nowMs = now();
      return execute(command);
    },
    async transact(commands) {
      if (commands.some((command) => "error" in findDescription(command))) return ABORTED;
      keyspace.nowMs = now();
      return commands.map(execute);
    },
    snapshot() {
      keyspace.nowMs = now();
      return writeSnapshot(keyspace);
    },
  };
}

const ABORTED: Failure = {
  error: "EXECABORT Transaction discarded because of previous errors.",
};

/** What Redis checks before it queues a command: that it exists, and how many arguments it has. */
function findDescription(command: Command): CommandDescription | Failure {
  const [name, ...args] = command;
  const description = COMMANDS[name.toUpperCase()];
  if (description === undefined) return { error: `ERR unknown command '${name.slice(0, 128)}'` };
  const { arity } = description;
  const fits = arity < 0 ? args.length + 1 >= -arity : args.length + 1 === arity;
  return fits ? description : { error: wrongArity(name).message };
}

function runCommand(
  keyspace: Keyspace,
  [, ...args]: Command,
  { run }: CommandDescription,
): Outcome {
  try {
    return { result: run(keyspace, readArguments(args)) };
  } catch (error) {
    if (error instanceof ReplyError) return { error: error.message };
    throw error;
  }
}
