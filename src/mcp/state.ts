/**
 * A little to remember between calls: keys and JSON values go in and out, bound to the person and
 * the tool. Bounded in size, number and time; one round trip, two to put something.
 */
import { forget, listState, stateCollection, stateName } from "../grants/tool-state.ts";
import { ToolError } from "./answer.ts";
import type { Records } from "./services.ts";
import type { State } from "./tool-context.ts";

const LARGEST_VALUE_CHARACTERS = 16 * 1024;
const MOST_KEYS = 50;
const DEFAULT_TTL_SECONDS = 30 * 24 * 3600;
const LONGEST_TTL_SECONDS = 365 * 24 * 3600;

/** Whose state it is. */
interface Owner {
  readonly userId: string;
  readonly tool: string;
}

interface Store {
  readonly records: Records;
  /** Tells the log how often the store was asked. */
  noteTrip(): void;
  /** Epoch seconds. */
  now(): number;
  /** A short name of a text: keys are not written into names of records. */
  hash(text: string): Promise<string>;
}

/** The state of one person and tool. */
export function createState(owner: Owner, store: Store): State {
  return {
    async get(key, schema) {
      store.noteTrip();
      const field = await fieldOf(owner, key, store);
      const text = await store.records.read(stateName(owner.userId, field));
      // An older version of the tool may have put something else.
      return text === undefined ? undefined : schema.safeParse(JSON.parse(text)).data;
    },
    put: (key, value, options = {}) => put(owner, { key, value, ...options }, store),
    async delete(key) {
      store.noteTrip();
      const field = await fieldOf(owner, key, store);
      await store.records.write(forget(owner.userId, field));
    },
  };
}

interface Entry {
  readonly key: string;
  readonly value: unknown;
  readonly ttlSeconds?: number;
}

async function put(owner: Owner, entry: Entry, store: Store): Promise<void> {
  const { key, value, ttlSeconds = DEFAULT_TTL_SECONDS } = entry;
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError("state keeps JSON: this value has none");
  if (text.length > LARGEST_VALUE_CHARACTERS)
    throw new ToolError("This is too much to remember: at most 16 KB at a time.");
  if (!(ttlSeconds >= 1 && ttlSeconds <= LONGEST_TTL_SECONDS))
    throw new RangeError("state lives between one second and a year");
  const field = await fieldOf(owner, key, store);
  const collection = stateCollection(owner.userId);
  store.noteTrip();
  const known = await listState(store.records, owner.userId);
  const others = known.filter((other) => other.tool === owner.tool && other.field !== field);
  const gone = others.filter(({ until }) => until <= store.now());
  if (others.length - gone.length >= MOST_KEYS)
    throw new ToolError(`There is no room to remember more: at most ${MOST_KEYS} things.`);
  store.noteTrip();
  await store.records.write([
    { put: stateName(owner.userId, field), text, ttlSeconds },
    {
      enter: { collection, field },
      text: JSON.stringify({ tool: owner.tool, field, until: store.now() + ttlSeconds }),
      // The entries of a person share one life.
      ttlSeconds: LONGEST_TTL_SECONDS,
    },
    ...gone.map((entry) => ({ leave: { collection, field: entry.field } })),
  ]);
}

async function fieldOf({ tool }: Owner, key: string, { hash }: Store): Promise<string> {
  return (await hash(`${tool}\n${key}`)).slice(0, 22);
}
