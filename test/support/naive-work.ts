/**
 * The control of the race tests: a unit of work as one would first write it, one command for each
 * operation, at once, with no hold. It passes every test that does nothing at the same time. Never
 * deployed.
 */
import type { Command } from "../../src/storage/redis.ts";
import type { UnitOfWork } from "../../src/storage/unit-of-work.ts";
import type { Vault } from "../../src/storage/vault.ts";

/**
 * Starts a naive unit of work. Writes are sent in order as they are made; `commit` only waits for
 * them.
 */
export function beginNaiveWork(vault: Vault): UnitOfWork {
  const store = createNaiveStore(vault);
  const found = new Set<string>();
  let writes: Promise<unknown> = Promise.resolve();
  const later = (write: () => Promise<unknown>): void => {
    writes = writes.then(write);
    writes.catch(() => undefined);
  };
  const get = async (name: string): Promise<string | undefined> => {
    await writes;
    const text = await store.read(name);
    if (text !== undefined) found.add(name);
    return text;
  };
  const put: UnitOfWork["put"] = (name, text, ttlSeconds) =>
    later(() => store.write(name, text, ttlSeconds));
  const remove = (name: string): void => later(() => store.remove(name));
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
    fields: async (collection) => Object.values(parseMembers(await get(collection))),
    put,
    replace: put,
    delete: remove,
    extend: (name, ttlSeconds) => later(() => store.extend(name, ttlSeconds)),
    putField: ({ collection, field }, text, ttlSeconds) =>
      later(() => store.edit(collection, (members) => ({ ...members, [field]: text }), ttlSeconds)),
    deleteField: ({ collection, field }) =>
      later(() => store.edit(collection, (members) => without(members, field), DAY_SECONDS)),
    commit: async () => void (await writes),
    discard: async () => undefined,
  };
}

const DAY_SECONDS = 86_400;

/** A collection is one record here: its members, by field. */
type Members = Record<string, string>;

function parseMembers(text: string | undefined): Members {
  return text === undefined ? {} : JSON.parse(text);
}

function without(members: Members, field: string): Members {
  return Object.fromEntries(Object.entries(members).filter(([name]) => name !== field));
}

/** One command at a time, each under a readable name. */
function createNaiveStore(vault: Vault) {
  const send = async (command: Command) =>
    (await vault.redis.transact([command], { repeatable: false }))[0];
  const read = async (name: string): Promise<string | undefined> => {
    const key = await vault.keyOf(name);
    return vault.open(await send({ do: "get", key }), key);
  };
  const write = async (name: string, text: string, ttlSeconds: number): Promise<void> => {
    const key = await vault.keyOf(name);
    await send({ do: "write", key, value: await vault.seal(text, key), ttlSeconds });
  };
  return {
    read,
    write,
    remove: async (name: string) => send({ do: "delete", key: await vault.keyOf(name) }),
    extend: async (name: string, ttlSeconds: number) =>
      send({ do: "extend", key: await vault.keyOf(name), ttlSeconds }),
    edit: async (name: string, change: (members: Members) => Members, ttlSeconds: number) =>
      write(name, JSON.stringify(change(parseMembers(await read(name)))), ttlSeconds),
  };
}
