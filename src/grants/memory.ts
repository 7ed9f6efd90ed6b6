/**
 * What one isolate remembers for a while: a bounded map with the age of each entry. Values go in
 * and come out while they are young enough; nothing is fetched here.
 */
export interface Memory<Value> {
  keep(name: string, value: Value, now: number): void;
  recall(
    name: string,
    age: { readonly now: number; readonly maxAgeSeconds: number },
  ): Value | undefined;
}

/**
 * An empty memory for `most` entries, of texts with no more characters together than that; when it
 * is full, the oldest go.
 */
export function createMemory<Value>(
  most: number,
  mostCharacters = Number.POSITIVE_INFINITY,
): Memory<Value> {
  const entries = new Map<string, { readonly value: Value; readonly at: number }>();
  let characters = 0;
  const forget = (name: string): void => {
    characters -= lengthOf(entries.get(name)?.value);
    entries.delete(name);
  };
  return {
    keep: (name, value, now) => {
      forget(name);
      entries.set(name, { value, at: now });
      characters += lengthOf(value);
      for (const oldest of entries.keys()) {
        if (entries.size <= most && characters <= mostCharacters) return;
        forget(oldest);
      }
    },
    recall: (name, { now, maxAgeSeconds }) => {
      const entry = entries.get(name);
      return entry !== undefined && now - entry.at < maxAgeSeconds ? entry.value : undefined;
    },
  };
}

function lengthOf(value: unknown): number {
  return typeof value === "string" ? value.length : 0;
}
