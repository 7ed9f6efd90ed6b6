/**
 * The end of grants. They come in; they end here before the answer, in other isolates within their
 * bound of staleness, and the identity provider is told after the answer, at once or later.
 */
import type { IdentityProvider } from "../identity/provider.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import type { Vault } from "../storage/vault.ts";
import { tellEnds } from "./ended-feed.ts";
import { type Farewell, remember, sayDue, sealFarewells } from "./farewell.ts";
import type { Connection } from "./connections.ts";
import type { GrantRef } from "./grant.ts";
import { connectionPlace, grantName, grantPlace, otherTokensName } from "./record.ts";

/** A grant that is to end, with what the identity provider is to be told. */
export interface Ending extends GrantRef {
  /** Its newest, when the person's connections were not read. */
  readonly generation?: number;
  /** Of its connection, when they were. */
  readonly entryId?: string;
  readonly refreshToken?: string | undefined;
}

/** The end of a connection that was read. */
export function endingOf(
  userId: string,
  { grantId, entryId, refreshToken }: Pick<Connection, "grantId" | "entryId" | "refreshToken">,
): Ending {
  return { userId, grantId, entryId, refreshToken };
}

export interface EndingParts {
  readonly identity: Pick<IdentityProvider, "revoke">;
  readonly vault: Vault;
  /** Who answers for grants in this isolate. */
  readonly keeper: {
    readonly tokenTtlSeconds: number;
    noteEnded(storeNames: readonly string[]): void;
  };
}

/** Known once the unit of work is committed. */
interface Told {
  storeNames: readonly string[];
  members: readonly string[];
}

/** Lets work go on after the response. */
interface Execution {
  waitUntil(work: Promise<unknown>): void;
}

/**
 * How many are told in the request that ended them. When there are more it has enough to do: all are
 * told by the cron trigger, and by sign-ins that come later.
 */
const TOLD_AT_ONCE = 5;

/** Ends grants, and commits whatever else the unit of work is to write. */
export async function endAtOnce(
  parts: EndingParts,
  { work, execution }: { readonly work: UnitOfWork; readonly execution: Execution },
  endings: readonly Ending[],
): Promise<void> {
  const told = endGrants(work, parts, endings);
  await work.commit({ isPatient: true });
  if (endings.length > 0) parts.keeper.noteEnded(told.storeNames);
  if (told.members.length > 0 && told.members.length <= TOLD_AT_ONCE)
    execution.waitUntil(sayDue(parts, told.members).catch(() => undefined));
}

/**
 * Puts the end of grants into a unit of work: records, connections, the feed. What the identity
 * provider is to be told is remembered in the same step; returned, once that is committed, is how, and
 * by which hashed names the grants are known.
 */
export function endGrants(
  work: UnitOfWork,
  { vault, keeper: { tokenTtlSeconds } }: Pick<EndingParts, "vault" | "keeper">,
  endings: readonly Ending[],
): Told {
  const told: Told = { storeNames: [], members: [] };
  if (endings.length === 0) return told;
  work.end(...endings.map(grantPlace), ...endings.map(placeOfConnection));
  work.also(async () => {
    const storeNames = await Promise.all(endings.map((grant) => vault.pointerTo(grantName(grant))));
    const farewells = endings.flatMap(({ refreshToken }, index): Farewell[] =>
      refreshToken === undefined ? [] : [{ storeName: storeNames[index] ?? "", refreshToken }],
    );
    told.storeNames = storeNames;
    told.members = await sealFarewells(vault, farewells);
    const keys = await Promise.all(endings.map((grant) => vault.keyOf(otherTokensName(grant))));
    return [
      { do: "delete", keys },
      ...tellEnds(vault, storeNames, tokenTtlSeconds),
      ...remember(vault, told.members, vault.now()),
    ];
  });
  return told;
}

function placeOfConnection({ entryId, generation, ...grant }: Ending) {
  return {
    ...connectionPlace(grant),
    ...(entryId === undefined ? {} : { id: entryId }),
    ...(generation === undefined ? {} : { generation }),
  };
}

/** Puts into a unit of work what is to be told when a sign-in has not been finished by `dueAt` (epoch seconds). */
export function tellLater(
  work: UnitOfWork,
  { vault }: Pick<EndingParts, "vault">,
  { refreshToken, dueAt, ...grant }: Ending & { readonly dueAt: number },
): void {
  if (refreshToken === undefined) return;
  work.also(async () => {
    const storeName = await vault.pointerTo(grantName(grant));
    const farewell = { storeName, refreshToken, isUnfinished: true };
    return remember(vault, await sealFarewells(vault, [farewell]), dueAt);
  });
}

/**
 * Sees to it that the identity provider is told of a token that belongs to no grant: remembered in
 * the store, or told at once when that does not answer.
 */
export async function abandonToken(
  { vault, identity }: Pick<EndingParts, "vault" | "identity">,
  refreshToken: string | undefined,
): Promise<void> {
  if (refreshToken === undefined) return;
  try {
    const members = await sealFarewells(vault, [{ storeName: "none", refreshToken }]);
    await vault.redis.transact(remember(vault, members, vault.now()));
    await sayDue({ vault, identity }, members);
  } catch {
    await identity.revoke(refreshToken).catch(() => undefined);
  }
}
