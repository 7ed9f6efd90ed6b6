/**
 * Numbers as Redis reads and writes them: text in, number out, and back. Integers are signed
 * 64-bit, scores are doubles printed with 17 significant digits. (Hexadecimal scores are not
 * understood.)
 */
import { notAnInteger, ReplyError } from "./errors.ts";

export const LARGEST_INTEGER = 2n ** 63n - 1n;
export const SMALLEST_INTEGER = -(2n ** 63n);

/** Reads an integer strictly: no plus sign, no leading zero, no space, 64 bits. */
export function parseInteger(text: string): bigint {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) throw notAnInteger();
  const value = BigInt(text);
  if (value > LARGEST_INTEGER || value < SMALLEST_INTEGER) throw notAnInteger();
  return value;
}

/** Reads an integer as an index or a count, where exactness beyond 2^53 does not matter. */
export function parseIndex(text: string): number {
  return Number(parseInteger(text));
}

/** Reads the score of a sorted set's member. */
export function parseScore(text: string): number {
  const score = scoreOf(text);
  if (score === undefined) throw new ReplyError("ERR value is not a valid float");
  return score;
}

/** Reads `min` and `max` of a score range, `(` meaning "not this one", into a test of a score. */
export function parseScoreRange(min: string, max: string): (score: number) => boolean {
  const lower = parseBound(min);
  const upper = parseBound(max);
  return (score) =>
    (lower.isExclusive ? score > lower.score : score >= lower.score) &&
    (upper.isExclusive ? score < upper.score : score <= upper.score);
}

/** Writes a score as C's `%.17g` does: 0.1 is 0.10000000000000001, 1e17 is 1e+17. */
export function formatScore(score: number): string {
  if (!Number.isFinite(score)) return score > 0 ? "inf" : "-inf";
  const [digits = "", exponentText = "0"] = score.toExponential(16).split("e");
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 17) return withoutTrailingZeros(score.toFixed(16 - exponent));
  const sign = exponent < 0 ? "-" : "+";
  return `${withoutTrailingZeros(digits)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** No number at all is 0 here, as it is to C's `strtod`. */
function parseBound(text: string): { score: number; isExclusive: boolean } {
  const isExclusive = text.startsWith("(");
  const score = scoreOf((isExclusive ? text.slice(1) : text) || "0");
  if (score === undefined) throw new ReplyError("ERR min or max is not a float");
  return { score, isExclusive };
}

function scoreOf(text: string): number | undefined {
  const infinity = /^([+-]?)inf(inity)?$/i.exec(text);
  if (infinity !== null) return infinity[1] === "-" ? -Infinity : Infinity;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const score = Number(text);
  return Number.isFinite(score) ? score : undefined;
}

function withoutTrailingZeros(decimal: string): string {
  return decimal.includes(".") ? decimal.replace(/\.?0+$/, "") : decimal;
}
