/**
 * The keys of the memory engine: what each holds and until when. An expired key is gone for whoever
 * looks, and is dropped at the first look. The engine sets the clock before it runs a command.
 */

/** What a key can hold; Redis keeps no empty collection. */
export type Value =
  | { readonly type: "string"; readonly text: string }
  | { readonly type: "hash"; readonly fields: Map<string, string> }
  | { readonly type: "set"; readonly members: Set<string> }
  | { readonly type: "zset"; readonly scores: Map<string, number> };

export interface Entry {
  value: Value;
  /** Epoch milliseconds; `NEVER` for a key without a lifetime. */
  expiresAtMs: number;
  /** Grows with every new key, so that a SCAN can tell what it has seen. */
  readonly serial: number;
}

export interface Keyspace {
  readonly entries: Map<string, Entry>;
  /** The time at which the running command, or transaction, happens. */
  nowMs: number;
  lastSerial: number;
}

export const NEVER = Infinity;

/** A keyspace without keys. */
export function createKeyspace(): Keyspace {
  return { entries: new Map(), nowMs: 0, lastSerial: 0 };
}

/** What a key holds now, if it is there and has not expired. */
export function findEntry(keyspace: Keyspace, key: string): Entry | undefined {
  const entry = keyspace.entries.get(key);
  if (entry === undefined || keyspace.nowMs <= entry.expiresAtMs) return entry;
  keyspace.entries.delete(key);
  return undefined;
}

/** Makes a key hold a value; an existing key keeps its place and its lifetime. */
export function putValue(keyspace: Keyspace, key: string, value: Value): Entry {
  const existing = findEntry(keyspace, key);
  if (existing !== undefined) {
    existing.value = value;
    return existing;
  }
  const entry = { value, expiresAtMs: NEVER, serial: ++keyspace.lastSerial };
  keyspace.entries.set(key, entry);
  return entry;
}

/** Removes a key; false when it was not there. */
export function removeKey(keyspace: Keyspace, key: string): boolean {
  return findEntry(keyspace, key) !== undefined && keyspace.entries.delete(key);
}

/** Every key that has not expired, oldest first. */
export function liveEntries(keyspace: Keyspace): [key: string, entry: Entry][] {
  return [...keyspace.entries].filter(([key]) => findEntry(keyspace, key) !== undefined);
}
