/**
 * The control of the race tests: a unit of work as one would first write it, one command for each
 * operation, at once, with no claims and no generations. It passes every test that does nothing at
 * the same time. Never deployed.
 */
import type { Found, Place } from "../../src/storage/entry.ts";
import type { Command } from "../../src/storage/command.ts";
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
  const put: UnitOfWork["create"] = (name, text, ttlSeconds) =>
    later(() => store.write(name, text, ttlSeconds));
  const members = async (collection: string): Promise<Members> =>
    parseMembers(await get(collection));
  return {
    prefetch: async ({ records = [] }) => {
      for (const name of records) await get(name);
    },
    owns: () => true,
    wasReturned: async () => true,
    get,
    hasRead: (name) => found.has(name),
    find: async ({ collection, entry }) => (await members(collection))[entry] ?? ABSENT,
    recall: async () => undefined,
    list: async (collection) =>
      Object.entries(await members(collection)).flatMap(([id, member]) =>
        member.state === "current" ? [{ id, text: member.text }] : [],
      ),
    take: async (name) => {
      const text = await get(name);
      later(() => store.remove(name));
      return text;
    },
    claim: async (name, ttlSeconds) => {
      const isFirst = (await get(name)) === undefined;
      put(name, "used", ttlSeconds);
      return isFirst;
    },
    create: put,
    createLasting: put,
    prolong: (name, ttlSeconds) => later(() => store.prolong(name, ttlSeconds)),
    advance: (place, text, { ttlSeconds }) =>
      later(() => store.edit(place, (before) => nextOf(before, text), ttlSeconds)),
    end: (...places) => {
      for (const place of places) later(() => store.edit(place, () => undefined, DAY_SECONDS));
    },
    sweep: () => undefined,
    also: (make) =>
      later(async () => {
        // Collections lie elsewhere here: what would be read beside is not.
        for (const command of await make())
          if (command.do !== "getFields") await store.send(command);
      }),
    commit: async () => {
      await writes;
      return "done";
    },
    commitLater: async () => undefined,
    discard: async () => undefined,
  };
}

const DAY_SECONDS = 86_400;
const ABSENT: Found = { state: "absent" };

/** A collection is one record here: its entries, by name. */
type Members = Record<string, Found>;

function parseMembers(text: string | undefined): Members {
  return text === undefined ? {} : JSON.parse(text);
}

function nextOf(before: Found | undefined, text: string): Found {
  const generation = before?.state === "current" ? before.generation + 1 : 1;
  return { state: "current", generation, text };
}

/** One command at a time, each under a readable name. */
function createNaiveStore(vault: Vault) {
  const send = async (command: Command) => (await vault.redis.transact([command]))[0];
  const read = async (name: string): Promise<string | undefined> => {
    const key = await vault.keyOf(name);
    return vault.open(await send({ do: "get", key }), key);
  };
  const write = async (name: string, text: string, ttlSeconds: number): Promise<void> => {
    const key = await vault.keyOf(name);
    await send({ do: "write", key, value: await vault.seal(text, key), ttlSeconds });
  };
  const edit = async (
    { collection, entry }: Place,
    change: (before: Found | undefined) => Found | undefined,
    ttlSeconds: number,
  ): Promise<void> => {
    const members = parseMembers(await read(collection));
    const { [entry]: before, ...others } = members;
    const after = change(before);
    const next = after === undefined ? others : { ...others, [entry]: after };
    await write(collection, JSON.stringify(next), ttlSeconds);
  };
  return {
    send,
    read,
    write,
    edit,
    remove: async (name: string) => send({ do: "delete", keys: [await vault.keyOf(name)] }),
    prolong: async (name: string, ttlSeconds: number) =>
      send({ do: "prolong", key: await vault.keyOf(name), ttlSeconds }),
  };
}
