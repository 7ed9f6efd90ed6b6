/**
 * What happened in a soak, by kind. Outcomes go in, a table comes out, and how often happened what
 * never may.
 */

/** What never may happen. */
const FORBIDDEN = [
  "lost sessions",
  "ended sessions that live",
  "used twice",
  "two answers to one refresh token",
  "answers about another person",
  "requests that never worked",
  "sign-ins refused when tried again",
] as const;

type Told = (typeof FORBIDDEN)[number];

export interface Tally {
  /** One more of a kind, or so many. */
  count(kind: string, times?: number): void;
  /** Something happened that never may; `story` says how it came about. */
  tell(kind: Told, story: string): void;
  /** How often something happened that never may. */
  forbidden(): number;
  /** All counts, with the reasons that the Workers logged. */
  render(log: readonly Record<string, unknown>[]): string;
}

/** More stories than these say nothing new. */
const MOST_STORIES = 10;

export function createTally(): Tally {
  const counts = new Map<string, number>();
  const count = (kind: string, times = 1) => void counts.set(kind, (counts.get(kind) ?? 0) + times);
  const of = (kind: string) => counts.get(kind) ?? 0;
  let stories = 0;
  return {
    count,
    tell(kind, story) {
      count(kind);
      stories += 1;
      if (stories <= MOST_STORIES) console.log(`${kind}: ${story}`);
    },
    forbidden: () => FORBIDDEN.reduce((sum, kind) => sum + of(kind), 0),
    render(log) {
      const isForbidden = (kind: string) => FORBIDDEN.some((other) => other === kind);
      const usual = [...counts].filter(([kind]) => !isForbidden(kind));
      const rows = [...usual.toSorted(byName), ...reasonsIn(log).toSorted(byName)];
      const width = Math.max(0, ...rows.map(([kind]) => kind.length));
      return [
        ...rows.map(([kind, times]) => `${kind.padEnd(width)} ${String(times).padStart(8)}`),
        "",
        ...FORBIDDEN.map((kind) => `${kind}: ${of(kind)}`),
      ].join("\n");
    },
  };
}

function byName([one]: readonly [string, number], [other]: readonly [string, number]): number {
  return one.localeCompare(other);
}

function reasonsIn(log: readonly Record<string, unknown>[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { reason } of log)
    if (typeof reason === "string")
      counts.set(`logged: ${reason}`, (counts.get(`logged: ${reason}`) ?? 0) + 1);
  return [...counts];
}
