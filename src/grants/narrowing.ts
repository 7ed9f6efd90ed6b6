/**
 * What a person changes about a grant of theirs: fewer permissions, an earlier end. A grant goes in,
 * its next version is written; access tokens from before it count for nothing from then on. It never
 * widens.
 */
import { Refusal } from "../errors.ts";
import { latestEndOf } from "./lifetime.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import type { Vault } from "../storage/vault.ts";
import { narrowedName, tellNarrowed } from "./ended-feed.ts";
import type { GrantRef } from "./grant.ts";
import type { GrantKeeper } from "./keeper.ts";
import { grantName, type GrantRecord, readGrant } from "./record.ts";
import { scopesOf, writeGrant } from "./writing.ts";

/** Another request may be first; the grant is read again each time. */
const MOST_TRIES = 6;

export interface NarrowingParts {
  readonly vault: Vault;
  readonly keeper: GrantKeeper;
  /** Every permission that something here asks for. */
  readonly permissions: readonly string[];
  readonly now: () => number;
}

/** Keeps of a grant's permissions those that are named. Pure. */
export function narrowRecord(
  record: GrantRecord,
  { kept, now, permissions }: Narrowed,
): GrantRecord {
  const granted = record.granted === "all" ? permissions : record.granted;
  return { ...record, granted: granted.filter((name) => kept.has(name)), narrowedAt: now };
}

interface Narrowed {
  readonly kept: ReadonlySet<string>;
  readonly now: number;
  readonly permissions: readonly string[];
}

/** Lets a grant end when it was not used for so long. Pure. */
export function limitIdle(
  record: GrantRecord,
  idleSeconds: number,
  { now, sessionMaxSeconds }: { readonly now: number; readonly sessionMaxSeconds?: number },
): GrantRecord {
  const longest = record.tokens.refreshToken === undefined ? record.expiresAt : Infinity;
  const latestEnd = latestEndOf(record, sessionMaxSeconds);
  const expiresAt = Math.min(now + idleSeconds, longest, latestEnd);
  return { ...record, idleSeconds, expiresAt };
}

/**
 * Writes what `change` makes of a grant, whatever else is written there meanwhile. Refuses with
 * `connection_unknown` when it has ended.
 */
export async function changeGrant(
  work: UnitOfWork,
  parts: NarrowingParts,
  {
    grant,
    change,
  }: { readonly grant: GrantRef; readonly change: (record: GrantRecord) => GrantRecord },
): Promise<void> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const now = parts.now();
    const standing = await readGrant(work, grant, now);
    if (standing === undefined) throw new Refusal("connection_unknown");
    const record = change(standing.record);
    const next = { record, generation: standing.generation + 1 };
    const storeName = await parts.vault.pointerTo(grantName(grant));
    const isNarrowed = record.narrowedAt !== standing.record.narrowedAt;
    const usedAt = record.latest?.at ?? record.createdAt;
    writeGrant(work, next, { now, usedAt, scopes: scopesOf(record, parts.permissions) });
    if (isNarrowed)
      work.also(async () =>
        tellNarrowed(parts.vault, { storeName, at: now }, parts.keeper.tokenTtlSeconds),
      );
    const outcome = await work.commit({ isPatient: true });
    if (outcome === "ended") throw new Refusal("connection_unknown");
    if (outcome === "overtaken") continue;
    parts.keeper.noteRecord(next);
    if (isNarrowed) parts.keeper.noteEnded([narrowedName({ storeName }, now)]);
    return;
  }
  throw new Refusal("grant_busy", { retryAfterSeconds: 2 });
}
