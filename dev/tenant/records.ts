/**
 * What oidc-provider remembers (sessions, grants, codes, refresh tokens), in a map that is mirrored
 * to a file when there is one, because MCP clients keep their tokens over a restart. A single-use
 * record is used once, even when two requests race for it.
 */
import { type Adapter, errors, type Payload } from "oidc-provider";
import { readPrivateFile, writePrivateFile } from "./private-file.ts";

export interface Records {
  /** The records of one kind, in the form oidc-provider asks for them. */
  adapter(model: string): Adapter;
  /** Writes what has changed to the file; returns when it is there. */
  flush(): Promise<void>;
}

interface Entry {
  readonly model: string;
  readonly payload: Payload;
  /** Epoch seconds; absent for what does not expire. */
  readonly expiresAt?: number;
}

type Entries = Map<string, Entry>;

/** A burst of changes becomes one write. */
const WRITE_DELAY_MS = 200;

/** The records of `file`; without a file they live as long as the tenant. */
export async function openRecords(file?: string): Promise<Records> {
  const entries = file === undefined ? new Map() : await readEntries(file);
  const mirror = createMirror(async () => {
    dropExpired(entries);
    if (file !== undefined) await writePrivateFile(file, [...entries]);
  });
  return {
    adapter: (model) => createAdapter(model, entries, mirror.schedule),
    flush: mirror.flush,
  };
}

function createAdapter(model: string, entries: Entries, changed: () => void): Adapter {
  const nameOf = (id: string): string => `${model}:${id}`;
  const read = (id: string): Payload | undefined => readLiving(entries, nameOf(id));
  return {
    async upsert(id, payload, expiresInSeconds) {
      const expiry =
        expiresInSeconds === undefined ? {} : { expiresAt: nowSeconds() + expiresInSeconds };
      entries.set(nameOf(id), { model, payload, ...expiry });
      changed();
    },
    find: async (id) => read(id),
    findByUid: async (uid) =>
      ofModel(entries, model).find(([, { payload }]) => payload.uid === uid)?.[1].payload,
    findByUserCode: async () => undefined,
    async consume(id) {
      consumeOnce(entries, read(id));
      changed();
    },
    async destroy(id) {
      entries.delete(nameOf(id));
      changed();
    },
    async revokeByGrantId(grantId) {
      for (const [name, { payload }] of ofModel(entries, model))
        if (payload.grantId === grantId) entries.delete(name);
      changed();
    },
  };
}

/**
 * Of two that race for one record the second ends the grant, as a replay does (RFC 9700 §4.14.2).
 */
function consumeOnce(entries: Entries, payload: Payload | undefined): void {
  if (payload?.consumed !== undefined) {
    for (const [name, entry] of entries)
      if (entry.payload.grantId === payload.grantId) entries.delete(name);
    entries.delete(`Grant:${payload.grantId}`);
  }
  if (payload === undefined || payload.consumed !== undefined)
    throw new errors.InvalidGrant("already used");
  payload.consumed = nowSeconds();
}

function readLiving(entries: Entries, name: string): Payload | undefined {
  const entry = entries.get(name);
  return entry === undefined || isExpired(entry) ? undefined : entry.payload;
}

function ofModel(entries: Entries, model: string): [string, Entry][] {
  return [...entries].filter(([, entry]) => entry.model === model && !isExpired(entry));
}

function dropExpired(entries: Entries): void {
  for (const [name, entry] of entries) if (isExpired(entry)) entries.delete(name);
}

function isExpired({ expiresAt = Infinity }: Entry): boolean {
  return expiresAt <= nowSeconds();
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** Runs `write` a little after the last change, one at a time. */
function createMirror(write: () => Promise<void>): {
  schedule: () => void;
  flush: () => Promise<void>;
} {
  let timer: NodeJS.Timeout | undefined;
  let written = Promise.resolve();
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    return (written = written.then(write));
  };
  return {
    schedule: () => void (timer ??= setTimeout(() => void flush(), WRITE_DELAY_MS).unref()),
    flush,
  };
}

async function readEntries(file: string): Promise<Entries> {
  const stored = await readPrivateFile(file);
  return new Map(Array.isArray(stored) ? stored.filter(isNamedEntry) : []);
}

function isNamedEntry(value: unknown): value is [string, Entry] {
  return (
    Array.isArray(value) && typeof value[0] === "string" && typeof value[1]?.payload === "object"
  );
}
