/** A point in time, in epoch seconds, as text for people. */

/** An absolute date, the same wherever it is read: `23 Nov 2026 14:38 UTC`. */
export function UtcTime({ at }: { at: number }) {
  const date = new Date(at * 1000);
  return <time datetime={date.toISOString()}>{date.toUTCString().slice(5, 22)} UTC</time>;
}
