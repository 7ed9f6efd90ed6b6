/**
 * The grant of an applicant: who asks for a token with a proof in hand and no browser, a machine or
 * an application for a person whom their company vouches for. The proof goes in, the grant comes out;
 * whoever judges the proof is asked only when nothing good is kept, by one request at a time. An
 * applicant has one grant, replaced in place. A secret is never kept: a keyed fingerprint tells
 * whether it is the same.
 */
import * as z from "zod";
import { type Reason, REFUSALS, Refusal } from "../errors.ts";
import type { UpstreamTokens } from "../identity/provider.ts";
import { isSameText, randomText } from "../keys.ts";
import type { Place } from "../storage/entry.ts";
import { readStored } from "../storage/stored-text.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import { putConnection } from "./connections.ts";
import type { GrantRef } from "./grant.ts";
import { createHold, hold } from "./holding.ts";
import {
  grantName,
  type GrantRecord,
  grantPlace,
  readGrant,
  type StandingGrant,
  stringifyGrantRecord,
} from "./record.ts";
import { commitKeeping } from "./writing.ts";

/** Who asks for a token. */
export interface Applicant {
  readonly kind: GrantRecord["kind"];
  readonly userId: string;
  /** What has one grant: a machine, or a person through one application. */
  readonly slot: string;
  readonly clientId: string;
  readonly clientName: string;
  /** What it proved itself with, as an HMAC: the same credentials, the same text. */
  readonly fingerprint: string;
  /** What of its permissions its proof opens. */
  readonly granted: GrantRecord["granted"];
  /** Has the proof judged, and asks for the tokens it opens; refuses when its proof is not accepted. */
  obtain(): Promise<UpstreamTokens>;
}

export interface Visit {
  readonly work: UnitOfWork;
  readonly applicant: Applicant;
  /** Epoch seconds. */
  readonly now: () => number;
  /** How old tokens may get before they are asked for again. */
  readonly cacheSeconds: number;
  /** Lets work go on after the response. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** Which proof opened the grant last. */
const entrySchema = z.object({ fingerprint: z.string(), grantId: z.string() }).readonly();

/** Tokens that end within this time are asked for again. */
const CLOSE_TO_END_SECONDS = 60;

/** So long credentials that were refused are refused without asking. */
const REFUSED_TTL_SECONDS = 60;

/** Each time another request was first, everything is read again. */
const MOST_TRIES = 6;

/** Whether tokens serve for another start of their applicant. Pure. */
export function isFresh(
  { expiresAt, issuedAt }: Pick<UpstreamTokens, "expiresAt" | "issuedAt">,
  cacheSeconds: number,
  now: number,
): boolean {
  return expiresAt - now > CLOSE_TO_END_SECONDS && now - issuedAt < cacheSeconds;
}

/** The applicant's grant as it stands, or as it is made now. Refuses as `obtain` does. */
export async function openGrantFor(
  visit: Visit,
): Promise<StandingGrant & { readonly isKept: boolean }> {
  const { work, applicant } = visit;
  await work.prefetch(readsOf(applicant));
  const kept = await findKept(visit);
  if (kept !== undefined) return { ...kept, isKept: true };
  const grant = await readGrantRef(visit);
  await hold(work, {
    records: readsOf(applicant).records,
    collections: grant === undefined ? [] : [grantName(grant)],
    place: placeOf(applicant),
    claimOn: (generation) =>
      createHold(`hold:${applicant.slot}:${applicant.fingerprint}:${generation}`),
    isSettled: async () => (await findKept(visit)) !== undefined,
  });
  const settled = await findKept(visit);
  return settled === undefined
    ? { ...(await ask(visit)), isKept: false }
    : { ...settled, isKept: true };
}

/** Whether these are the credentials that opened this grant last. Reads what stands. */
export async function opensGrant(
  work: UnitOfWork,
  applicant: Pick<Applicant, "userId" | "slot" | "fingerprint">,
  grantId: string,
): Promise<boolean> {
  const entry = await readEntry(work, applicant);
  return entry?.grantId === grantId && isSameText(entry.fingerprint, applicant.fingerprint);
}

function readsOf(applicant: Applicant) {
  return { records: [refusedName(applicant)], collections: [placeOf(applicant).collection] };
}

function placeOf({ slot }: Pick<Applicant, "slot">): Place {
  return { collection: `applicant:${slot}`, entry: "" };
}

function refusedName({ slot, fingerprint }: Applicant): string {
  return `refused:${slot}:${fingerprint}`;
}

async function readEntry(work: UnitOfWork, applicant: Pick<Applicant, "slot">) {
  const found = await work.find(placeOf(applicant));
  return found.state === "current" ? readStored(entrySchema, found.text) : undefined;
}

async function readGrantRef({ work, applicant }: Visit): Promise<GrantRef | undefined> {
  const entry = await readEntry(work, applicant);
  return entry && { userId: applicant.userId, grantId: entry.grantId };
}

/** What is kept for these very credentials: a grant that lives, or a refusal, which is thrown. */
async function findKept(visit: Visit): Promise<StandingGrant | undefined> {
  const { work, applicant, cacheSeconds } = visit;
  const refused = await work.get(refusedName(applicant));
  if (refused !== undefined) throw new Refusal(reasonOf(refused), { facts: { isKept: "yes" } });
  const entry = await readEntry(work, applicant);
  if (entry === undefined || !isSameText(entry.fingerprint, applicant.fingerprint))
    return undefined;
  const now = visit.now();
  const standing = await readGrant(work, { userId: applicant.userId, grantId: entry.grantId }, now);
  return standing !== undefined && isFresh(standing.record.tokens, cacheSeconds, now)
    ? standing
    : undefined;
}

async function ask(visit: Visit): Promise<StandingGrant> {
  const { work, applicant } = visit;
  const tokens = await applicant.obtain().catch((error: unknown) => keepRefusal(visit, error));
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const written = await write(visit, tokens);
    if (written !== undefined) return written;
    await work.prefetch(readsOf(applicant));
  }
  throw new Refusal("grant_busy", { retryAfterSeconds: 2 });
}

/** Only what asking again does not mend is kept. */
async function keepRefusal({ work, applicant }: Visit, error: unknown): Promise<never> {
  if (error instanceof Refusal && REFUSALS[error.reason].status < 500) {
    work.create(refusedName(applicant), error.reason, REFUSED_TTL_SECONDS);
    await work.commit().catch(() => undefined);
  }
  throw error;
}

function reasonOf(text: string): Reason {
  return isReason(text) ? text : "machine_refused";
}

function isReason(text: string): text is Reason {
  return Object.hasOwn(REFUSALS, text);
}

/** Both entries in one commit; undefined when another request was first. */
async function write(visit: Visit, tokens: UpstreamTokens): Promise<StandingGrant | undefined> {
  const { work, applicant, waitUntil } = visit;
  const now = visit.now();
  const ref = await readGrantRef(visit);
  const before = ref && (await readGrant(work, ref, now));
  const record = recordOf(applicant, tokens, before?.record ?? { createdAt: now });
  const generation = (before?.generation ?? 0) + 1;
  const options = { ttlSeconds: Math.max(1, record.expiresAt - now), mustWin: true };
  const entry = { fingerprint: applicant.fingerprint, grantId: record.grantId };
  work.advance(placeOf(applicant), JSON.stringify(entry), options);
  work.advance(grantPlace(record), stringifyGrantRecord(record), { ...options, generation });
  // For its person at our pages; a machine's, for the operator.
  const scopes = record.granted === "all" ? tokens.permissions : record.granted;
  putConnection(work, record, { generation, usedAt: now, scopes });
  const outcome = await commitKeeping(work, { waitUntil, onSaved: () => undefined });
  return outcome === "done" ? { record, generation } : undefined;
}

function recordOf(
  { kind, userId, clientId, clientName, granted }: Applicant,
  tokens: UpstreamTokens,
  before: Pick<GrantRecord, "createdAt"> & Partial<GrantRecord>,
): GrantRecord {
  return {
    kind,
    userId,
    grantId: before.grantId ?? randomText(12),
    clientId,
    clientName,
    profile: {},
    provider: "",
    tokens,
    scopes: [],
    granted,
    // Proves no refresh token: there is none.
    proofKey: before.proofKey ?? randomText(32),
    superseded: [],
    places: [],
    createdAt: before.createdAt,
    expiresAt: tokens.expiresAt,
    ...(before.unread === undefined ? {} : { unread: before.unread }),
  };
}
