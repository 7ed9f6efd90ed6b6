/** A few measurements of the same thing: the middle one, and how far they lie apart. */

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The spread of at least one number. */
export function spreadOf(numbers: readonly number[]): Spread {
  const sorted = numbers.toSorted((one, other) => one - other);
  const at = (part: number): number => sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN;
  return { median: at(0.5), least: at(0), most: at(1) };
}

/** Each number divided by its neighbour in the other list: what was measured side by side. */
export function ratioOf(numbers: readonly number[], others: readonly number[]): Spread {
  return spreadOf(numbers.map((number, at) => number / (others[at] ?? Number.NaN)));
}
