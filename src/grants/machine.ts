/**
 * A machine's grant: what an application that signs in for itself may do here. Proof of who it is
 * goes in, its grant comes out; the identity provider is asked only when nothing good is kept, by
 * one request at a time. A machine has one grant, replaced in place. Its secret is never kept: a
 * keyed fingerprint tells whether it is the same.
 */
import * as z from "zod";
import { type Reason, REFUSALS, Refusal } from "../errors.ts";
import type { UpstreamTokens } from "../identity/provider.ts";
import { isSameText, randomText } from "../keys.ts";
import type { Place } from "../storage/entry.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
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

/** A machine that asks for a token. */
export interface Machine {
  readonly userId: string;
  readonly clientId: string;
  readonly clientName: string;
  /** What it proved itself with, as an HMAC: the same credentials, the same text. */
  readonly fingerprint: string;
  /** Asks for its tokens; refuses when its proof is not accepted. */
  obtain(): Promise<UpstreamTokens>;
}

export interface MachineVisit {
  readonly work: UnitOfWork;
  readonly machine: Machine;
  /** Epoch seconds. */
  readonly now: () => number;
  /** How old tokens may get before they are asked for again. */
  readonly cacheSeconds: number;
  /** Lets work go on after the response. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** Which credentials opened the machine's grant last. */
const entrySchema = z.object({ fingerprint: z.string(), grantId: z.string() }).readonly();

/** Tokens that end within this time are asked for again. */
const CLOSE_TO_END_SECONDS = 60;

/** So long credentials that were refused are refused without asking. */
const REFUSED_TTL_SECONDS = 60;

/** Each time another request was first, everything is read again. */
const MOST_TRIES = 6;

/** Whether the tokens of a machine are kept for another start of it. Pure. */
export function isFresh(
  { expiresAt, issuedAt }: Pick<UpstreamTokens, "expiresAt" | "issuedAt">,
  cacheSeconds: number,
  now: number,
): boolean {
  return expiresAt - now > CLOSE_TO_END_SECONDS && now - issuedAt < cacheSeconds;
}

/** The machine's grant as it stands, or as it is made now. Refuses as `obtain` does. */
export async function openMachineGrant(
  visit: MachineVisit,
): Promise<StandingGrant & { readonly isKept: boolean }> {
  const { work, machine } = visit;
  await work.prefetch(readsOf(machine));
  const kept = await findKept(visit);
  if (kept !== undefined) return { ...kept, isKept: true };
  const grant = await readGrantRef(visit);
  await hold(work, {
    records: readsOf(machine).records,
    collections: grant === undefined ? [] : [grantName(grant)],
    place: placeOf(machine),
    claimOn: (generation) =>
      createHold(`hold:machine:${machine.userId}:${machine.fingerprint}:${generation}`),
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
  machine: Pick<Machine, "userId" | "fingerprint">,
  grantId: string,
): Promise<boolean> {
  const entry = await readEntry(work, machine);
  return entry?.grantId === grantId && isSameText(entry.fingerprint, machine.fingerprint);
}

function readsOf(machine: Machine) {
  return { records: [refusedName(machine)], collections: [placeOf(machine).collection] };
}

function placeOf({ userId }: Pick<Machine, "userId">): Place {
  return { collection: `machine:${userId}`, entry: "" };
}

function refusedName({ userId, fingerprint }: Machine): string {
  return `machine-refused:${userId}:${fingerprint}`;
}

async function readEntry(work: UnitOfWork, machine: Pick<Machine, "userId">) {
  const found = await work.find(placeOf(machine));
  return found.state === "current" ? entrySchema.safeParse(JSON.parse(found.text)).data : undefined;
}

async function readGrantRef({ work, machine }: MachineVisit): Promise<GrantRef | undefined> {
  const entry = await readEntry(work, machine);
  return entry && { userId: machine.userId, grantId: entry.grantId };
}

/** What is kept for these very credentials: a grant that lives, or a refusal, which is thrown. */
async function findKept(visit: MachineVisit): Promise<StandingGrant | undefined> {
  const { work, machine, cacheSeconds } = visit;
  const refused = await work.get(refusedName(machine));
  if (refused !== undefined) throw new Refusal(reasonOf(refused), { facts: { isKept: "yes" } });
  const entry = await readEntry(work, machine);
  if (entry === undefined || !isSameText(entry.fingerprint, machine.fingerprint)) return undefined;
  const now = visit.now();
  const standing = await readGrant(work, { userId: machine.userId, grantId: entry.grantId }, now);
  return standing !== undefined && isFresh(standing.record.tokens, cacheSeconds, now)
    ? standing
    : undefined;
}

async function ask(visit: MachineVisit): Promise<StandingGrant> {
  const { work, machine } = visit;
  const tokens = await machine.obtain().catch((error: unknown) => keepRefusal(visit, error));
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const written = await write(visit, tokens);
    if (written !== undefined) return written;
    await work.prefetch(readsOf(machine));
  }
  throw new Refusal("grant_busy", { retryAfterSeconds: 2 });
}

/** Only what asking again does not mend is kept. */
async function keepRefusal({ work, machine }: MachineVisit, error: unknown): Promise<never> {
  if (error instanceof Refusal && REFUSALS[error.reason].status < 500) {
    work.create(refusedName(machine), error.reason, REFUSED_TTL_SECONDS);
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
async function write(
  visit: MachineVisit,
  tokens: UpstreamTokens,
): Promise<StandingGrant | undefined> {
  const { work, machine, waitUntil } = visit;
  const now = visit.now();
  const ref = await readGrantRef(visit);
  const before = ref && (await readGrant(work, ref, now));
  const record = recordOf(machine, tokens, before?.record ?? { createdAt: now });
  const generation = (before?.generation ?? 0) + 1;
  const options = { ttlSeconds: Math.max(1, record.expiresAt - now), mustWin: true };
  const entry = { fingerprint: machine.fingerprint, grantId: record.grantId };
  work.advance(placeOf(machine), JSON.stringify(entry), options);
  work.advance(grantPlace(record), stringifyGrantRecord(record), { ...options, generation });
  const outcome = await commitKeeping(work, { waitUntil, onSaved: () => undefined });
  return outcome === "done" ? { record, generation } : undefined;
}

function recordOf(
  { userId, clientId, clientName }: Machine,
  tokens: UpstreamTokens,
  before: Pick<GrantRecord, "createdAt"> & Partial<GrantRecord>,
): GrantRecord {
  return {
    kind: "machine",
    userId,
    grantId: before.grantId ?? randomText(12),
    clientId,
    clientName,
    profile: {},
    provider: "",
    tokens,
    scopes: [],
    granted: "all",
    // Proves no refresh token: a machine has none.
    proofKey: before.proofKey ?? randomText(32),
    superseded: [],
    places: [],
    createdAt: before.createdAt,
    expiresAt: tokens.expiresAt,
  };
}
