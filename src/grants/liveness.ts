/**
 * What this isolate knows about which grants live: the names of those that ended, and when it last
 * asked. A grant goes in, a verdict comes out: serve, look, or refuse. The rules are pure; the
 * memory is bounded and never outlives the isolate.
 */
import { readEnd } from "./ended-feed.ts";

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

/** What ended of grants, as long as a token of theirs may be presented. */
export interface EndedGrants {
  /** Whether a token of this grant, issued at that time, counts for nothing. */
  has(storeName: string, issuedAt: number): boolean;
  /** Whether what ended are tokens only: the grant lives on, with less. */
  areTokensOnly(storeName: string): boolean;
  /** Names as they stand in the feed. */
  note(names: readonly string[], now: number): void;
}

/** An empty memory; what ended longer ago than `keptSeconds` is forgotten. */
export function createEndedGrants(keptSeconds: number): EndedGrants {
  /** Up to which time of issue tokens have ended, and when that was heard. */
  const ends = new Map<string, { readonly until: number; readonly heardAt: number }>();
  return {
    has: (storeName, issuedAt) => issuedAt <= (ends.get(storeName)?.until ?? -1),
    areTokensOnly: (storeName) => Number.isFinite(ends.get(storeName)?.until),
    note: (names, now) => {
      for (const { storeName, until } of names.map(readEnd)) {
        const known = ends.get(storeName);
        if (known !== undefined && known.until >= until) continue;
        ends.delete(storeName);
        ends.set(storeName, { until, heardAt: now });
      }
      // In the order in which they were heard: the first that is young enough ends the search.
      for (const [storeName, { heardAt }] of ends) {
        if (now - heardAt <= keptSeconds) return;
        ends.delete(storeName);
      }
    },
  };
}
