/**
 * A hold: one request at a time may change a grant. A value under a name says who; Redis ends it
 * when its request was cut off. Nothing here reads or writes a record.
 */
import { randomText } from "../keys.ts";
import type { Reply } from "./redis.ts";

export interface Hold {
  readonly key: string;
  readonly value: string;
}

/** Longer than any request lives (three timeouts in a row), short enough to wait for. */
export const HOLD_TTL_SECONDS = 30;

/** More would mean a long outage, in which old ones have ended anyway. */
const MOST_STRANDED = 1000;

/** Holds of this isolate that could not be let go, because the store did not answer. */
const stranded = new Set<string>();

/** A fresh hold on a key, not yet asked for. */
export function createHold(key: string): Hold {
  return { key, value: `hold.${randomText(12)}` };
}

/**
 * Judges the answer to asking for a hold: it is ours when nobody had it, when a repeated question
 * met itself, or when this isolate had stranded it (then the next try works at once).
 */
export function judgeHold(asked: Hold, holder: Reply | undefined): Hold | undefined {
  if (holder === null || holder === asked.value) return asked;
  if (typeof holder !== "string" || !stranded.delete(holder)) return undefined;
  return { key: asked.key, value: holder };
}

/** Remembers a hold that may still stand although its request is over. */
export function strandHold(hold: Hold): void {
  if (stranded.size >= MOST_STRANDED) stranded.clear();
  stranded.add(hold.value);
}
