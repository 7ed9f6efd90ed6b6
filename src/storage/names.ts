/**
 * Names of records. A readable name (`client:id`) goes in, a Redis key that tells nothing comes out:
 * the HMAC of the name under a key of its own. That key is random, kept sealed in the store, and
 * outlives the storage keys: it must not rotate with them, or every record would be orphaned.
 */
import { base64url } from "jose";
import { Refusal } from "../errors.ts";
import { importSigningKey, randomText, signText } from "../keys.ts";
import type { Redis } from "./redis.ts";
import type { Reply } from "./command.ts";
import type { Sealer } from "./sealing.ts";

export interface Names {
  /** The Redis key for a record's name. */
  keyOf(name: string): Promise<string>;
  /** Where the name key lies, and how it stands there: what tells this store from another one. */
  readonly place: string;
  readonly stored: string;
  readonly secret: string;
}

/** How many keys of names are remembered: those of one person's hundred connections, and room. */
const MOST_KNOWN = 500;

/** As good as for ever: a century, since every key here has a lifetime. */
const CENTURY_SECONDS = 3_155_760_000;

interface NameStore {
  readonly redis: Redis;
  readonly sealer: Sealer;
  readonly prefix: string;
}

/**
 * Finds the name key, or makes it, in one round trip for a store that has it. Each storage key has
 * its own copy; a storage key that is new in the ring gets one here, so that the older keys can go
 * later. `known` is put back into a store that has lost it.
 */
export async function loadNames(store: NameStore, known?: string): Promise<Names> {
  const places = store.sealer.keyIds.map((kid) => `${store.prefix}names:${kid}`);
  const replies = await store.redis.transact(places.map((key) => ({ do: "get", key })));
  const found = await openFirst(replies, places, store.sealer);
  const [place] = places;
  if (place === undefined) throw new TypeError("a ring has at least one key");
  const [stored] = replies;
  if (found !== undefined && typeof stored === "string")
    return openNames(store, { place, stored, secret: found });
  return openNames(store, await share(store, place, found ?? known ?? randomText(32)));
}

interface NameKey {
  readonly place: string;
  readonly stored: string;
  readonly secret: string;
}

async function openNames({ prefix }: NameStore, named: NameKey): Promise<Names> {
  const key = await importSigningKey(Uint8Array.from(base64url.decode(named.secret)));
  // A request asks for the same names again and again.
  const known = new Map<string, string>();
  const keyOf = async (name: string): Promise<string> => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const made = `${prefix}${await signText(name, key)}`;
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(name, made);
    return made;
  };
  return { ...named, keyOf };
}

async function openFirst(
  replies: readonly Reply[],
  places: readonly string[],
  sealer: Sealer,
): Promise<string | undefined> {
  for (const [index, reply] of replies.entries()) {
    const opened =
      typeof reply === "string" ? await sealer.open(reply, places[index] ?? "") : undefined;
    if (opened !== undefined && "text" in opened) return opened.text;
  }
  return undefined;
}

/**
 * Puts the name key under the newest storage key. Another isolate may do the same at this moment:
 * the first wins.
 */
async function share(
  { redis, sealer }: NameStore,
  place: string,
  secret: string,
): Promise<NameKey> {
  const value = await sealer.seal(secret, place);
  const [holder] = await redis.transact([
    { do: "claim", key: place, value, ttlSeconds: CENTURY_SECONDS },
  ]);
  if (typeof holder !== "string" || holder === value) return { place, stored: value, secret };
  const opened = await sealer.open(holder, place);
  if (!("text" in opened)) throw new Refusal("store_answer_invalid");
  return { place, stored: holder, secret: opened.text };
}
