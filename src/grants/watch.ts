/**
 * The watch over ends: whether the grant behind a token lives, as far as this isolate knows. It reads
 * the feed of ended grants once in each bound of staleness, whoever calls; nobody waits for it but
 * the first. A grant goes in, alive or not comes out.
 */
import { waitUntil } from "cloudflare:workers";
import { Refusal } from "../errors.ts";
import { createSingleFlight } from "../flight.ts";
import type { Reply } from "../storage/command.ts";
import type { Vault } from "../storage/vault.ts";
import { readEnds } from "./ended-feed.ts";
import type { TokenGrant } from "./grant.ts";
import {
  createEndedGrants,
  type EndedGrants,
  isReadDue,
  isServedUnseen,
  judgeLiveness,
  type Known,
} from "./liveness.ts";

/** A grant's record as it was found beside the feed. */
export interface FoundRecord {
  readonly key: string;
  readonly reply: Reply | undefined;
}

export interface EndWatch {
  /** Refuses with a `store_…` reason when nothing is known of the last ten minutes. */
  isAlive(grant: TokenGrant): boolean | Promise<boolean>;
  /** Of one that is not: whether the grant lives on, with less than this token says. */
  wasNarrowed(grant: TokenGrant): boolean;
  /** Grants ended here, by the hashed names of their records. */
  noteEnded(storeNames: readonly string[]): void;
}

export interface EndWatchParts {
  readonly vault: Vault;
  /** Epoch seconds. */
  readonly now: () => number;
  /** How old what is known of a grant may be. 0: every request asks the store. */
  readonly checkSeconds: number;
  readonly tokenTtlSeconds: number;
  /** Asks the store for the grant's record. */
  readonly isRecordAlive: (grant: TokenGrant) => Promise<boolean>;
  /** Told of the record that was read beside the feed by an isolate that knew nothing. */
  readonly onRecord: (grant: TokenGrant, found: FoundRecord) => void;
}

/**
 * After the store gave no answer, whoever can be served without is, for so long, and nobody waits
 * for it again.
 */
const STORE_PAUSE_SECONDS = 5;

/** How long an end is remembered at least, whatever tokens live. */
const SHORTEST_MEMORY_SECONDS = 86_400;

interface Watch extends EndWatchParts {
  /** When the store last gave no answer; epoch seconds. */
  unansweredAt: number;
  /** A first look is under way. */
  isReading: boolean;
  /** When the feed was read last; epoch seconds. */
  readAt: number | undefined;
  readonly ended: EndedGrants;
  readonly readFeed: () => Promise<void>;
}

/** Makes the watch of this isolate. */
export function createEndWatch(parts: EndWatchParts): EndWatch {
  const watch: Watch = {
    ...parts,
    ended: createEndedGrants(Math.max(parts.tokenTtlSeconds * 2, SHORTEST_MEMORY_SECONDS)),
    readFeed: createSingleFlight(() => readFeed(watch)),
    unansweredAt: Number.NEGATIVE_INFINITY,
    readAt: undefined,
    isReading: false,
  };
  return {
    isAlive: (grant) => isAlive(watch, grant),
    wasNarrowed: ({ storeName }) => watch.ended.areTokensOnly(storeName),
    noteEnded: (storeNames) => watch.ended.note(storeNames, watch.now()),
  };
}

function isAlive(watch: Watch, grant: TokenGrant): boolean | Promise<boolean> {
  // A clock that was set back makes nothing younger than it is.
  if (watch.readAt !== undefined && watch.readAt > watch.now()) watch.readAt = undefined;
  if (watch.unansweredAt > watch.now()) watch.unansweredAt = Number.NEGATIVE_INFINITY;
  const by = { now: watch.now(), checkSeconds: watch.checkSeconds };
  // Without a bound, and for a token that lives longer than the feed remembers, its record tells.
  if (watch.checkSeconds === 0 || grant.lifeSeconds > watch.tokenTtlSeconds)
    return !knownOf(watch, grant).isEnded && watch.isRecordAlive(grant);
  const verdict = judgeLiveness(knownOf(watch, grant), by);
  if (verdict === "look") return lookAtFeed(watch, grant);
  if (isReadDue(watch.readAt, by) && !isPausing(watch, by.now))
    waitUntil(watch.readFeed().catch(() => undefined));
  return verdict === "alive";
}

async function lookAtFeed(watch: Watch, grant: TokenGrant): Promise<boolean> {
  const by = { now: watch.now(), checkSeconds: watch.checkSeconds };
  const mayGoUnseen = isServedUnseen(knownOf(watch, grant), by);
  if (mayGoUnseen && isPausing(watch, by.now)) return true;
  try {
    if (watch.readAt === undefined && !watch.isReading) await readFirst(watch, grant);
    else await watch.readFeed();
    return !knownOf(watch, grant).isEnded;
  } catch (error) {
    if (error instanceof Refusal && mayGoUnseen) return true;
    throw error;
  }
}

function isPausing({ unansweredAt }: Watch, now: number): boolean {
  return now - unansweredAt < STORE_PAUSE_SECONDS;
}

function knownOf({ ended, readAt }: Watch, { storeName, issuedAt }: TokenGrant): Known {
  return { isEnded: ended.has(storeName, issuedAt), readAt, issuedAt };
}

async function readFeed(watch: Watch): Promise<void> {
  const at = watch.now();
  try {
    const { ends } = await readEnds(watch);
    watch.ended.note(ends, at);
    watch.readAt = at;
  } catch (error) {
    watch.unansweredAt = at;
    throw error;
  }
}

/**
 * An isolate's first look: the feed, and beside it the record of the grant that made it look, whose
 * call may want its tokens.
 */
async function readFirst(watch: Watch, grant: TokenGrant): Promise<void> {
  const at = watch.now();
  const key = watch.vault.keyAt(grant.storeName);
  watch.isReading = true;
  try {
    const { ends, others } = await readEnds(watch, { do: "getFields", key });
    watch.ended.note(ends, at);
    watch.readAt = at;
    watch.onRecord(grant, { key, reply: others });
  } catch (error) {
    watch.unansweredAt = at;
    throw error;
  } finally {
    watch.isReading = false;
  }
}
