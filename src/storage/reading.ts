/**
 * What a unit of work reads and claims. Names go in; plain texts, and what came of a claim, are
 * remembered in its state.
 */
import {
  askFor,
  type Claim,
  createClaim,
  judgeClaim,
  MOST_ATTEMPTS,
  returnKeyOf,
} from "./claim.ts";
import type { Command, Reply } from "./command.ts";
import { type Entry, type Found, idOf, openCollection, type Place } from "./entry.ts";
import type { Vault } from "./vault.ts";
import type { Work } from "./work.ts";

/** A name to be claimed. */
export interface Claiming {
  readonly name: string;
  readonly ttlSeconds: number;
  /** It is given back in any case, by the commit too. Without it, a commit keeps it for good. */
  readonly isHold?: boolean;
}

/** What is read in one trip. */
export interface Wanted {
  readonly records?: readonly string[];
  readonly collections?: readonly string[];
  /** A name to claim in the same trip, before anything is read; `owns` tells whether we did. */
  readonly claim?: Claiming;
  /** What else is read in the same trip. */
  readonly also?: AlsoRead;
}

/** Commands that read, and what takes their replies. */
export interface AlsoRead {
  make(): Promise<readonly Command[]>;
  read(replies: readonly Reply[]): void;
}

/** Reads and claims in one round trip, or in one for each claim that was given back before. */
export async function prefetch(work: Work, wanted: Wanted): Promise<void> {
  let claim = wanted.claim && beginClaim(work, wanted.claim);
  for (;;) {
    const verdict = await readOnce(work, wanted, claim);
    if (claim === undefined) return;
    if (verdict === "ours") return own(work, claim, wanted.claim?.isHold ?? false);
    if (verdict === "taken" || claim.attempt + 1 >= MOST_ATTEMPTS)
      return void work.rivals.set(claim.name, claim);
    claim = { ...claim, attempt: claim.attempt + 1 };
  }
}

/** What was taken when we last asked is asked for at the same attempt. */
function beginClaim({ rivals }: Work, { name, ttlSeconds }: Claiming): Claim {
  return { ...createClaim(name, ttlSeconds), attempt: rivals.get(name)?.attempt ?? 0 };
}

function own(work: Work, claim: Claim, isHold: boolean): void {
  work.claims.set(claim.name, claim);
  if (isHold) work.holds.add(claim.name);
}

/** Whether what another had claimed has been given back since. */
export async function wasReturned({ vault, rivals }: Work, claimed: string): Promise<boolean> {
  const rival = rivals.get(claimed);
  if (rival === undefined) return false;
  const key = await returnKeyOf(vault, rival);
  const [returned] = await vault.redis.transact([{ do: "get", key }]);
  return typeof returned === "string";
}

/** Claims a name that is never given back. */
export async function claimForGood(work: Work, name: string, ttlSeconds: number): Promise<boolean> {
  if (work.kept.has(name)) return true;
  await prefetch(work, { claim: { name, ttlSeconds } });
  if (!work.claims.delete(name)) return false;
  work.kept.add(name);
  return true;
}

async function readOnce(work: Work, wanted: Wanted, claim: Claim | undefined) {
  const { vault } = work;
  const { records = [], collections = [], also } = wanted;
  const make = async (): Promise<Command[]> => [
    ...(claim === undefined ? [] : await askFor(vault, claim)),
    ...(await commandsFor(vault, records, "get")),
    ...(await commandsFor(vault, collections, "getFields")),
    ...((await also?.make()) ?? []),
  ];
  const replies = [...(await transactClaiming(work, make, claim))];
  const verdict = claim && judgeClaim(claim, [replies.shift(), replies.shift()]);
  for (const name of records)
    work.records.set(name, await openRecord(vault, await vault.keyOf(name), replies.shift()));
  for (const collection of collections) {
    const key = await vault.keyOf(collection);
    work.collections.set(collection, await openCollection(vault, key, replies.shift()));
  }
  also?.read(replies);
  return verdict;
}

async function commandsFor(
  vault: Vault,
  names: readonly string[],
  read: "get" | "getFields",
): Promise<readonly Command[]> {
  return Promise.all(names.map(async (name) => ({ do: read, key: await vault.keyOf(name) })));
}

/** When the answer is lost, the claim may stand all the same: then it is ours to give back. */
async function transactClaiming(
  work: Work,
  make: () => Promise<readonly Command[]>,
  claim: Claim | undefined,
): Promise<readonly Reply[]> {
  try {
    return await work.vault.transact(make);
  } catch (error) {
    if (claim !== undefined) work.doubtful.set(claim.name, claim);
    throw error;
  }
}

/** A record carries its own end, since the store's clock is another. 0: it has none. */
async function openRecord(
  vault: Vault,
  key: string,
  reply: Reply | undefined,
): Promise<string | undefined> {
  const opened = await vault.open(reply, key);
  const [, end, text] = /^(\d+)\n(.*)$/s.exec(opened ?? "") ?? [];
  return end === "0" || Number(end) > vault.now() ? text : undefined;
}

/** A record's text. */
export async function get(work: Work, name: string): Promise<string | undefined> {
  if (!work.records.has(name)) await prefetch(work, { records: [name] });
  return work.records.get(name);
}

/** What stands at a place. */
export async function find(work: Work, place: Place): Promise<Found> {
  const { collection } = place;
  if (!work.collections.has(collection)) await prefetch(work, { collections: [collection] });
  const id = await idOf(work.vault, place);
  return work.collections.get(collection)?.entries.get(id) ?? { state: "absent" };
}

/** Takes a collection as it was read elsewhere. */
export async function recall(
  work: Work,
  collection: string,
  values: Reply | undefined,
): Promise<void> {
  const key = await work.vault.keyOf(collection);
  work.collections.set(collection, await openCollection(work.vault, key, values));
}

/** A collection's entries that have not ended. */
export async function list(work: Work, collection: string): Promise<readonly Entry[]> {
  if (!work.collections.has(collection)) await prefetch(work, { collections: [collection] });
  const found = [...(work.collections.get(collection)?.entries ?? [])];
  return found.flatMap(([id, entry]) =>
    entry.state === "current" ? [{ id, text: entry.text }] : [],
  );
}

/** A record's text, for one taker. */
export async function take(
  work: Work,
  name: string,
  ttlSeconds: number,
): Promise<string | undefined> {
  const claimed = `used:${name}`;
  await prefetch(work, { records: [name], claim: { name: claimed, ttlSeconds } });
  return work.claims.has(claimed) ? work.records.get(name) : undefined;
}
