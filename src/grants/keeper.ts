/**
 * The keeper of grants: answers, for a request that carries an access token, whether its grant
 * lives and what its Auth0 tokens are. Whether it lives costs no round trip of its own, whatever the
 * grant. Never serves what it knows to be ended.
 */
import { waitUntil } from "cloudflare:workers";
import { isPassing, Refusal } from "../errors.ts";
import { createSingleFlight } from "../flight.ts";
import type { IdentityProvider, UpstreamTokens } from "../identity/provider.ts";
import { openCollection } from "../storage/entry.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import type { Vault } from "../storage/vault.ts";
import { abandonToken, endAtOnce } from "./ending.ts";
import { narrowedName } from "./ended-feed.ts";
import { type Freshness, isFresh } from "./freshness.ts";
import { createAccountTokens } from "./account-tokens.ts";
import type { Grants, KnownSignIn, Standing, TokenGrant } from "./grant.ts";
import { type ChangingTool, withheldTools } from "./frozen.ts";
import { holdGrant } from "./holding.ts";
import { createMemory, type Memory } from "./memory.ts";
import { createOtherTokens } from "./other-tokens.ts";
import { waitWithPatience } from "./patience.ts";
import { createProfiles } from "./profiles.ts";
import {
  grantName,
  judgeRecord,
  parseGrantRecord,
  readGrant,
  type StandingGrant,
  stringifyGrantRecord,
} from "./record.ts";
import { createRenewals, endsGrant, isCloseToEnd, type Renewals } from "./renewal.ts";
import { createEndWatch, type EndWatch, type FoundRecord } from "./watch.ts";
import { grantedPermissions, heldPermissions, writeTokens } from "./writing.ts";

export interface GrantKeeper extends Grants {
  readonly renewals: Renewals;
  readonly tokenTtlSeconds: number;
  /** Grants ended here, by the hashed names of their records. */
  noteEnded(storeNames: readonly string[]): void;
  /** The person has connected or ended an account: what is remembered of them does not count. */
  forgetAccounts(userId: string): void;
  /** A record was written here: its tokens are at hand for whoever asks next. */
  noteRecord(grant: StandingGrant): void;
}

export interface KeeperParts {
  readonly vault: Vault;
  readonly identity: IdentityProvider;
  readonly beginWork: () => UnitOfWork;
  /** Epoch seconds. */
  readonly now: () => number;
  /** How old what is known of a grant may be. 0: every request asks the store. */
  readonly checkSeconds: number;
  /** How long access tokens of ours live. */
  readonly tokenTtlSeconds: number;
  /** Every permission that something here asks for. */
  readonly permissions: readonly string[];
  /** The tools that do more than read. */
  readonly changing: readonly ChangingTool[];
}

const MOST_RECORDS = 500;
const MOST_RECORD_CHARACTERS = 8_000_000;

interface Keeper extends KeeperParts {
  readonly watch: EndWatch;
  /** Looks at records that are under way, by the records' hashed names. */
  readonly looks: Map<string, () => Promise<StandingGrant | undefined>>;
  readonly renewals: Renewals;
  /** Records by grant, as text, with their generation before it. */
  readonly records: Memory<string>;
  /**
   * What this isolate read at its first look, as it lay there: few calls want it, and opening it
   * would make the first request of every isolate wait.
   */
  readonly unopened: Map<string, FoundRecord>;
}

/** Makes the keeper of this isolate. */
export function createGrantKeeper(parts: KeeperParts): GrantKeeper {
  const keeper: Keeper = {
    ...parts,
    looks: new Map(),
    watch: createEndWatch({
      ...parts,
      isRecordAlive: async (grant) => (await look(keeper, grant)) !== undefined,
      onRecord: (grant, found) => void keeper.unopened.set(grantName(grant), found),
    }),
    renewals: createRenewals(parts.identity, parts.now),
    records: createMemory(MOST_RECORDS, MOST_RECORD_CHARACTERS),
    unopened: new Map(),
  };
  return {
    renewals: keeper.renewals,
    tokenTtlSeconds: parts.tokenTtlSeconds,
    ...keeper.watch,
    noteRecord: (grant) => keepRecord(keeper, grant),
    standing: (grant) => standing(keeper, grant),
    upstreamTokens: (grant) => upstreamTokens(keeper, grant),
    tokenFor: createOtherTokens({
      ...parts,
      upstreamTokens: (grant) => upstreamTokens(keeper, grant),
    }),
    ...createAccountTokens({
      ...parts,
      upstreamTokens: (grant) => upstreamTokens(keeper, grant),
    }),
    signInOf: (grant, wanted) => signInOf(keeper, grant, wanted),
    userInfo: createProfiles({
      ...parts,
      upstreamTokens: (grant) => upstreamTokens(keeper, grant),
      lastKnown: async (grant) => (await currentRecord(keeper, grant)).record.profile,
    }),
  };
}

/**
 * Reads the grant's record by the name its token carries: one round trip, even in a fresh isolate.
 */
async function look(keeper: Keeper, grant: TokenGrant): Promise<StandingGrant | undefined> {
  const key = keeper.vault.keyAt(grant.storeName);
  const [reply] = await keeper.vault.redis.transact([{ do: "getFields", key }]);
  return keepReply(keeper, grant, { key, reply });
}

async function keepReply(
  keeper: Keeper,
  grant: TokenGrant,
  { key, reply }: FoundRecord,
): Promise<StandingGrant | undefined> {
  const [found] = (await openCollection(keeper.vault, key, reply)).entries.values();
  const standing = found && judgeRecord(found, grant, keeper.now());
  if (standing !== undefined && found?.state === "current") keepText(keeper, standing, found.text);
  const { narrowedAt = -1 } = standing?.record ?? {};
  if (grant.issuedAt > narrowedAt) return standing;
  keeper.watch.noteEnded([narrowedName(grant, narrowedAt)]);
  return undefined;
}

function keepRecord(keeper: Keeper, standing: StandingGrant): void {
  keepText(keeper, standing, stringifyGrantRecord(standing.record));
}

/** The record's text, as it lies in the store. */
function keepText(keeper: Keeper, { record, generation }: StandingGrant, text: string): void {
  const { records, now, unopened } = keeper;
  const name = grantName(record);
  unopened.delete(name);
  records.keep(name, `${generation}\n${text}`, now());
}

/**
 * The grant's record. One that is remembered will do: its tokens are good as long as they live, and
 * whether the grant lives was judged before.
 */
async function currentRecord(keeper: Keeper, grant: TokenGrant): Promise<StandingGrant> {
  const remembered = keeper.records.recall(grantName(grant), {
    now: keeper.now(),
    maxAgeSeconds: keeper.checkSeconds === 0 ? 0 : Number.POSITIVE_INFINITY,
  });
  const [, generation, text] = /^(\d+)\n(.*)$/s.exec(remembered ?? "") ?? [];
  if (text !== undefined) return { record: parseGrantRecord(text), generation: Number(generation) };
  const standing = await lookOnce(keeper, grant);
  if (standing === undefined) throw new Refusal("grant_ended");
  return standing;
}

/** Opens what the first look found, once, unless every call asks the store. */
async function openFound(keeper: Keeper, grant: TokenGrant): Promise<StandingGrant | undefined> {
  const found = keeper.unopened.get(grantName(grant));
  keeper.unopened.clear();
  return found === undefined || keeper.checkSeconds === 0
    ? undefined
    : keepReply(keeper, grant, found);
}

/** A tool may ask for tokens and profile at once: they share one look. */
async function lookOnce(keeper: Keeper, grant: TokenGrant): Promise<StandingGrant | undefined> {
  const { looks } = keeper;
  const find = async () => (await openFound(keeper, grant)) ?? look(keeper, grant);
  const join = looks.get(grant.storeName) ?? createSingleFlight(find);
  looks.set(grant.storeName, join);
  return join().finally(() => looks.delete(grant.storeName));
}

async function standing(keeper: Keeper, grant: TokenGrant): Promise<Standing> {
  const { record } = await currentRecord(keeper, grant);
  const granted = grantedPermissions(record, keeper.permissions, keeper.now());
  return {
    held: heldPermissions(record, keeper.permissions),
    granted,
    withheld: withheldTools(record, granted, keeper.changing).map(({ name }) => name),
  };
}

/** A page of ours may have brought a newer sign-in, in another isolate. */
async function signInOf(
  keeper: Keeper,
  grant: TokenGrant,
  wanted: Freshness,
): Promise<KnownSignIn> {
  const { record: known } = await currentRecord(keeper, grant);
  const isEnough = isFresh(wanted, known.signIn ?? {}, keeper.now());
  const { signIn = {}, readsChallenges = false } = isEnough
    ? known
    : ((await lookOnce(keeper, grant))?.record ?? known);
  return { signIn, readsChallenges };
}

async function upstreamTokens(keeper: Keeper, grant: TokenGrant): Promise<UpstreamTokens> {
  const remembered = await currentRecord(keeper, grant);
  if (remembered.record.tokens.accessToken === "") throw new Refusal("machine_without_token");
  if (!isCloseToEnd(remembered.record.tokens, keeper.now())) return remembered.record.tokens;
  // Another isolate may have renewed them meanwhile.
  const { record } = (await look(keeper, grant)) ?? remembered;
  const { tokens } = record;
  if (!isCloseToEnd(tokens, keeper.now())) return tokens;
  const stillValid = tokens.expiresAt > keeper.now();
  if (tokens.refreshToken === undefined) {
    if (stillValid) return tokens;
    throw new Refusal("identity_grant_ended");
  }
  const renewed = renewInPlace(keeper, grant);
  // Goes on when the client hangs up: between Auth0's answer and our commit a token would be lost.
  waitUntil(renewed.catch(() => undefined));
  return waitWithPatience(renewed).catch((error: unknown) => {
    if (stillValid && isPassing(error)) return tokens;
    throw error;
  });
}

/**
 * Renews the tokens of a grant, once, whichever request comes first; the others find them renewed.
 */
async function renewInPlace(keeper: Keeper, grant: TokenGrant): Promise<UpstreamTokens> {
  const work = keeper.beginWork();
  const read = () => readGrant(work, grant, keeper.now());
  const isSettled = async (): Promise<boolean> => {
    const standing = await read();
    return standing === undefined || !isCloseToEnd(standing.record.tokens, keeper.now());
  };
  try {
    await holdGrant(work, grant, { records: [], isSettled });
    const standing = await read();
    if (standing === undefined) throw new Refusal("grant_ended");
    if (await isSettled()) return standing.record.tokens;
    return await renewHeld(keeper, work, standing);
  } finally {
    await work.discard();
  }
}

async function renewHeld(
  keeper: Keeper,
  work: UnitOfWork,
  { record, generation }: StandingGrant,
): Promise<UpstreamTokens> {
  const used = record.tokens.refreshToken ?? "";
  const renewed = await keeper.renewals.renew(record).catch(async (problem: unknown) => {
    if (endsGrant(problem)) await endHeld(keeper, work, { record, generation });
    throw problem;
  });
  if (endsGrant(renewed.problem))
    await endHeld(keeper, work, { record: renewed.record, generation });
  else {
    const keeping = { waitUntil, onSaved: () => keeper.renewals.noteSaved(used) };
    const by = { keeping, now: keeper.now(), permissions: keeper.permissions };
    const written = await writeTokens(work, { record: renewed.record, generation }, by);
    if (written !== undefined) keepRecord(keeper, written);
    else waitUntil(abandonToken(keeper, renewed.record.tokens.refreshToken));
  }
  if (renewed.problem !== undefined) throw renewed.problem;
  return renewed.record.tokens;
}

async function endHeld(
  { vault, identity, tokenTtlSeconds, watch }: Keeper,
  work: UnitOfWork,
  { record, generation }: StandingGrant,
): Promise<void> {
  const { userId, grantId, tokens } = record;
  const parts = { vault, identity, keeper: { tokenTtlSeconds, noteEnded: watch.noteEnded } };
  await endAtOnce(parts, { work, execution: { waitUntil } }, [
    { userId, grantId, generation, refreshToken: tokens.refreshToken },
  ]);
}
