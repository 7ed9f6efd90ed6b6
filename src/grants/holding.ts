/**
 * One request at a time asks Auth0 for newer tokens. A unit of work goes in; it comes back
 * with fresh reads and the hold on the generation that it read, or the wait has shown that there is
 * nothing left to do.
 */
import { Refusal } from "../errors.ts";
import type { Claiming } from "../storage/reading.ts";
import type { Place } from "../storage/entry.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import type { GrantRef } from "./grant.ts";
import { grantPlace, holdName } from "./record.ts";

/** Longer than Auth0 may take for one answer (20 s for its Actions) and our commit together. */
const HOLD_TTL_SECONDS = 40;

const LONGEST_WAIT_MS = 8000;
const SHORTEST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 800;

interface Holding {
  /** What else is read in the same trip. */
  readonly records: readonly string[];
  /** Asked after every read: whether another has done what was to be done. */
  readonly isSettled: () => Promise<boolean>;
}

/** Something of which only one request at a time makes the next version. */
export interface Held extends Holding {
  readonly place: Place;
  /** What else is read again. */
  readonly collections?: readonly string[];
  readonly claimOn: (generation: number) => Claiming;
}

/** The claim that holds one generation of a grant. */
export function holdOn(grant: GrantRef, generation: number): Claiming {
  return createHold(holdName(grant, generation));
}

/** The claim of a name that is given back when the next version is written. */
export function createHold(name: string): Claiming {
  return { name, ttlSeconds: HOLD_TTL_SECONDS, isHold: true };
}

/** Takes the hold on the newest generation of a grant that was read before, and reads it again. */
export function holdGrant(work: UnitOfWork, grant: GrantRef, holding: Holding): Promise<void> {
  const claimOn = (generation: number): Claiming => holdOn(grant, generation);
  return hold(work, { ...holding, place: grantPlace(grant), claimOn });
}

/**
 * Takes the hold on the newest generation of what stands at a place and was read before, and reads it
 * again. While another has the hold one key is asked for, and its return awaited. Refuses with
 * `grant_busy` after eight seconds.
 */
export async function hold(
  work: UnitOfWork,
  { records, collections: others = [], place, claimOn, isSettled }: Held,
): Promise<void> {
  const endsAtMs = Date.now() + LONGEST_WAIT_MS;
  const collections = [place.collection, ...others];
  for (;;) {
    const generation = await generationOf(work, place);
    const claim = claimOn(generation);
    const { name } = claim;
    await work.prefetch({ records, collections, claim });
    const isNewest = (await generationOf(work, place)) === generation;
    if ((work.owns(name) && isNewest) || (await isSettled())) return;
    if (!work.owns(name)) await waitForReturn(work, name, endsAtMs);
    await work.prefetch({ records, collections });
    if (await isSettled()) return;
  }
}

interface Turn {
  readonly claim: Claiming;
  /** What is read in the trip that claims. */
  readonly collections: readonly string[];
  readonly isSettled: () => Promise<boolean>;
}

/**
 * Takes a hold with fresh reads, or comes back when another has done what was to be done. Refuses
 * with `grant_busy` after eight seconds.
 */
export async function holdUntil(
  work: UnitOfWork,
  { claim, collections, isSettled }: Turn,
): Promise<void> {
  const endsAtMs = Date.now() + LONGEST_WAIT_MS;
  for (;;) {
    await work.prefetch({ collections, claim });
    if (work.owns(claim.name) || (await isSettled())) return;
    await waitForReturn(work, claim.name, endsAtMs);
  }
}

async function waitForReturn(work: UnitOfWork, name: string, endsAtMs: number): Promise<void> {
  for (let pauseMs = SHORTEST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    if (Date.now() + pauseMs > endsAtMs) throw new Refusal("grant_busy", { retryAfterSeconds: 2 });
    // Not all at the same moment, but never sooner than most of the pause: each costs a command.
    const jitteredMs = pauseMs * (0.8 + Math.random() * 0.4);
    await new Promise((resume) => setTimeout(resume, jitteredMs));
    if (await work.wasReturned(name)) return;
  }
}

/** 0: there is none, or it has ended. */
async function generationOf(work: UnitOfWork, place: Place): Promise<number> {
  const found = await work.find(place);
  return found.state === "current" ? found.generation : 0;
}
