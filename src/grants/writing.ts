/**
 * Writing a grant's next version: its record and its entry among the person's connections, always
 * together. What Auth0 gave is written down even when the request that asked for it is over.
 */
import { Refusal } from "../errors.ts";
import type { Outcome } from "../storage/changes.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import { putConnection } from "./connections.ts";
import { stillGranted } from "./freshness.ts";
import {
  type GrantRecord,
  grantPlace,
  readGrant,
  type StandingGrant,
  stringifyGrantRecord,
} from "./record.ts";

/** Puts the next version of a grant into a unit of work. */
export function writeGrant(
  work: UnitOfWork,
  { record, generation }: StandingGrant,
  { now, scopes, usedAt = now }: GrantWriting,
): void {
  const ttlSeconds = Math.max(1, record.expiresAt - now);
  work.advance(grantPlace(record), stringifyGrantRecord(record), {
    ttlSeconds,
    generation,
    mustWin: true,
  });
  putConnection(work, record, { generation, usedAt, scopes });
}

interface GrantWriting {
  /** Epoch seconds. */
  readonly now: number;
  readonly scopes: readonly string[];
  /** When its client used it last, when that is not now. */
  readonly usedAt?: number;
}

/** What a commit writes down of Auth0's answer, and who is told that it is safe. */
export interface Keeping {
  /** Lets work go on after the response. */
  readonly waitUntil: (work: Promise<unknown>) => void;
  readonly onSaved: () => void;
}

/**
 * Commits what Auth0 gave. A store that is too busy is asked again within the request; one that does
 * not answer is asked again after it, so that the next try of the client meets what was written.
 */
export async function commitKeeping(work: UnitOfWork, keeping: Keeping): Promise<Outcome> {
  try {
    const outcome = await work.commit({ isPatient: true });
    keeping.onSaved();
    return outcome;
  } catch (error) {
    if (error instanceof Refusal)
      keeping.waitUntil(
        work.commitLater().then((outcome) => outcome === undefined || keeping.onSaved()),
      );
    throw error;
  }
}

/**
 * Writes Auth0's newer tokens into a grant, whatever else has been written there meanwhile. Returns
 * the grant as it stands then; undefined when it has ended.
 */
export async function writeTokens(
  work: UnitOfWork,
  standing: StandingGrant,
  { keeping, now, permissions }: TokenWriting,
): Promise<StandingGrant | undefined> {
  const { tokens } = standing.record;
  for (let newest: StandingGrant | undefined = standing; newest !== undefined;) {
    const next = {
      record: { ...newest.record, tokens },
      generation: newest.generation + 1,
    };
    writeGrant(work, next, { now, scopes: scopesOf(next.record, permissions) });
    const outcome = await commitKeeping(work, keeping);
    if (outcome === "done") return next;
    newest = await readGrant(work, standing.record, now);
  }
  return undefined;
}

interface TokenWriting {
  readonly keeping: Keeping;
  /** Epoch seconds. */
  readonly now: number;
  /** Every permission that something here asks for. */
  readonly permissions: readonly string[];
}

/**
 * The scopes of a grant: what is no permission, and the permissions both held and granted. What was
 * granted for a while is among them.
 */
export function scopesOf(record: GrantRecord, permissions: readonly string[]): readonly string[] {
  return [...record.scopes, ...grantedPermissions(record, permissions)];
}

/**
 * The permissions that are asked for by something here, held by the person and granted; with the time
 * (epoch seconds), those that are granted then.
 */
export function grantedPermissions(
  { tokens, granted, limited }: Pick<GrantRecord, "tokens" | "granted" | "limited">,
  permissions: readonly string[],
  now?: number,
): readonly string[] {
  const held = new Set(tokens.permissions);
  const allowed = granted === "all" ? held : new Set(granted);
  const all = permissions.filter((name) => held.has(name) && allowed.has(name));
  return now === undefined ? all : stillGranted(all, limited, now);
}

/** The permissions that are asked for by something here and held by the person. */
export function heldPermissions(
  { tokens }: Pick<GrantRecord, "tokens">,
  permissions: readonly string[],
): readonly string[] {
  const held = new Set(tokens.permissions);
  return permissions.filter((name) => held.has(name));
}
