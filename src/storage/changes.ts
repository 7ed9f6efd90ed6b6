/**
 * What a unit of work is to write. Names and plain texts go in; commands that may come late, and the
 * judgement of their replies, come out when it commits.
 */
import { randomText } from "../keys.ts";
import type { Command, Reply } from "./command.ts";
import {
  endAlone,
  endAmongOthers,
  endFieldOf,
  fieldOf,
  type Found,
  idOf,
  isForgotten,
  isSameVersion,
  openVersion,
  type Place,
  sealVersion,
} from "./entry.ts";
import type { Vault } from "./vault.ts";
import type { Prepared, Work } from "./work.ts";

/** What became of a commit: written, or another request was first, or the entry has ended. */
export type Outcome = "done" | "overtaken" | "ended";

/** How the next version is written. */
export interface AdvanceOptions {
  readonly ttlSeconds: number;
  /** Which generation this is; without it, the one after what was read. */
  readonly generation?: number;
  readonly mustWin?: boolean;
}

/** Adds commands under a label; a later change under the same one takes its place. */
export function change(work: Work, label: string, make: () => Promise<readonly Command[]>): void {
  work.changes.set(label, async () => ({ commands: await make() }));
}

interface NewRecord {
  readonly name: string;
  readonly text: string;
  readonly ttlSeconds: number;
  readonly isLasting: boolean;
}

/** Writes a record that never changes. */
export function create(work: Work, { name, text, ttlSeconds, isLasting }: NewRecord): void {
  const { vault } = work;
  const whole = `${isLasting ? 0 : vault.now() + ttlSeconds}\n${text}`;
  work.records.set(name, text);
  change(work, name, async () => {
    const key = await vault.keyOf(name);
    return [{ do: "claim", key, value: await vault.seal(whole, key), ttlSeconds }];
  });
}

/** Writes the next version of an entry, or its first. */
export function advance(
  work: Work,
  place: Place,
  version: AdvanceOptions & { readonly text: string },
): void {
  const { text, ttlSeconds, mustWin = false } = version;
  const nonce = randomText(9);
  work.changes.set(labelOf(place), async () => {
    const before = work.collections
      .get(place.collection)
      ?.entries.get(await idOf(work.vault, place));
    const generation = version.generation ?? generationOf(before) + 1;
    const sealed = await sealVersion(work.vault, place, { generation, text, nonce });
    const { key, field, value, superseded } = sealed;
    return {
      commands: [
        { do: "addField", key, field, value },
        ...(generation > 1 ? [{ do: "deleteFields", key, fields: [superseded] } as const] : []),
        { do: "bound", key, ttlSeconds },
        { do: "prolong", key, ttlSeconds },
        ...(mustWin ? await judging(work.vault, place, { key, field }) : []),
      ],
      ...(mustWin ? { judged: { place, key, value } } : {}),
    };
  });
}

function generationOf(found: Found | undefined): number {
  return found?.state === "current" ? found.generation : 0;
}

/** Removes from a collection what nobody reads any more. */
export function sweep(work: Work, collection: string): void {
  const { vault } = work;
  change(work, `sweep ${collection}`, async () => {
    const { entries = new Map<string, Found>(), stale = [] } =
      work.collections.get(collection) ?? {};
    const forgotten = [...entries].filter(([, found]) => isForgotten(found, vault.now()));
    const fields = [...stale, ...forgotten.map(([id]) => endFieldOf(id))];
    return fields.length === 0
      ? []
      : [{ do: "deleteFields", key: await vault.keyOf(collection), fields }];
  });
}

/** What tells, in the same transaction, who was first, and whether all is over: the last two replies. */
async function judging(
  vault: Vault,
  place: Place,
  { key, field }: { readonly key: string; readonly field: string },
): Promise<readonly Command[]> {
  const end = endFieldOf(await idOf(vault, place));
  return [
    { do: "getField", key, field },
    { do: "getField", key, field: end },
  ];
}

/** An entry that is to end. */
export interface Ending extends Place {
  /** Its newest, when it was not read. */
  readonly generation?: number;
}

/** Ends entries for good, those of one collection in one command. */
export function end(work: Work, endings: readonly Ending[]): void {
  const { vault } = work;
  for (const place of endings) work.changes.delete(labelOf(place));
  change(work, endings.map(labelOf).join(" "), async () => {
    const alone = endings.filter(({ entry }) => entry === "");
    const keys = await Promise.all(alone.map(({ collection }) => vault.keyOf(collection)));
    const among = endings.filter(({ entry }) => entry !== "");
    const others = Map.groupBy(among, ({ collection }) => collection);
    const ended = [...others].map(([collection, some]) => endOthers(work, collection, some));
    return [...endAlone(keys, vault.now()), ...(await Promise.all(ended)).flat()];
  });
}

async function endOthers(
  { vault, collections }: Work,
  collection: string,
  endings: readonly Ending[],
): Promise<readonly Command[]> {
  const read = collections.get(collection)?.entries;
  const ids = await Promise.all(endings.map((place) => idOf(vault, place)));
  const fields = ids.flatMap((id, index) => {
    const newest = endings[index]?.generation ?? generationOf(read?.get(id));
    return newest === 0 ? [] : fieldOf(id, newest);
  });
  return endAmongOthers(await vault.keyOf(collection), { ids, fields, now: vault.now() });
}

function labelOf({ collection, entry }: Place): string {
  return `${collection}/${entry}`;
}

/** What became of a version, by the two replies that tell. */
export async function judge(
  { vault, collections }: Work,
  { place, key, value }: NonNullable<Prepared["judged"]>,
  [standing, over]: readonly (Reply | undefined)[],
): Promise<Outcome> {
  const id = await idOf(vault, place);
  const isEnded = typeof over === "string";
  const found: Found = isEnded
    ? { state: "ended", at: vault.now() }
    : await openVersion(vault, key, standing);
  collections.set(place.collection, { entries: new Map([[id, found]]), stale: [] });
  if (isEnded) return "ended";
  return isSameVersion(value, standing) ? "done" : "overtaken";
}
