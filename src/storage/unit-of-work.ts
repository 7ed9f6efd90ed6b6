/**
 * A unit of work: what one request reads and writes. Names and plain texts go in and out; what is
 * read is remembered, what is written waits, and `commit` sends it all as one transaction. A record
 * that was deleted meanwhile stays so.
 */
import { Refusal } from "../errors.ts";
import { randomText } from "../keys.ts";
import { createHold, type Hold, HOLD_TTL_SECONDS, judgeHold, strandHold } from "./hold.ts";
import type { Command, Reply } from "./redis.ts";
import type { Vault } from "./vault.ts";
import {
  deleteField,
  extend,
  type FieldPlace,
  pathOf,
  remove,
  replace,
  undo,
  wasOvertaken,
  type Write,
  write,
  writeField,
} from "./write.ts";

export interface UnitOfWork {
  /**
   * Reads records (and the fields of one collection) in one round trip, so that getting them costs
   * none. With `hold` the same trip asks for a hold on that name, before it reads; `isHeld` tells
   * whether we have it.
   */
  prefetch(
    names: readonly string[],
    options?: { readonly hold?: string; readonly fields?: string },
  ): Promise<void>;
  isHeld(): boolean;
  /** The record's text, or undefined: there is none, or none that opens. */
  get(name: string): Promise<string | undefined>;
  /** Whether a record of this name was read and found. */
  hasRead(name: string): boolean;
  /** The record's text, gone afterwards for everybody: for what works once. */
  take(name: string): Promise<string | undefined>;
  /** Whether this name is claimed for the first time: for identifiers that are accepted once. */
  claim(name: string, ttlSeconds: number): Promise<boolean>;
  /** The text of every field of a collection. */
  fields(collection: string): Promise<readonly string[]>;
  /** Writes a record, whatever is there. */
  put(name: string, text: string, ttlSeconds: number): void;
  /**
   * Writes a record in place of the one that was read; if that is gone or another, `commit`
   * refuses.
   */
  replace(name: string, text: string, ttlSeconds: number): void;
  delete(name: string): void;
  /** Sets how long a record lives from now on, if there is one. */
  extend(name: string, ttlSeconds: number): void;
  putField(place: FieldPlace, text: string, ttlSeconds: number): void;
  deleteField(place: FieldPlace): void;
  /**
   * Writes everything as one transaction and lets the hold go. Refuses with `grant_conflict` when a
   * replaced record was not what we had read; then everything this unit wrote is taken back.
   */
  commit(): Promise<void>;
  /** Drops what was to be written and lets the hold go. Never refuses. */
  discard(): Promise<void>;
}

type Change = () => Promise<readonly Write[]>;

interface Work {
  readonly vault: Vault;
  /** Name → what Redis had and what it says. */
  readonly read: Map<
    string,
    { readonly stored: Reply | undefined; readonly text: string | undefined }
  >;
  readonly collections: Map<string, readonly string[]>;
  /** Name → its new text; undefined once deleted. */
  readonly written: Map<string, string | undefined>;
  readonly changes: Map<string, Change>;
  hold: Hold | undefined;
}

/** Starts an empty unit of work. */
export function beginWork(vault: Vault): UnitOfWork {
  const work: Work = {
    vault,
    read: new Map(),
    collections: new Map(),
    written: new Map(),
    changes: new Map(),
    hold: undefined,
  };
  return {
    prefetch: (names, options = {}) => prefetch(work, names, options),
    isHeld: () => work.hold !== undefined,
    get: (name) => get(work, name),
    hasRead: (name) => work.read.get(name)?.text !== undefined,
    take: (name) => take(work, name),
    claim: (name, ttlSeconds) => claim(work, name, ttlSeconds),
    fields: (collection) => fields(work, collection),
    put: (name, text, ttlSeconds) =>
      change(work, { name, text }, () => write(vault, { name, text, ttlSeconds })),
    replace: (name, text, ttlSeconds) =>
      change(work, { name, text }, () =>
        replace(vault, { name, text, ttlSeconds }, storedText(work, name)),
      ),
    delete: (name) => change(work, { name }, () => remove(vault, name)),
    extend: (name, ttlSeconds) =>
      void work.changes.set(`extend ${name}`, () => extend(vault, name, ttlSeconds)),
    putField: (place, text, ttlSeconds) =>
      void work.changes.set(pathOf(place), () => writeField(vault, place, { text, ttlSeconds })),
    deleteField: (place) => void work.changes.set(pathOf(place), () => deleteField(vault, place)),
    commit: () => commit(work),
    discard: () => discard(work),
  };
}

async function prefetch(
  work: Work,
  names: readonly string[],
  options: { readonly hold?: string; readonly fields?: string },
) {
  const { vault } = work;
  const hold = options.hold === undefined ? undefined : createHold(await vault.keyOf(options.hold));
  const keys = await Promise.all(names.map((name) => vault.keyOf(name)));
  const collection = options.fields === undefined ? undefined : await vault.keyOf(options.fields);
  const replies = await transactHolding(vault, hold, [
    ...(hold === undefined
      ? []
      : [{ do: "claim", ...hold, ttlSeconds: HOLD_TTL_SECONDS } as const]),
    ...keys.map((key) => ({ do: "get", key }) as const),
    ...(collection === undefined ? [] : [{ do: "getFields", key: collection } as const]),
  ]);
  if (hold !== undefined) work.hold = judgeHold(hold, replies.shift());
  for (const [index, name] of names.entries()) {
    const stored = replies.shift();
    work.read.set(name, { stored, text: await vault.open(stored, keys[index] ?? "") });
  }
  if (options.fields !== undefined && collection !== undefined)
    work.collections.set(options.fields, await openFields(vault, collection, replies.shift()));
}

/** When the answer is lost, the hold may stand all the same. */
async function transactHolding(
  vault: Vault,
  hold: Hold | undefined,
  commands: readonly Command[],
): Promise<(Reply | undefined)[]> {
  if (commands.length === 0) return [];
  try {
    return [...(await vault.redis.transact(commands, { repeatable: true }))];
  } catch (error) {
    if (hold !== undefined) strandHold(hold);
    throw error;
  }
}

async function get(work: Work, name: string): Promise<string | undefined> {
  if (work.written.has(name)) return work.written.get(name);
  if (!work.read.has(name)) await prefetch(work, [name], {});
  return work.read.get(name)?.text;
}

async function take({ vault }: Work, name: string): Promise<string | undefined> {
  const key = await vault.keyOf(name);
  const [reply] = await vault.redis.transact([{ do: "take", key }], { repeatable: false });
  return vault.open(reply, key);
}

async function claim({ vault }: Work, name: string, ttlSeconds: number): Promise<boolean> {
  const value = `claim.${randomText(12)}`;
  const command = { do: "claim", key: await vault.keyOf(name), value, ttlSeconds } as const;
  const [holder] = await vault.redis.transact([command], { repeatable: true });
  return holder === null || holder === value;
}

async function fields(work: Work, collection: string): Promise<readonly string[]> {
  if (!work.collections.has(collection)) await prefetch(work, [], { fields: collection });
  return work.collections.get(collection) ?? [];
}

function storedText({ read }: Work, name: string): string | undefined {
  const stored = read.get(name)?.stored;
  return typeof stored === "string" ? stored : undefined;
}

function change(
  work: Work,
  { name, text }: { readonly name: string; readonly text?: string },
  make: Change,
): void {
  work.written.set(name, text);
  work.changes.set(name, make);
}

async function openFields(
  vault: Vault,
  key: string,
  reply: Reply | undefined,
): Promise<readonly string[]> {
  const values = typeof reply === "object" && reply !== null ? reply : [];
  const texts = await Promise.all(
    values.map((value) => {
      const [, field = "", sealed = ""] = /^f\.([\w-]+)=(.*)$/.exec(value) ?? [];
      return vault.open(sealed, `${key}/${field}`);
    }),
  );
  return texts.filter((text) => text !== undefined);
}

async function commit(work: Work): Promise<void> {
  const writes: Write[] = [];
  for (const make of work.changes.values()) writes.push(...(await make()));
  if (work.hold !== undefined) writes.push({ command: { do: "delete", key: work.hold.key } });
  const { hold } = work;
  forget(work);
  const replies = await transactHolding(
    work.vault,
    hold,
    writes.map(({ command }) => command),
  );
  if (!writes.some((done, index) => wasOvertaken(done, replies[index]))) return;
  await work.vault.redis.transact(writes.flatMap(undo), { repeatable: true });
  throw new Refusal("grant_conflict");
}

async function discard(work: Work): Promise<void> {
  const { hold } = work;
  forget(work);
  if (hold === undefined) return;
  await transactHolding(work.vault, hold, [{ do: "delete", key: hold.key }]).catch(() => undefined);
}

function forget(work: Work): void {
  work.changes.clear();
  work.written.clear();
  work.read.clear();
  work.hold = undefined;
}
