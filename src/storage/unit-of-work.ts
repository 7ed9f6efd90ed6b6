/**
 * A unit of work: what one request reads and writes. Names and plain texts go in and out; what is read is remembered,
 * what is written waits, and `commit` sends it all as one transaction. A record that was deleted meanwhile stays so.
 */
import { Refusal } from "../errors.ts";
import { randomText } from "../keys.ts";
import { createHold, type Hold, HOLD_TTL_SECONDS, judgeHold, strandHold } from "./hold.ts";
import type { Command, Reply } from "./redis.ts";
import type { Vault } from "./vault.ts";

export interface UnitOfWork {
  /**
   * Reads records (and the fields of one collection) in one round trip, so that getting them costs none. With `hold`
   * the same trip asks for a hold on that name, before it reads; `isHeld` tells whether we have it.
   */
  prefetch(names: readonly string[], options?: { readonly hold?: string; readonly fields?: string }): Promise<void>;
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
  /** Writes a record in place of the one that was read; if that is gone or another, `commit` refuses. */
  replace(name: string, text: string, ttlSeconds: number): void;
  delete(name: string): void;
  /** Sets how long a record lives from now on, if there is one. */
  extend(name: string, ttlSeconds: number): void;
  putField(collection: string, field: string, text: string, ttlSeconds: number): void;
  deleteField(collection: string, field: string): void;
  /**
   * Writes everything as one transaction and lets the hold go. Refuses with `grant_conflict` when a replaced record
   * was not what we had read; then everything this unit wrote is taken back.
   */
  commit(): Promise<void>;
  /** Drops what was to be written and lets the hold go. Never refuses. */
  discard(): Promise<void>;
}

type Change = (work: Work) => Promise<readonly Write[]>;

interface Write {
  readonly command: Command;
  /** For a replacement: the stored text that must still be there. */
  readonly expected?: string | undefined;
}

interface Work {
  readonly vault: Vault;
  /** Name → what Redis had and what it says. */
  readonly read: Map<string, { readonly stored: Reply | undefined; readonly text: string | undefined }>;
  readonly collections: Map<string, readonly string[]>;
  /** Name → its new text; undefined once deleted. */
  readonly written: Map<string, string | undefined>;
  readonly changes: Map<string, Change>;
  hold: Hold | undefined;
}

/** Starts an empty unit of work. */
export function beginWork(vault: Vault): UnitOfWork {
  const work: Work = { vault, read: new Map(), collections: new Map(), written: new Map(), changes: new Map(), hold: undefined };
  return {
    prefetch: (names, options = {}) => prefetch(work, names, options),
    isHeld: () => work.hold !== undefined,
    get: (name) => get(work, name),
    hasRead: (name) => work.read.get(name)?.text !== undefined,
    take: (name) => take(work, name),
    claim: (name, ttlSeconds) => claim(work, name, ttlSeconds),
    fields: (collection) => fields(work, collection),
    put: (name, text, ttlSeconds) => change(work, name, text, () => write(work, name, text, ttlSeconds)),
    replace: (name, text, ttlSeconds) => change(work, name, text, () => replace(work, name, text, ttlSeconds)),
    delete: (name) => change(work, name, undefined, async () => [{ command: { do: "delete", key: await vault.keyOf(name) } }]),
    extend: (name, ttlSeconds) =>
      void work.changes.set(`extend ${name}`, async () => [{ command: { do: "extend", key: await vault.keyOf(name), ttlSeconds } }]),
    putField: (collection, field, text, ttlSeconds) =>
      void work.changes.set(`${collection}/${field}`, () => writeField(work, { collection, field }, text, ttlSeconds)),
    deleteField: (collection, field) =>
      void work.changes.set(`${collection}/${field}`, () => deleteField(work, { collection, field })),
    commit: () => commit(work),
    discard: () => discard(work),
  };
}

async function prefetch(work: Work, names: readonly string[], options: { readonly hold?: string; readonly fields?: string }) {
  const { vault } = work;
  const hold = options.hold === undefined ? undefined : createHold(await vault.keyOf(options.hold));
  const keys = await Promise.all(names.map((name) => vault.keyOf(name)));
  const collection = options.fields === undefined ? undefined : await vault.keyOf(options.fields);
  const replies = await transactHolding(vault, hold, [
    ...(hold === undefined ? [] : [{ do: "claim", ...hold, ttlSeconds: HOLD_TTL_SECONDS } as const]),
    ...keys.map((key) => ({ do: "get", key }) as const),
    ...(collection === undefined ? [] : [{ do: "getFields", key: collection } as const]),
  ]);
  if (hold !== undefined) work.hold = judgeHold(hold, replies.shift());
  for (const [index, name] of names.entries()) await remember(work, name, keys[index] ?? "", replies.shift());
  if (options.fields !== undefined && collection !== undefined)
    work.collections.set(options.fields, await openFields(vault, collection, replies.shift()));
}

/** When the answer is lost, the hold may stand all the same. */
async function transactHolding(vault: Vault, hold: Hold | undefined, commands: readonly Command[]): Promise<(Reply | undefined)[]> {
  if (commands.length === 0) return [];
  try {
    return [...(await vault.redis.transact(commands, { repeatable: true }))];
  } catch (error) {
    if (hold !== undefined) strandHold(hold);
    throw error;
  }
}

async function remember(work: Work, name: string, key: string, stored: Reply | undefined): Promise<void> {
  work.read.set(name, { stored, text: await work.vault.open(stored, key) });
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

function change(work: Work, name: string, text: string | undefined, make: Change): void {
  work.written.set(name, text);
  work.changes.set(name, make);
}

async function write({ vault }: Work, name: string, text: string, ttlSeconds: number): Promise<readonly Write[]> {
  const key = await vault.keyOf(name);
  return [{ command: { do: "write", key, value: await vault.seal(text, key), ttlSeconds } }];
}

async function replace(work: Work, name: string, text: string, ttlSeconds: number): Promise<readonly Write[]> {
  const key = await work.vault.keyOf(name);
  const stored = work.read.get(name)?.stored;
  const value = await work.vault.seal(text, key);
  return [{ command: { do: "replace", key, value, ttlSeconds }, expected: typeof stored === "string" ? stored : undefined }];
}

interface FieldName {
  readonly collection: string;
  readonly field: string;
}

/** A field's value begins with the field's hashed name, to which its seal is bound. */
async function writeField({ vault }: Work, name: FieldName, text: string, ttlSeconds: number): Promise<readonly Write[]> {
  const { key, field } = await placeOf(vault, name);
  const value = `f.${field}=${await vault.seal(text, `${key}/${field}`)}`;
  return [{ command: { do: "setField", key, field, value } }, { command: { do: "extend", key, ttlSeconds } }];
}

async function deleteField({ vault }: Work, name: FieldName): Promise<readonly Write[]> {
  return [{ command: { do: "deleteField", ...(await placeOf(vault, name)) } }];
}

async function placeOf(vault: Vault, { collection, field }: FieldName) {
  return { key: await vault.keyOf(collection), field: await vault.pointerTo(`${collection}/${field}`) };
}

async function openFields(vault: Vault, key: string, reply: Reply | undefined): Promise<readonly string[]> {
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
  for (const make of work.changes.values()) writes.push(...(await make(work)));
  if (work.hold !== undefined) writes.push({ command: { do: "delete", key: work.hold.key } });
  const { hold } = work;
  forget(work);
  const replies = await transactHolding(work.vault, hold, writes.map(({ command }) => command));
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

/** A replacement finds what was read, or its own value when a lost answer made us send it twice. */
function wasOvertaken({ command, expected }: Write, found: Reply | undefined): boolean {
  return command.do === "replace" && (typeof found !== "string" || (found !== expected && found !== command.value));
}

/** Takes back what an overtaken unit of work has written; what it deleted stays deleted. */
function undo({ command }: Write): readonly Command[] {
  switch (command.do) {
    case "write":
    case "replace":
      return [{ do: "delete", key: command.key }];
    case "setField":
      return [{ do: "deleteField", key: command.key, field: command.field }];
    default:
      return [];
  }
}
