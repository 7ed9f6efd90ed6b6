/**
 * Writes on their way to Redis. Names and plain texts go in, commands with hashed keys and sealed
 * values come out, and with them the judgement whether another request was faster, and how to take
 * everything back. Nothing is sent here.
 */
import type { Command, Reply } from "./redis.ts";
import type { Vault } from "./vault.ts";

/** One entry of a collection. */
export interface FieldPlace {
  readonly collection: string;
  readonly field: string;
}

export interface Write {
  readonly command: Command;
  /** For a replacement: the stored text that must still be there. */
  readonly expected?: string | undefined;
}

/** A record as it is to be. */
interface NewText {
  readonly name: string;
  readonly text: string;
  readonly ttlSeconds: number;
}

/** A write, whatever is there. */
export async function write(
  vault: Vault,
  { name, text, ttlSeconds }: NewText,
): Promise<readonly Write[]> {
  const key = await vault.keyOf(name);
  return [{ command: { do: "write", key, value: await vault.seal(text, key), ttlSeconds } }];
}

/** A write that only replaces what was read; `expected` is its stored text. */
export async function replace(
  vault: Vault,
  { name, text, ttlSeconds }: NewText,
  expected: string | undefined,
): Promise<readonly Write[]> {
  const key = await vault.keyOf(name);
  const value = await vault.seal(text, key);
  return [{ command: { do: "replace", key, value, ttlSeconds }, expected }];
}

/** The end of a record. */
export async function remove(vault: Vault, name: string): Promise<readonly Write[]> {
  return [{ command: { do: "delete", key: await vault.keyOf(name) } }];
}

/** A new length of life for a record, if there is one. */
export async function extend(
  vault: Vault,
  name: string,
  ttlSeconds: number,
): Promise<readonly Write[]> {
  return [{ command: { do: "extend", key: await vault.keyOf(name), ttlSeconds } }];
}

/** A field's value begins with the field's hashed name, to which its seal is bound. */
export async function writeField(
  vault: Vault,
  place: FieldPlace,
  { text, ttlSeconds }: Omit<NewText, "name">,
): Promise<readonly Write[]> {
  const { key, field } = await hide(vault, place);
  const value = `f.${field}=${await vault.seal(text, `${key}/${field}`)}`;
  return [
    { command: { do: "setField", key, field, value } },
    { command: { do: "extend", key, ttlSeconds } },
  ];
}

/** The end of an entry. */
export async function deleteField(vault: Vault, place: FieldPlace): Promise<readonly Write[]> {
  return [{ command: { do: "deleteField", ...(await hide(vault, place)) } }];
}

async function hide(vault: Vault, place: FieldPlace) {
  return { key: await vault.keyOf(place.collection), field: await vault.pointerTo(pathOf(place)) };
}

/** The readable name of an entry. */
export function pathOf({ collection, field }: FieldPlace): string {
  return `${collection}/${field}`;
}

/** A replacement finds what was read, or its own value when a lost answer made us send it twice. */
export function wasOvertaken({ command, expected }: Write, found: Reply | undefined): boolean {
  return (
    command.do === "replace" &&
    (typeof found !== "string" || (found !== expected && found !== command.value))
  );
}

/** Takes back what an overtaken unit of work has written; what it deleted stays deleted. */
export function undo({ command }: Write): readonly Command[] {
  if (command.do === "write" || command.do === "replace")
    return [{ do: "delete", key: command.key }];
  if (command.do === "setField")
    return [{ do: "deleteField", key: command.key, field: command.field }];
  return [];
}
