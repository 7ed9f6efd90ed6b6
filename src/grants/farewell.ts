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
/** … and what is sealed under a key that only another version of us has, after this. */
const UNKNOWN_KEY_RETRY_SECONDS = 3600;
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
  const left = new Map<string, number>();
  for (const batch of batchesOf(members.filter((member) => !told.has(member))))
    await Promise.all(
      batch.map(async (member) => {
        const retrySeconds = await tell({ vault, identity }, member);
        if (retrySeconds === 0) told.add(member);
        else left.set(member, retrySeconds);
      }),
    );
  await vault.redis.transact([...drop(key, [...told]), ...postpone(vault, left)]);
  return told.size;
}

/** How many are sealed again in one step, and how often all are looked at: others tell meanwhile. */
const PAGE_SIZE = 500;
const MOST_LOOKS = 5;

/**
 * Seals what is to be told again under the newest storage key, due or not; each stays due when it
 * was. What opens with no key of the ring is left alone. Returns how many were sealed again.
 */
export async function resealFarewells(vault: Vault, sealer: Sealer): Promise<number> {
  let all = 0;
  for (let look = 0; look < MOST_LOOKS; look++) {
    const sealedAgain = await resealOnce(vault, sealer);
    if (sealedAgain === 0) break;
    all += sealedAgain;
  }
  return all;
}

async function resealOnce(vault: Vault, sealer: Sealer): Promise<number> {
  const key = keyOf(vault);
  let all = 0;
  for (let skip = 0; ; skip += PAGE_SIZE) {
    const page = {
      do: "readNotes",
      key,
      from: 0,
      skip,
      most: PAGE_SIZE,
      withScores: true,
    } as const;
    const [reply] = await vault.redis.transact([page], { isPatient: true });
    const members = scored(reply);
    const commands = await Promise.all(
      members.map((member) => resealMember(vault, sealer, member)),
    );
    const changed = commands.flat();
    if (changed.length > 0) await vault.redis.transact(changed, { isPatient: true });
    all += changed.length / 2;
    if (members.length < PAGE_SIZE) return all;
  }
}

interface Scored {
  readonly member: string;
  /** When it is due. */
  readonly score: number;
}

function scored(reply: Reply | undefined): readonly Scored[] {
  const flat = typeof reply === "object" && reply !== null ? reply : [];
  return Array.from({ length: flat.length / 2 }, (_, index) => ({
    member: flat[2 * index] ?? "",
    score: Number(flat[2 * index + 1]),
  }));
}

/** The two commands that put a member sealed anew in place of this one, or none. */
async function resealMember(
  vault: Vault,
  sealer: Sealer,
  { member, score }: Scored,
): Promise<readonly Command[]> {
  const key = keyOf(vault);
  const [, kind = "", storeName = "", sealed = ""] = REMEMBERED.exec(member) ?? [];
  if (sealer.isCurrent(sealed)) return [];
  const opened = await sealer.open(sealed, `${key}/${storeName}`);
  if (!("text" in opened)) return [];
  const again = await vault.seal(opened.text, `${key}/${storeName}`);
  return [
    { do: "note", key, score, members: [`${kind}.${storeName}=${again}`] },
    { do: "dropNotes", key, members: [member] },
  ];
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

/** 0: this is done with, told or nothing that could be told. Else after how long to try again. */
async function tell({ vault, identity }: FarewellParts, member: string): Promise<number> {
  const [, , storeName = "", sealed = ""] = REMEMBERED.exec(member) ?? [];
  try {
    const refreshToken = await vault.open(sealed, `${keyOf(vault)}/${storeName}`);
    if (refreshToken !== undefined) await identity.revoke(refreshToken);
    return 0;
  } catch (error) {
    const fault = error instanceof Refusal ? error.reason : "unknown";
    console.warn(JSON.stringify({ reason: "upstream_revocation_failed", fault }));
    if (fault === "store_key_unknown") return UNKNOWN_KEY_RETRY_SECONDS;
    // Auth0 will never take this one.
    return fault === "identity_refused" ? 0 : RETRY_SECONDS;
  }
}

function drop(key: string, members: readonly string[]): readonly Command[] {
  return members.length === 0 ? [] : [{ do: "dropNotes", key, members }];
}

/** Each is due again after its own time. */
function postpone(vault: Vault, left: ReadonlyMap<string, number>): readonly Command[] {
  const bySeconds = Map.groupBy(left, ([, seconds]) => seconds);
  return [...bySeconds].map(([seconds, members]) => ({
    do: "note",
    key: keyOf(vault),
    score: vault.now() + seconds,
    members: members.map(([member]) => member),
  }));
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
