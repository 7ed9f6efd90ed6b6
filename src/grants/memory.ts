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
  forget(name: string): void;
}

/** An empty memory for `most` entries; when it is full, the oldest goes. */
export function createMemory<Value>(most: number): Memory<Value> {
  const entries = new Map<string, { readonly value: Value; readonly at: number }>();
  return {
    keep: (name, value, now) => {
      entries.delete(name);
      entries.set(name, { value, at: now });
      if (entries.size > most) entries.delete(entries.keys().next().value ?? name);
    },
    recall: (name, { now, maxAgeSeconds }) => {
      const entry = entries.get(name);
      return entry !== undefined && now - entry.at < maxAgeSeconds ? entry.value : undefined;
    },
    forget: (name) => void entries.delete(name),
  };
}
