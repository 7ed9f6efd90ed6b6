/**
 * Sealing records again under the newest storage key, while the server goes on. Pages of Redis keys
 * go in, counts come out; each record keeps its words and its end of life. Nothing has to be held:
 * a version that is written again stays what it was, and one that is superseded meanwhile stays so.
 */
import { type StoredField, storedFields } from "./entry.ts";
import type { Command, Reply } from "./command.ts";
import type { Sealer } from "./sealing.ts";
import type { Vault } from "./vault.ts";

/** What became of the sealed texts that were looked at. */
export interface Tally {
  sealedAgain: number;
  /** Under the newest key already. */
  current: number;
  /** Opened by no key of the ring. */
  unreadable: number;
}

export interface ResealingParts {
  readonly vault: Vault;
  readonly sealer: Sealer;
}

/** Seals the texts of these keys again. Refuses with a `store_…` reason; then all may be repeated. */
export async function resealTexts(
  parts: ResealingParts,
  keys: readonly string[],
  tally: Tally,
): Promise<void> {
  const replies = await read(parts, keys, "get");
  const commands: Command[] = [];
  for (const [index, key] of keys.entries()) {
    const value = await resealText(parts, tally, { sealed: textOf(replies[index]), storedAs: key });
    if (value !== undefined) commands.push({ do: "reseal", key, value });
  }
  await write(parts, commands);
}

/** Seals the fields of these hashes again. */
export async function resealCollections(
  parts: ResealingParts,
  keys: readonly string[],
  tally: Tally,
): Promise<void> {
  const replies = await read(parts, keys, "getFields");
  const lives = await read(parts, keys, "secondsLeft");
  const commands: Command[] = [];
  for (const [index, key] of keys.entries()) {
    const written = await Promise.all(
      storedFields(replies[index]).map((stored) => resealField(parts, tally, { key, stored })),
    );
    const fields = Object.fromEntries(written.flat());
    const ttlSeconds = Number(lives[index]);
    if (Object.keys(fields).length === 0 || ttlSeconds <= 0) continue;
    // The hash may have ended since: then it is not to stay for ever.
    commands.push({ do: "setFields", key, fields }, { do: "bound", key, ttlSeconds });
  }
  await write(parts, commands);
}

async function resealField(
  parts: ResealingParts,
  tally: Tally,
  { key, stored }: { readonly key: string; readonly stored: StoredField },
): Promise<readonly (readonly [field: string, value: string])[]> {
  const { field, label, sealed } = stored;
  const again = await resealText(parts, tally, { sealed, storedAs: `${key}/${field}` });
  return again === undefined ? [] : [[field, `${label}=${again}`]];
}

async function resealText(
  { sealer }: ResealingParts,
  tally: Tally,
  { sealed, storedAs }: { readonly sealed: string; readonly storedAs: string },
): Promise<string | undefined> {
  // A claim, or the end of an entry: nothing is sealed in it.
  if (!sealed.startsWith("v1.")) return undefined;
  if (sealer.isCurrent(sealed)) return void tally.current++;
  const opened = await sealer.open(sealed, storedAs);
  if (!("text" in opened)) return void tally.unreadable++;
  tally.sealedAgain++;
  return sealer.seal(opened.text, storedAs);
}

/** Seals the newest texts of these sorted sets again. */
export async function resealLatest(
  parts: ResealingParts,
  keys: readonly string[],
  tally: Tally,
): Promise<void> {
  const replies = await read(parts, keys, "readNewestNote");
  const commands: Command[] = [];
  for (const [index, key] of keys.entries()) {
    const [sealed = "", score = ""] = listOf(replies[index]);
    const again = await resealText(parts, tally, { sealed, storedAs: key });
    if (again !== undefined)
      commands.push(
        { do: "note", key, score: Number(score), members: [again] },
        { do: "dropNotes", key, members: [sealed] },
      );
  }
  await write(parts, commands);
}

function listOf(reply: Reply | undefined): readonly string[] {
  return typeof reply === "object" && reply !== null ? reply : [];
}

function textOf(reply: Reply | undefined): string {
  return typeof reply === "string" ? reply : "";
}

function read(
  { vault }: ResealingParts,
  keys: readonly string[],
  by: "get" | "getFields" | "readNewestNote" | "secondsLeft",
): Promise<readonly Reply[]> {
  return vault.redis.transact(
    keys.map((key) => ({ do: by, key })),
    { isPatient: true },
  );
}

async function write({ vault }: ResealingParts, commands: readonly Command[]): Promise<void> {
  if (commands.length > 0) await vault.redis.transact(commands, { isPatient: true });
}
