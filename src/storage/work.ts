/**
 * What one unit of work has read, claimed and changed so far. Types and an empty start; reading.ts
 * and changes.ts fill it, unit-of-work.ts sends it.
 */
import type { Claim } from "./claim.ts";
import type { Command, Reply } from "./command.ts";
import type { Collection, Place } from "./entry.ts";
import type { Vault } from "./vault.ts";

/** Commands of one change, and whose versions must stand afterwards. */
export interface Prepared {
  readonly commands: readonly Command[];
  readonly judged?: { readonly place: Place; readonly key: string; readonly value: string };
  readonly read?: (replies: readonly Reply[]) => void;
}

export interface Work {
  readonly vault: Vault;
  readonly records: Map<string, string | undefined>;
  readonly collections: Map<string, Collection>;
  readonly changes: Map<string, () => Promise<Prepared>>;
  /** What is ours to give back. */
  readonly claims: Map<string, Claim>;
  /** What we asked for and got no answer: ours, or another's. */
  readonly doubtful: Map<string, Claim>;
  readonly holds: Set<string>;
  readonly kept: Set<string>;
  /** What others had claimed when we asked. */
  readonly rivals: Map<string, Claim>;
  isDetached: boolean;
}

/** A unit of work that has done nothing yet. */
export function createWork(vault: Vault): Work {
  return {
    vault,
    records: new Map(),
    collections: new Map(),
    changes: new Map(),
    claims: new Map(),
    doubtful: new Map(),
    holds: new Set(),
    kept: new Set(),
    rivals: new Map(),
    isDetached: false,
  };
}
