/**
 * The control of the race tests: a unit of work as one would first write it, one command for each operation, at once,
 * with no hold. It passes every test that does nothing at the same time. Never deployed.
 */
import type { Command } from "../../src/storage/redis.ts";
import type { UnitOfWork } from "../../src/storage/unit-of-work.ts";
import type { Vault } from "../../src/storage/vault.ts";

/** Starts a naive unit of work. Writes are sent in order as they are made; `commit` only waits for them. */
export function beginNaiveWork(vault: Vault): UnitOfWork {
  const found = new Set<string>();
  let writes: Promise<unknown> = Promise.resolve();
  const send = async (command: Command) => (await vault.redis.transact([command], { repeatable: false }))[0];
  const later = (write: () => Promise<unknown>): void => void (writes = writes.then(write));
  const get = async (name: string) => {
    await writes;
    const key = await vault.keyOf(name);
    const text = await vault.open(await send({ do: "get", key }), key);
    if (text !== undefined) found.add(name);
    return text;
  };
  const put = (name: string, text: string, ttlSeconds: number): void =>
    later(async () => {
      const key = await vault.keyOf(name);
      await send({ do: "write", key, value: await vault.seal(text, key), ttlSeconds });
    });
  const remove = (name: string): void => later(async () => send({ do: "delete", key: await vault.keyOf(name) }));
  return {
    prefetch: async (names) => {
      for (const name of names) await get(name);
    },
    isHeld: () => true,
    get,
    hasRead: (name) => found.has(name),
    take: async (name) => {
      const text = await get(name);
      remove(name);
      return text;
    },
    claim: async (name, ttlSeconds) => {
      const isFirst = (await get(name)) === undefined;
      put(name, "used", ttlSeconds);
      return isFirst;
    },
    fields: async () => [],
    put,
    replace: put,
    delete: remove,
    extend: () => undefined,
    putField: () => undefined,
    deleteField: () => undefined,
    commit: async () => void (await writes),
    discard: async () => undefined,
  };
}
