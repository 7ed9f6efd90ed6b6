/**
 * A unit of work: what one request reads and writes. Names and plain texts go in and out; what is
 * read is remembered, what is written waits, and `commit` sends it all as one transaction. Whatever
 * it writes changes nothing when it comes late, twice or after later writes.
 */
import {
  advance,
  type AdvanceOptions,
  change,
  create,
  end,
  type Ending,
  judge,
  type Outcome,
  sweep,
} from "./changes.ts";
import { type Claim, findOurs, giveBack, strandClaim } from "./claim.ts";
import type { Command, Reply } from "./command.ts";
import type { Entry, Found, Place } from "./entry.ts";
import {
  claimForGood,
  find,
  get,
  list,
  prefetch,
  recall,
  take,
  type Wanted,
  wasReturned,
} from "./reading.ts";
import type { Vault } from "./vault.ts";
import { createWork, type Prepared, type Work } from "./work.ts";

export interface UnitOfWork {
  /** Reads and claims in one round trip, so that getting what was read costs none. */
  prefetch(wanted: Wanted): Promise<void>;
  owns(claimed: string): boolean;
  /** Whether what another had claimed when we asked has been given back since. One command. */
  wasReturned(claimed: string): Promise<boolean>;
  /** A record's text, or undefined: there is none, it is over, or it does not open. */
  get(name: string): Promise<string | undefined>;
  /** Whether a record of this name was read and found. */
  hasRead(name: string): boolean;
  /** What stands at a place. */
  find(place: Place): Promise<Found>;
  /** Takes a collection as it was read elsewhere. */
  recall(collection: string, values: Reply | undefined): Promise<void>;
  /** A collection's entries that have not ended. */
  list(collection: string): Promise<readonly Entry[]>;
  /**
   * A record's text, for one taker only: for what works once. Whoever fails afterwards gives it back
   * by `discard`.
   */
  take(name: string, ttlSeconds: number): Promise<string | undefined>;
  /**
   * Whether this name is claimed for the first time, by this unit at least: for identifiers that are
   * accepted once, whatever becomes of the request. Never given back.
   */
  claim(name: string, ttlSeconds: number): Promise<boolean>;
  /** Writes a record that never changes and ends after this time. */
  create(name: string, text: string, ttlSeconds: number): void;
  /** Writes a record that never changes and lives as long as it is prolonged. */
  createLasting(name: string, text: string, ttlSeconds: number): void;
  /** Lets a lasting record live at least so long from now on, if there is one. */
  prolong(name: string, ttlSeconds: number): void;
  /**
   * Writes the next version of an entry that was read, or its first. `mustWin`: the outcome of the
   * commit is that of this entry.
   */
  advance(place: Place, text: string, options: AdvanceOptions): void;
  /** Ends entries for good. */
  end(...endings: readonly Ending[]): void;
  /** Removes from a collection that was read what nobody reads any more, and ends of long ago. */
  sweep(collection: string): void;
  /**
   * Any other commands that may come late, made when the unit commits; `read` gets their replies
   * once it has.
   */
  also(make: () => Promise<readonly Command[]>, read?: (replies: readonly Reply[]) => void): void;
  /**
   * Writes everything as one transaction. When it refuses, calling it again sends the very same
   * versions. After "overtaken", `find` tells who was first.
   */
  commit(options?: { readonly isPatient?: boolean }): Promise<Outcome>;
  /**
   * After a commit that refused: tries it again and again, though the request is over, and returns
   * what came of it, or undefined. `discard` does nothing meanwhile.
   */
  commitLater(): Promise<Outcome | undefined>;
  /** Drops what was to be written and gives back what was claimed. Never refuses. */
  discard(): Promise<void>;
}

/** The pauses of a commit whose request is over; Workers give it half a minute. */
const LATER_PAUSES_MS = [500, 1000, 2000, 4000, 8000] as const;

/** Starts an empty unit of work. */
export function beginWork(vault: Vault): UnitOfWork {
  const work = createWork(vault);
  return {
    prefetch: (wanted) => prefetch(work, wanted),
    owns: (claimed) => work.claims.has(claimed),
    get: (name) => get(work, name),
    hasRead: (name) => work.records.get(name) !== undefined,
    find: (place) => find(work, place),
    recall: (collection, values) => recall(work, collection, values),
    list: (collection) => list(work, collection),
    take: (name, ttlSeconds) => take(work, name, ttlSeconds),
    wasReturned: (claimed) => wasReturned(work, claimed),
    claim: (name, ttlSeconds) => claimForGood(work, name, ttlSeconds),
    create: (name, text, ttlSeconds) => create(work, { name, text, ttlSeconds, isLasting: false }),
    createLasting: (name, text, ttlSeconds) =>
      create(work, { name, text, ttlSeconds, isLasting: true }),
    prolong: (name, ttlSeconds) =>
      change(work, `prolong ${name}`, async () => [
        { do: "prolong", key: await vault.keyOf(name), ttlSeconds },
      ]),
    advance: (place, text, options) => advance(work, place, { text, ...options }),
    end: (...endings) => end(work, endings),
    sweep: (collection) => sweep(work, collection),
    also: (make, read) =>
      void work.changes.set(`also ${work.changes.size}`, async () => ({
        commands: await make(),
        ...(read && { read }),
      })),
    commit: (options) => commit(work, options),
    commitLater: () => commitLater(work),
    discard: () => discard(work),
  };
}

async function commit(work: Work, options?: { readonly isPatient?: boolean }): Promise<Outcome> {
  const hasHold = [...work.holds].some((name) => work.claims.has(name));
  if (work.changes.size === 0 && !hasHold) return settle(work, "done");
  let prepared: readonly Prepared[] = [];
  const make = async (): Promise<readonly Command[]> => {
    const all: Prepared[] = [];
    // One after another: what one has hashed the next need not.
    for (const prepare of work.changes.values()) all.push(await prepare());
    prepared = all;
    return [...prepared.flatMap(({ commands }) => commands), ...(await returnHolds(work))];
  };
  const replies = [...(await work.vault.transact(make, options))];
  const outcomes: Outcome[] = [];
  for (const { commands, judged, read } of prepared) {
    const own = replies.splice(0, commands.length);
    read?.(own);
    if (judged !== undefined) outcomes.push(await judge(work, judged, own.slice(-2)));
  }
  work.changes.clear();
  const outcome = outcomes.find((each) => each !== "done") ?? "done";
  if (outcome === "ended") await takeBack(work, prepared);
  return settle(work, outcome);
}

/** What was written beside an end is believed by nobody, and is not left lying there. */
async function takeBack({ vault }: Work, prepared: readonly Prepared[]): Promise<void> {
  const written = prepared.flatMap(({ commands }) => commands);
  const commands = written.flatMap((command): readonly Command[] =>
    command.do === "addField"
      ? [{ do: "deleteFields", key: command.key, fields: [command.field] }]
      : [],
  );
  await vault.transact(async () => commands).catch(() => undefined);
}

/** After a commit holds are given back; what was claimed for good is kept if it came to something. */
function settle(work: Work, outcome: Outcome): Outcome {
  if (outcome === "done") work.claims.clear();
  for (const name of work.holds) work.claims.delete(name);
  return outcome;
}

function returnHolds({ vault, claims, holds }: Work): Promise<readonly Command[]> {
  const held = [...claims.values()].filter(({ name }) => holds.has(name));
  return Promise.all(held.map((claim) => giveBack(vault, claim)));
}

async function commitLater(work: Work): Promise<Outcome | undefined> {
  work.isDetached = true;
  for (const pauseMs of LATER_PAUSES_MS) {
    await new Promise((resume) => setTimeout(resume, pauseMs));
    const outcome = await commit(work, { isPatient: true }).catch(() => undefined);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

async function discard(work: Work): Promise<void> {
  if (work.isDetached) return;
  const claims = [...work.claims.values()];
  const doubtful = [...work.doubtful.values()];
  work.changes.clear();
  work.claims.clear();
  work.doubtful.clear();
  work.records.clear();
  work.collections.clear();
  // Known here at once, elsewhere when the store has it.
  [...claims, ...doubtful].forEach(strandClaim);
  await returnClaims(work, claims).catch(() => undefined);
  if (doubtful.length > 0)
    await findOurs(work.vault, doubtful)
      .then((ours) => returnClaims(work, ours))
      .catch(() => undefined);
}

function returnClaims({ vault }: Work, claims: readonly Claim[]): Promise<unknown> {
  const make = () => Promise.all(claims.map((claim) => giveBack(vault, claim)));
  return vault.transact(make, { isPatient: true });
}
