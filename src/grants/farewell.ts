/**
 * What the identity provider is still to be told: that a refresh token of an ended grant, or of a
 * sign-in that was never finished, is no longer wanted. Tokens lie sealed in one sorted set by the
 * time they are due; who works it off tells a few at a time and comes again.
 */
import { Refusal } from "../errors.ts";
import type { IdentityProvider } from "../identity/provider.ts";
import { wasUsed } from "../storage/entry.ts";
import type { Command, Reply } from "../storage/command.ts";
import type { Sealer } from "../storage/sealing.ts";
import type { Vault } from "../storage/vault.ts";
import { FIRST_USED_GENERATION } from "./record.ts";

/** A refresh token of the identity provider, and the grant it belonged to. */
export interface Farewell {
  readonly storeName: string;
  readonly refreshToken: string;
  /** It is wanted if the sign-in is finished by then; whoever ends it says so himself. */
  readonly isUnfinished?: boolean;
}

/** Who tells, and what is told. */
export interface FarewellParts {
  readonly vault: Vault;
  readonly identity: Pick<IdentityProvider, "revoke">;
}

/** How many are told at once: Workers open six connections at a time. */
const BATCH_SIZE = 5;

/** What could not be told is tried again after this time, for so long. */
const RETRY_SECONDS = 900;
const KEPT_SECONDS = 40 * 86_400;

/** Why a token is remembered, the hashed name of its grant, and the token itself. */
const REMEMBERED = /^([eu])\.([\w-]+)=(.*)$/;

/** What is to be told, as the store remembers it. */
export async function sealFarewells(
  vault: Vault,
  farewells: readonly Farewell[],
): Promise<readonly string[]> {
  const key = keyOf(vault);
  return Promise.all(
    farewells.map(async ({ storeName, refreshToken, isUnfinished = false }) => {
      const sealed = await vault.seal(refreshToken, `${key}/${storeName}`);
      return `${isUnfinished ? "u" : "e"}.${storeName}=${sealed}`;
    }),
  );
}

/** The commands that remember what is to be told at `dueAt` (epoch seconds). */
export function remember(
  vault: Vault,
  members: readonly string[],
  dueAt: number,
): readonly Command[] {
  const key = keyOf(vault);
  if (members.length === 0) return [];
  return [
    { do: "note", key, score: dueAt, members },
    { do: "bound", key, ttlSeconds: KEPT_SECONDS },
    { do: "prolong", key, ttlSeconds: KEPT_SECONDS },
  ];
}

/** The command that reads what is due, so many at most. */
export function askForDue(vault: Vault, most: number): Command {
  return { do: "readNotes", key: keyOf(vault), from: 0, to: vault.now(), skip: 0, most };
}

/** Tells the identity provider what is due, so many at most, and returns how many are done with. */
export async function sayFarewells(parts: FarewellParts, most: number): Promise<number> {
  const [reply] = await parts.vault.redis.transact([askForDue(parts.vault, most)]);
  return sayDue(parts, reply);
}

/**
 * Tells the identity provider what was found due. A grant that lives on, because its sign-in was
 * finished, is let be. Never refuses for the provider's sake; refuses with a `store_…` reason.
 */
export async function sayDue(
  { vault, identity }: FarewellParts,
  due: Reply | undefined,
): Promise<number> {
  const key = keyOf(vault);
  const members = typeof due === "object" && due !== null ? due : [];
  if (members.length === 0) return 0;
  const told = new Set(await findWanted(vault, members));
  for (const batch of batchesOf(members.filter((member) => !told.has(member))))
    await Promise.all(
      batch.map(async (member) => {
        if (await tell({ vault, identity }, member)) told.add(member);
      }),
    );
  await vault.redis.transact([...drop(key, [...told]), ...postpone(vault, members, told)]);
  return told.size;
}

/**
 * Seals what is due again under the newest storage key; what is not due yet is told or dropped
 * within minutes. Returns how many were sealed again.
 */
export async function resealFarewells(
  { redis, now, seal, keyAt }: Vault,
  sealer: Sealer,
): Promise<number> {
  const key = keyAt("farewells");
  const all = { do: "readNotes", key, from: 0, to: now(), skip: 0, most: 10_000 } as const;
  const [reply] = await redis.transact([all], { isPatient: true });
  const old = (typeof reply === "object" && reply !== null ? reply : []).filter(
    (member) => !sealer.isCurrent(REMEMBERED.exec(member)?.[3] ?? ""),
  );
  const members: string[] = [];
  for (const member of old) {
    const [, kind = "", storeName = "", sealed = ""] = REMEMBERED.exec(member) ?? [];
    const opened = await sealer.open(sealed, `${key}/${storeName}`);
    if ("text" in opened)
      members.push(`${kind}.${storeName}=${await seal(opened.text, `${key}/${storeName}`)}`);
  }
  if (members.length === 0) return 0;
  await redis.transact([
    { do: "note", key, score: now(), members },
    { do: "dropNotes", key, members: old },
  ]);
  return members.length;
}

/**
 * Those of them whose sign-in has been finished after all: their token is wanted, or its end was told
 * by itself.
 */
async function findWanted(
  { redis, keyAt }: Vault,
  members: readonly string[],
): Promise<readonly string[]> {
  const unfinished = members.filter((member) => REMEMBERED.exec(member)?.[1] === "u");
  if (unfinished.length === 0) return [];
  const replies = await redis.transact(
    unfinished.map((member) => ({
      do: "getFields",
      key: keyAt(REMEMBERED.exec(member)?.[2] ?? ""),
    })),
  );
  return unfinished.filter((_, index) => wasUsed(replies[index], FIRST_USED_GENERATION));
}

/** Whether this is done with: told, or nothing that could be told. */
async function tell({ vault, identity }: FarewellParts, member: string): Promise<boolean> {
  const [, , storeName = "", sealed = ""] = REMEMBERED.exec(member) ?? [];
  try {
    const refreshToken = await vault.open(sealed, `${keyOf(vault)}/${storeName}`);
    if (refreshToken !== undefined) await identity.revoke(refreshToken);
    return true;
  } catch (error) {
    const fault = error instanceof Refusal ? error.reason : "unknown";
    console.warn(JSON.stringify({ reason: "upstream_revocation_failed", fault }));
    // Auth0 will never take this one.
    return fault === "identity_refused";
  }
}

function drop(key: string, members: readonly string[]): readonly Command[] {
  return members.length === 0 ? [] : [{ do: "dropNotes", key, members }];
}

function postpone(
  vault: Vault,
  members: readonly string[],
  told: ReadonlySet<string>,
): readonly Command[] {
  const left = members.filter((member) => !told.has(member));
  const score = vault.now() + RETRY_SECONDS;
  return left.length === 0 ? [] : [{ do: "note", key: keyOf(vault), score, members: left }];
}

function batchesOf<Value>(values: readonly Value[]): readonly (readonly Value[])[] {
  const count = Math.ceil(values.length / BATCH_SIZE);
  return Array.from({ length: count }, (_, index) =>
    values.slice(index * BATCH_SIZE, (index + 1) * BATCH_SIZE),
  );
}

function keyOf(vault: Vault): string {
  return vault.keyAt("farewells");
}
