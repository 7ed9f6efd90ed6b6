/**
 * Where records lie: Redis, the seal and the names together, one per isolate. Readable names and
 * plain texts on this side; hashed keys and sealed values on the other.
 */
import type { StoreConfig } from "../config.ts";
import { loadNames, type Names } from "./names.ts";
import type { Redis, Reply } from "./redis.ts";
import { createSealer, type Sealer, type SealProblem } from "./sealing.ts";

export interface Vault {
  readonly redis: Redis;
  /** The Redis key of a record's name. */
  keyOf(name: string): Promise<string>;
  /** The Redis key that a token of ours points to with the last part of it. */
  keyAt(pointer: string): string;
  /** The last part of a Redis key: what a token may carry. */
  pointerTo(name: string): Promise<string>;
  seal(text: string, storedAs: string): Promise<string>;
  /** The plain text of a reply, or undefined: nothing there, or nothing that opens. */
  open(reply: Reply | undefined, storedAs: string): Promise<string | undefined>;
}

/** Told of every stored text that does not open; `storedAs` is a hashed key, never a content. */
export type OnUnreadable = (problem: SealProblem, storedAs: string) => void;

/** Prepares the vault; the first use asks Redis for the name key. */
export function createVault(config: StoreConfig, redis: Redis, onUnreadable: OnUnreadable): Vault {
  const lazy = createLazyParts(config, redis);
  const keyOf = async (name: string): Promise<string> => (await lazy.names()).keyOf(name);
  return {
    redis,
    keyOf,
    keyAt: (pointer) => `${config.prefix}${pointer}`,
    pointerTo: async (name) => (await keyOf(name)).slice(config.prefix.length),
    seal: async (text, storedAs) => (await lazy.sealer()).seal(text, storedAs),
    open: async (reply, storedAs) => {
      if (typeof reply !== "string") return undefined;
      const opened = await (await lazy.sealer()).open(reply, storedAs);
      if ("text" in opened) return opened.text;
      onUnreadable(opened.problem, storedAs);
      return undefined;
    },
  };
}

/** Values are kept, promises are not: a Worker must not wait for the I/O of another request. */
function createLazyParts(config: StoreConfig, redis: Redis) {
  let sealerOnce: Sealer | undefined;
  let namesOnce: Names | undefined;
  const sealer = async (): Promise<Sealer> =>
    (sealerOnce ??= await createSealer(config.encryptionKeys));
  const names = async (): Promise<Names> =>
    (namesOnce ??= await loadNames(redis, await sealer(), config.prefix));
  return { sealer, names };
}
