/**
 * The feed of ended grants: how every isolate learns what ended anywhere, for one command in each
 * `REVOCATION_CHECK_SECONDS`, however many calls there are. Hashed names of grants with the time of
 * their end lie in one sorted set, as long as an access token may live. A grant that was narrowed
 * stands there with the time, since its tokens up to then have ended.
 */
import type { Command, Reply } from "../storage/command.ts";
import { FEED, isNotice } from "../storage/notice.ts";
import type { Vault } from "../storage/vault.ts";
import type { TokenGrant } from "./grant.ts";

/** How late a word of an end may come into the feed and still be met by every reader. */
const OVERLAP_SECONDS = 120;

/** How many ends one command brings. */
const PAGE_SIZE = 5000;

/** The commands that tell of grants that end now. */
export function tellEnds(
  vault: Vault,
  storeNames: readonly string[],
  tokenTtlSeconds: number,
): readonly Command[] {
  const key = vault.keyAt(FEED);
  const now = vault.now();
  const keptSeconds = tokenTtlSeconds + 2 * OVERLAP_SECONDS;
  return [
    { do: "note", key, score: now, members: storeNames },
    { do: "dropNotesBefore", key, score: now - keptSeconds },
    { do: "bound", key, ttlSeconds: keptSeconds },
    { do: "prolong", key, ttlSeconds: keptSeconds },
  ];
}

/** The commands that tell of a grant that allows less from then on: of its older tokens' end. */
export function tellNarrowed(
  vault: Vault,
  { storeName, at }: { readonly storeName: string; readonly at: number },
  tokenTtlSeconds: number,
): readonly Command[] {
  return tellEnds(vault, [narrowedName({ storeName }, at)], tokenTtlSeconds);
}

/** How a grant stands in the feed whose tokens up to a time have ended. */
export function narrowedName({ storeName }: Pick<TokenGrant, "storeName">, at: number): string {
  return `${storeName}~${at}`;
}

/** Reads a name of the feed: a grant that ended, or one whose tokens up to a time did. */
export function readEnd(name: string): { readonly storeName: string; readonly until: number } {
  const [storeName = "", at] = name.split("~");
  return { storeName, until: at === undefined ? Number.POSITIVE_INFINITY : Number(at) };
}

/** What a reader of the feed knows. */
interface Reader {
  readonly vault: Vault;
  /** When it read the feed last. */
  readonly readAt: number | undefined;
  readonly tokenTtlSeconds: number;
}

/**
 * What ended since the feed was read last, or, for a new reader, within the life of an access token.
 * One command, unless there are thousands; `beside` rides along. Refuses with a `store_…` reason.
 */
export async function readEnds(
  { vault, readAt, tokenTtlSeconds }: Reader,
  beside?: Command,
): Promise<{ readonly ends: readonly string[]; readonly others: Reply | undefined }> {
  const key = vault.keyAt(FEED);
  const from = (readAt ?? vault.now() - tokenTtlSeconds) - OVERLAP_SECONDS;
  const ends: string[] = [];
  let others: Reply | undefined;
  for (let skip = 0; ; skip += PAGE_SIZE) {
    const page = { do: "readNotes", key, from, skip, most: PAGE_SIZE } as const;
    const isFirst = beside !== undefined && skip === 0;
    const [reply, more] = await vault.redis.transact(isFirst ? [page, beside] : [page]);
    if (isFirst) others = more;
    const found = typeof reply === "object" && reply !== null ? reply : [];
    ends.push(...found.filter((name) => !isNotice(name)));
    if (found.length < PAGE_SIZE) return { ends, others };
  }
}
