/**
 * Entries: how what changes lies in Redis. A collection is one hash; a version of an entry is a
 * field of it that is written once (HSETNX). The highest generation counts, and an end counts for
 * ever. So a write that comes late, twice or after later ones changes nothing. Nothing is sent here.
 */
import type { Command, Reply } from "./command.ts";
import type { Vault } from "./vault.ts";

/** Names one entry. A collection that is a single thing has one entry, "". */
export interface Place {
  readonly collection: string;
  readonly entry: string;
  /** Its id, if it is known from reading. */
  readonly id?: string;
}

/** An entry as it was read. */
export interface Entry {
  readonly id: string;
  readonly text: string;
}

/** What stands at a place. */
export type Found =
  | { readonly state: "absent" }
  /** `at`: when, in epoch seconds. */
  | { readonly state: "ended"; readonly at: number }
  | { readonly state: "current"; readonly generation: number; readonly text: string };

/** A version on its way to Redis. */
export interface NewVersion {
  readonly key: string;
  readonly field: string;
  readonly value: string;
  readonly superseded: string;
}

/** An end is remembered longer than any request to the store can be late. */
export const END_REMEMBERED_SECONDS = 86_400;

const STORED = /^([\w-]+)\.(\d{1,9}|end)\.([\w-]+)=(.*)$/;
const END = "end";

interface Stored {
  readonly id: string;
  readonly version: string;
  readonly nonce: string;
  readonly sealed: string;
}

/** A collection as it was read. */
export interface Collection {
  /** What its values say of each of its entries, by the entries' ids. */
  readonly entries: ReadonlyMap<string, Found>;
  /** Fields of which nothing is read any more: late copies, and what an end has left. */
  readonly stale: readonly string[];
}

/** Reads a collection from its values. */
export async function openCollection(
  vault: Vault,
  key: string,
  reply: Reply | undefined,
): Promise<Collection> {
  const values = typeof reply === "object" && reply !== null ? reply : [];
  const byId = Map.groupBy(values.flatMap(parseStored), ({ id }) => id);
  const found = await Promise.all(
    [...byId].map(async ([id, stored]) => [id, await openNewest(vault, key, stored)] as const),
  );
  return { entries: new Map(found), stale: [...byId.values()].flatMap(staleOf) };
}

function staleOf(stored: readonly Stored[]): readonly string[] {
  const counting = newestOf(stored);
  return stored
    .filter(({ version }) => version !== counting?.version)
    .map(({ id, version }) => `${id}.${version}`);
}

/** The version that counts: the end, or the highest generation. */
function newestOf(stored: readonly Stored[]): Stored | undefined {
  const [newest] = stored.toSorted((one, other) => Number(other.version) - Number(one.version));
  return stored.find(({ version }) => version === END) ?? newest;
}

/**
 * Whether a collection's values tell that its entry has come as far as this generation, or to its
 * end, without opening any.
 */
export function wasUsed(reply: Reply | undefined, from: number): boolean {
  const stored = (typeof reply === "object" && reply !== null ? reply : []).flatMap(parseStored);
  return stored.some(({ version }) => version === END || Number(version) >= from);
}

/** One field of a collection, as it lies there. */
export interface StoredField {
  readonly field: string;
  /** What stands before the sealed text. */
  readonly label: string;
  readonly sealed: string;
}

/** The fields of a collection's values, as they lie there. */
export function storedFields(reply: Reply | undefined): readonly StoredField[] {
  const values = typeof reply === "object" && reply !== null ? reply : [];
  return values.map((value) => {
    const [, label = "", field = "", sealed = ""] =
      /^(([\w-]+(?:\.\w+)?)(?:\.[\w-]+)?)=(.*)$/.exec(value) ?? [];
    return { field, label, sealed };
  });
}

/** What stands in one field, as the answer to a commit tells it. */
export async function openVersion(
  vault: Vault,
  key: string,
  reply: Reply | undefined,
): Promise<Found> {
  const stored = typeof reply === "string" ? parseStored(reply) : [];
  return openNewest(vault, key, stored);
}

/** The id of the only entry of a collection. */
const ONLY = "g";

/** The id of an entry within its collection: a hash of its name, or "g" for the only one. */
export async function idOf(vault: Vault, { collection, entry, id }: Place): Promise<string> {
  if (entry === "") return ONLY;
  return id ?? (await vault.pointerTo(`${collection}/${entry}`)).slice(0, 22);
}

/** Seals a version of an entry. `nonce` tells it from any other of the same generation. */
export async function sealVersion(
  vault: Vault,
  place: Place,
  version: { readonly generation: number; readonly text: string; readonly nonce: string },
): Promise<NewVersion> {
  const key = await vault.keyOf(place.collection);
  const id = await idOf(vault, place);
  const field = fieldOf(id, version.generation);
  const sealed = await vault.seal(version.text, `${key}/${field}`);
  const superseded = fieldOf(id, version.generation - 1);
  return { key, field, value: `${field}.${version.nonce}=${sealed}`, superseded };
}

/** Whether this value is the one that stands there, however it is sealed by now. */
export function isSameVersion(value: string, reply: Reply | undefined): boolean {
  const [label] = value.split("=", 1);
  return typeof reply === "string" && reply.split("=", 1)[0] === label;
}

/** The field that ends an entry. */
export function endFieldOf(id: string): string {
  return `${id}.${END}`;
}

/** The commands that end entries which are alone in their collections: nothing of them is left. */
export function endAlone(keys: readonly string[], now: number): readonly Command[] {
  if (keys.length === 0) return [];
  return [
    { do: "delete", keys },
    ...keys.flatMap((key): readonly Command[] => [
      ...endAmongOthers(key, { ids: [ONLY], fields: [], now }),
      { do: "bound", key, ttlSeconds: END_REMEMBERED_SECONDS },
    ]),
  ];
}

interface Ended {
  readonly ids: readonly string[];
  /** What they leave behind. */
  readonly fields: readonly string[];
  readonly now: number;
}

/** The commands that end entries of one collection beside which others live. */
export function endAmongOthers(key: string, { ids, fields, now }: Ended): readonly Command[] {
  const ends = ids.map((id) => [endFieldOf(id), `${endFieldOf(id)}.${now}=`]);
  return [
    { do: "setFields", key, fields: Object.fromEntries(ends) },
    ...(fields.length === 0 ? [] : [{ do: "deleteFields", key, fields } as const]),
  ];
}

/** Whether an entry ended so long ago that nothing can come late any more. */
export function isForgotten(found: Found, now: number): boolean {
  return found.state === "ended" && now - found.at > END_REMEMBERED_SECONDS;
}

/** The field of one generation. */
export function fieldOf(id: string, generation: number): string {
  return `${id}.${generation}`;
}

function parseStored(value: string): Stored[] {
  const [, id, version, nonce, sealed] = STORED.exec(value) ?? [];
  return id === undefined || version === undefined || nonce === undefined || sealed === undefined
    ? []
    : [{ id, version, nonce, sealed }];
}

async function openNewest(vault: Vault, key: string, stored: readonly Stored[]): Promise<Found> {
  const newest = newestOf(stored);
  if (newest === undefined) return { state: "absent" };
  if (newest.version === END) return { state: "ended", at: Number(newest.nonce) };
  const text = await vault.open(newest.sealed, `${key}/${newest.id}.${newest.version}`);
  if (text === undefined) return { state: "absent" };
  return { state: "current", generation: Number(newest.version), text };
}
