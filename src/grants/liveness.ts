/**
 * What this isolate knows about which grants live. Sightings go in, a verdict comes out: serve,
 * look, or refuse. The rule is pure; the memory is bounded and never outlives the isolate.
 */
import type { GrantRef } from "./grant.ts";

/**
 * What was seen of a grant last; times are epoch seconds. What this isolate ended itself stays
 * ended; what the store did not have may come, since a replica can lag behind the isolate that
 * wrote it.
 */
export type Sighting =
  | { readonly aliveAt: number }
  | { readonly missingAt: number }
  | { readonly ended: true };

/**
 * Without an answer from the store a grant is served this long after it was last seen alive
 * (stale-if-error).
 */
const SERVED_UNSEEN_SECONDS = 600;

const MOST_SIGHTINGS = 10_000;

/**
 * Whether a request may be served on what was seen before (design: bounded staleness; RFC 7009 §3
 * leaves it open). `checkSeconds` = 0 asks the store every time.
 */
export function judgeSighting(
  sighting: Sighting | undefined,
  { now, checkSeconds }: { readonly now: number; readonly checkSeconds: number },
): "alive" | "ended" | "look" {
  if (sighting === undefined) return "look";
  if ("ended" in sighting) return "ended";
  if ("missingAt" in sighting) return now - sighting.missingAt < checkSeconds ? "ended" : "look";
  return now - sighting.aliveAt < checkSeconds ? "alive" : "look";
}

/**
 * Whether a grant is served although the store could not be asked: only one that was seen alive a
 * short while ago.
 */
export function isServedUnseen(
  sighting: Sighting | undefined,
  { now, checkSeconds }: { readonly now: number; readonly checkSeconds: number },
): boolean {
  return (
    checkSeconds > 0 &&
    sighting !== undefined &&
    "aliveAt" in sighting &&
    now - sighting.aliveAt <= SERVED_UNSEEN_SECONDS
  );
}

export interface Sightings {
  of(grant: GrantRef): Sighting | undefined;
  /** A grant was seen alive. An ended one never lives again, whatever a slower answer says. */
  noteAlive(grant: GrantRef, now: number): void;
  /** The store had no such grant. */
  noteMissing(grant: GrantRef, now: number): void;
  noteEnded(grant: GrantRef): void;
}

/** An empty memory. When it is full, what was seen first is forgotten first. */
export function createSightings(): Sightings {
  const seen = new Map<string, Sighting>();
  const note = (grant: GrantRef, sighting: Sighting): void => {
    const name = nameOf(grant);
    const before = seen.get(name);
    if (before !== undefined && "ended" in before) return;
    seen.delete(name);
    seen.set(name, sighting);
    if (seen.size > MOST_SIGHTINGS) seen.delete(seen.keys().next().value ?? name);
  };
  return {
    of: (grant) => seen.get(nameOf(grant)),
    noteAlive: (grant, now) => note(grant, { aliveAt: now }),
    noteMissing: (grant, now) => note(grant, { missingAt: now }),
    noteEnded: (grant) => note(grant, { ended: true }),
  };
}

function nameOf({ userId, grantId }: GrantRef): string {
  return `${userId}:${grantId}`;
}
