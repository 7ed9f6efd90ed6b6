/**
 * Where records lie: Redis, the seal and the names together, one per isolate. Readable names and
 * plain texts on this side; hashed keys and sealed values on the other.
 */
import type { StoreConfig } from "../config.ts";
import { Refusal } from "../errors.ts";
import { loadNames, type Names } from "./names.ts";
import type { Redis } from "./redis.ts";
import type { Command, Reply } from "./command.ts";
import { createSealer, type Sealer, type SealProblem } from "./sealing.ts";

export interface Vault {
  readonly redis: Redis;
  /** Epoch seconds. */
  readonly now: () => number;
  /** The Redis key of a record's name. */
  keyOf(name: string): Promise<string>;
  /** The Redis key that a token of ours points to with the last part of it. */
  keyAt(pointer: string): string;
  /** The last part of a Redis key: what a token may carry. */
  pointerTo(name: string): Promise<string>;
  seal(text: string, storedAs: string): Promise<string>;
  /**
   * The plain text of a reply, or undefined: nothing there, or nothing that opens. Refuses with
   * `store_key_unknown` or `store_record_newer` what was sealed under a key or in a format that this
   * version does not have: another version of us has it.
   */
  open(reply: Reply | undefined, storedAs: string): Promise<string | undefined>;
  /**
   * Runs the commands that `make` makes of names as one transaction. When the store turns out to be
   * another one than before (emptied, restored, moved), they are made and run again for that one.
   */
  transact(
    make: () => Promise<readonly Command[]>,
    options?: { readonly isPatient?: boolean },
  ): Promise<readonly Reply[]>;
  /** When the store was last another one than before, and how: what it held is not there any more. */
  changed(): StoreChange | undefined;
}

export interface StoreChange {
  readonly how: "store_emptied" | "store_replaced";
  /** Epoch seconds. */
  readonly at: number;
}

/** What is worth a line in the log. `storedAs` is a hashed key, never a content. */
export type VaultEvent = SealProblem | StoreChange["how"];

export interface VaultParts {
  readonly redis: Redis;
  /** Epoch seconds. */
  readonly now: () => number;
  readonly report: (event: VaultEvent, storedAs: string) => void;
}

/** Prepares the vault; the first use asks Redis for the name key. */
export function createVault(config: StoreConfig, parts: VaultParts): Vault {
  const lazy = createLazyParts(config, parts);
  const keyOf = async (name: string): Promise<string> => (await lazy.names()).keyOf(name);
  return {
    redis: parts.redis,
    now: parts.now,
    keyOf,
    keyAt: (pointer) => `${config.prefix}${pointer}`,
    pointerTo: async (name) => (await keyOf(name)).slice(config.prefix.length),
    seal: async (text, storedAs) => (await lazy.sealer()).seal(text, storedAs),
    open: async (reply, storedAs) => {
      if (typeof reply !== "string") return undefined;
      const opened = await (await lazy.sealer()).open(reply, storedAs);
      if ("text" in opened) return opened.text;
      parts.report(opened.problem, storedAs);
      if (opened.problem === "unknown_key") throw new Refusal("store_key_unknown");
      if (opened.problem === "unknown_format") throw new Refusal("store_record_newer");
      return undefined;
    },
    transact: async (make, options) => {
      const { place, stored } = await lazy.names();
      const commands = await make();
      if (commands.length === 0) return [];
      const run = async (all: readonly Command[]) =>
        parts.redis.transact([{ do: "get", key: place }, ...all], options);
      const [found, ...replies] = await run(commands);
      if (found === stored || !(await lazy.findNamesAgain(found))) return replies;
      const [, ...later] = await run(await make());
      return later;
    },
    changed: lazy.changed,
  };
}

/** Values are kept, promises are not: a Worker must not wait for the I/O of another request. */
function createLazyParts(config: StoreConfig, { redis, now, report }: VaultParts) {
  let sealerOnce: Sealer | undefined;
  let namesOnce: Names | undefined;
  let change: StoreChange | undefined;
  const notice = (how: StoreChange["how"]): void => {
    change = { how, at: now() };
    report(how, namesOnce?.place ?? "");
  };
  const sealer = async (): Promise<Sealer> =>
    (sealerOnce ??= await createSealer(config.encryptionKeys));
  const load = async (known?: string): Promise<Names> =>
    loadNames({ redis, sealer: await sealer(), prefix: config.prefix }, known);
  const names = async (): Promise<Names> => (namesOnce ??= await load());
  /** Whether names have changed with the store; the name key that an emptied one lost is put back. */
  const findNamesAgain = async (found: Reply | undefined): Promise<boolean> => {
    const before = namesOnce?.secret;
    try {
      namesOnce = await load(before);
    } catch (error) {
      // One that does not open is nobody's: who has worked with ours goes on with it.
      if (!(error instanceof Refusal) || error.reason !== "store_answer_invalid") throw error;
      notice("store_replaced");
      return false;
    }
    const hasChanged = namesOnce.secret !== before;
    if (found === null) notice("store_emptied");
    else if (hasChanged) notice("store_replaced");
    return hasChanged;
  };
  return { sealer, names, findNamesAgain, changed: () => change };
}
