/**
 * Texts of which the latest counts: one sorted set each, scored by the time of writing, of which only
 * the newest member stays. So a copy that comes late is older than what stands there, and goes. Names
 * and plain texts go in and out.
 */
import type { Command, Reply } from "./command.ts";
import type { Vault } from "./vault.ts";

/** A text with its end (epoch seconds), after which it is not believed. */
interface Latest {
  readonly name: string;
  /** Empty: it is gone. */
  readonly text: string;
  readonly ttlSeconds: number;
}

/** The commands that write a text in place of any earlier one. */
export async function writeLatest(
  vault: Vault,
  { name, text, ttlSeconds }: Latest,
): Promise<readonly Command[]> {
  const key = await vault.keyOf(name);
  const sealed = await vault.seal(`${vault.now() + ttlSeconds}\n${text}`, key);
  return [
    { do: "note", key, score: Date.now(), members: [sealed] },
    { do: "keepNewestNote", key },
    { do: "bound", key, ttlSeconds },
    { do: "prolong", key, ttlSeconds },
  ];
}

/** The latest text of a name. One round trip. */
export async function readLatest(vault: Vault, name: string): Promise<string | undefined> {
  const [reply] = await vault.transact(async () => [
    { do: "readNewestNote", key: await vault.keyOf(name) },
  ]);
  const opened = await vault.open(newestOf(reply), await vault.keyOf(name));
  const [, until, text = ""] = /^(\d+)\n(.*)$/s.exec(opened ?? "") ?? [];
  return text !== "" && Number(until) > vault.now() ? text : undefined;
}

/** The newest member, of a reply that has its score behind it. */
export function newestOf(reply: Reply | undefined): string | undefined {
  return typeof reply === "object" && reply !== null ? reply[0] : undefined;
}
