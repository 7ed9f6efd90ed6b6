/**
 * What this isolate knows about which grants live: the names of those that ended, and when it last
 * asked. A grant goes in, a verdict comes out: serve, look, or refuse. The rules are pure; the
 * memory is bounded and never outlives the isolate.
 */

/** What is known of one grant when its token is presented; times are epoch seconds. */
export interface Known {
  /** It ended here, or the feed says so. */
  readonly isEnded: boolean;
  /** When the feed was read last. */
  readonly readAt: number | undefined;
  /** When the token was issued: then its grant lived. */
  readonly issuedAt: number;
}

interface Bound {
  readonly now: number;
  /** How old what is known may be. 0: every request asks the store. */
  readonly checkSeconds: number;
}

/**
 * Without an answer from the store a grant is served this long after it was last known to live
 * (stale-if-error).
 */
const SERVED_UNSEEN_SECONDS = 600;

/** The feed is read again so long before what is known grows too old, while nobody waits for it. */
const AHEAD_SECONDS = 2;

/**
 * Whether a request may be served on what is known (design: bounded staleness; RFC 7009 §3 leaves it
 * open).
 */
export function judgeLiveness(
  known: Known,
  { now, checkSeconds }: Bound,
): "alive" | "ended" | "look" {
  if (known.isEnded) return "ended";
  return now - knownAliveAt(known) < checkSeconds ? "alive" : "look";
}

/**
 * Whether a grant is served although the store could not be asked: only one that was known to live a
 * short while ago.
 */
export function isServedUnseen(known: Known, { now, checkSeconds }: Bound): boolean {
  return checkSeconds > 0 && !known.isEnded && now - knownAliveAt(known) <= SERVED_UNSEEN_SECONDS;
}

/** Whether it is time to read the feed again in the background. */
export function isReadDue(readAt: number | undefined, { now, checkSeconds }: Bound): boolean {
  return readAt !== undefined && now - readAt >= Math.max(checkSeconds - AHEAD_SECONDS, 1);
}

function knownAliveAt({ readAt = Number.NEGATIVE_INFINITY, issuedAt }: Known): number {
  return Math.max(readAt, issuedAt);
}

/** The names of ended grants, as long as a token of theirs may be presented. */
export interface EndedGrants {
  has(storeName: string): boolean;
  note(storeNames: readonly string[], now: number): void;
}

/** An empty memory; what ended longer ago than `keptSeconds` is forgotten. */
export function createEndedGrants(keptSeconds: number): EndedGrants {
  const endedAt = new Map<string, number>();
  return {
    has: (storeName) => endedAt.has(storeName),
    note: (storeNames, now) => {
      for (const storeName of storeNames) if (!endedAt.has(storeName)) endedAt.set(storeName, now);
      // In the order of their ends: the first that is young enough ends the search.
      for (const [storeName, at] of endedAt) {
        if (now - at <= keptSeconds) return;
        endedAt.delete(storeName);
      }
    },
  };
}
