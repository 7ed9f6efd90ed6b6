/**
 * The keeper of grants: answers, for a request that carries an access token, whether its grant
 * lives and what its Auth0 tokens are. A warm answer costs no round trip, a cold one costs one.
 * Never serves what it knows to be ended.
 */
import { waitUntil } from "cloudflare:workers";
import { isPassing, Refusal } from "../errors.ts";
import type { IdentityProvider, UpstreamTokens } from "../identity/provider.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import type { Vault } from "../storage/vault.ts";
import type { GrantRef, Grants } from "./grant.ts";
import { holdGrant } from "./holding.ts";
import { createSightings, isServedUnseen, judgeSighting, type Sightings } from "./liveness.ts";
import { createMemory, type Memory } from "./memory.ts";
import { endGrant, type GrantRecord, parseGrantRecord, readGrant, recordName } from "./record.ts";
import { createRenewals, isCloseToEnd, type Renewals } from "./renewal.ts";

export interface GrantKeeper extends Grants {
  /** What this isolate saw; whoever issues or ends a grant tells it here. */
  readonly sightings: Sightings;
  readonly renewals: Renewals;
  /** A record was rewritten: what was remembered of it is old. */
  forgetRecord(grant: GrantRef): void;
}

export interface KeeperParts {
  readonly vault: Vault;
  readonly identity: IdentityProvider;
  readonly beginWork: () => UnitOfWork;
  /** Epoch seconds. */
  readonly now: () => number;
  /** How old a sighting of a grant may be. 0: every request asks the store. */
  readonly checkSeconds: number;
}

/**
 * A profile is asked for again after this time: Auth0 answers five questions a minute per person.
 */
const PROFILE_FRESH_SECONDS = 300;

/**
 * After the store gave no answer, whoever can be served without is, for so long, and nobody waits
 * for it again.
 */
const STORE_PAUSE_SECONDS = 5;

interface Keeper extends KeeperParts {
  /** When the store last gave no answer; epoch seconds. */
  unansweredAt: number;
  readonly sightings: Sightings;
  readonly renewals: Renewals;
  /** Sealed records as read, by grant. */
  readonly records: Memory<string>;
  readonly profiles: Memory<Readonly<Record<string, unknown>>>;
}

/** Makes the keeper of this isolate. */
export function createGrantKeeper(parts: KeeperParts): GrantKeeper {
  const keeper: Keeper = {
    ...parts,
    sightings: createSightings(),
    renewals: createRenewals(parts.identity, parts.now),
    records: createMemory(500),
    profiles: createMemory(500),
    unansweredAt: Number.NEGATIVE_INFINITY,
  };
  return {
    sightings: keeper.sightings,
    renewals: keeper.renewals,
    forgetRecord: (grant) => keeper.records.forget(recordName(grant)),
    isAlive: (grant, storeName) => isAlive(keeper, grant, storeName),
    upstreamTokens: (grant, storeName) => upstreamTokens(keeper, grant, storeName),
    userInfo: (grant, storeName) => userInfo(keeper, grant, storeName),
  };
}

async function isAlive(keeper: Keeper, grant: GrantRef, storeName: string): Promise<boolean> {
  const sighting = keeper.sightings.of(grant);
  const by = { now: keeper.now(), checkSeconds: keeper.checkSeconds };
  const verdict = judgeSighting(sighting, by);
  if (verdict !== "look") return verdict === "alive";
  const mayGoUnseen = isServedUnseen(sighting, by);
  if (mayGoUnseen && by.now - keeper.unansweredAt < STORE_PAUSE_SECONDS) return true;
  try {
    return (await look(keeper, grant, storeName)) !== undefined;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    keeper.unansweredAt = by.now;
    if (mayGoUnseen) return true;
    throw error;
  }
}

/**
 * Reads the grant's record by the name its token carries: one round trip, even in a fresh isolate.
 */
async function look(
  keeper: Keeper,
  grant: GrantRef,
  storeName: string,
): Promise<GrantRecord | undefined> {
  const key = keeper.vault.keyAt(storeName);
  const [stored] = await keeper.vault.redis.transact([{ do: "get", key }], { repeatable: true });
  const record = await openRecord(keeper, grant, { stored: stored ?? null, key });
  if (record === undefined) keeper.sightings.noteMissing(grant, keeper.now());
  else {
    keeper.sightings.noteAlive(grant, keeper.now());
    if (typeof stored === "string") keeper.records.keep(recordName(grant), stored, keeper.now());
  }
  return record;
}

async function openRecord(
  keeper: Keeper,
  grant: GrantRef,
  { stored, key }: { stored: unknown; key: string },
): Promise<GrantRecord | undefined> {
  const text = typeof stored === "string" ? await keeper.vault.open(stored, key) : undefined;
  if (text === undefined) return undefined;
  const record = parseGrantRecord(text);
  const isTheirs = record.userId === grant.userId && record.grantId === grant.grantId;
  return isTheirs && record.expiresAt > keeper.now() ? record : undefined;
}

/** The grant's record, at most as old as a sighting may be. */
async function currentRecord(
  keeper: Keeper,
  grant: GrantRef,
  storeName: string,
): Promise<GrantRecord> {
  const stored = keeper.records.recall(recordName(grant), {
    now: keeper.now(),
    maxAgeSeconds: keeper.checkSeconds,
  });
  const remembered = await openRecord(keeper, grant, {
    stored,
    key: keeper.vault.keyAt(storeName),
  });
  const record = remembered ?? (await look(keeper, grant, storeName));
  if (record === undefined) throw new Refusal("grant_ended");
  return record;
}

async function upstreamTokens(
  keeper: Keeper,
  grant: GrantRef,
  storeName: string,
): Promise<UpstreamTokens> {
  const { tokens } = await currentRecord(keeper, grant, storeName);
  if (!isCloseToEnd(tokens, keeper.now())) return tokens;
  const stillValid = tokens.expiresAt > keeper.now();
  if (tokens.refreshToken === undefined) {
    if (stillValid) return tokens;
    throw new Refusal("identity_grant_ended");
  }
  const renewed = renewInPlace(keeper, grant);
  // Goes on when the client hangs up: between Auth0's answer and our commit a token would be lost.
  waitUntil(renewed.catch(() => undefined));
  return renewed.catch((error: unknown) => {
    if (stillValid && isPassing(error)) return tokens;
    throw error;
  });
}

/**
 * Renews the tokens of a grant, once, whichever request comes first; the others find them renewed.
 */
async function renewInPlace(keeper: Keeper, grant: GrantRef): Promise<UpstreamTokens> {
  const work = keeper.beginWork();
  const isSettled = async (): Promise<boolean> => {
    const record = await readGrant(work, grant);
    return record === undefined || !isCloseToEnd(record.tokens, keeper.now());
  };
  await holdGrant(work, grant, { names: [recordName(grant)], isSettled });
  try {
    const record = await readGrant(work, grant);
    if (record === undefined) throw new Refusal("grant_ended");
    const tokens = (await isSettled()) ? record.tokens : await renewHeld(keeper, work, record);
    keeper.records.forget(recordName(grant));
    return tokens;
  } finally {
    await work.discard();
  }
}

async function renewHeld(
  keeper: Keeper,
  work: UnitOfWork,
  record: GrantRecord,
): Promise<UpstreamTokens> {
  const used = record.tokens.refreshToken;
  if (used === undefined) return record.tokens;
  try {
    const tokens = await keeper.renewals.renew(used);
    work.replace(
      recordName(record),
      JSON.stringify({ ...record, tokens }),
      record.expiresAt - keeper.now(),
    );
    await work.commit();
    keeper.renewals.noteSaved(used);
    return tokens;
  } catch (error) {
    if (error instanceof Refusal && error.reason === "identity_grant_ended") {
      endGrant(work, record);
      await work.commit();
      keeper.sightings.noteEnded(record);
    }
    throw error;
  }
}

/**
 * The profile from `/userinfo`; when that cannot be asked, the last one we had, or the one of the
 * sign-in.
 */
async function userInfo(
  keeper: Keeper,
  grant: GrantRef,
  storeName: string,
): Promise<Readonly<Record<string, unknown>>> {
  const now = keeper.now();
  const fresh = keeper.profiles.recall(grant.userId, { now, maxAgeSeconds: PROFILE_FRESH_SECONDS });
  if (fresh !== undefined) return fresh;
  try {
    return await askUserInfo(keeper, grant, storeName);
  } catch (error) {
    if (!isPassing(error)) throw error;
    const ever = { now, maxAgeSeconds: Number.POSITIVE_INFINITY };
    const older = keeper.profiles.recall(grant.userId, ever);
    return older ?? (await currentRecord(keeper, grant, storeName)).profile;
  }
}

async function askUserInfo(keeper: Keeper, grant: GrantRef, storeName: string) {
  const profile = await keeper.identity.userInfo(await upstreamTokens(keeper, grant, storeName));
  keeper.profiles.keep(grant.userId, profile, keeper.now());
  return profile;
}
