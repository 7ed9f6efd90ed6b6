/**
 * Names of records. A readable name (`grant:user:id`) goes in, a Redis key that tells nothing comes
 * out: the HMAC of the name under a key of its own. That key is random, kept sealed in the store,
 * and outlives the storage keys: it must not rotate with them, or every record would be orphaned.
 */
import { base64url } from "jose";
import { Refusal } from "../errors.ts";
import { importSigningKey, randomText, signText } from "../keys.ts";
import type { Redis, Reply } from "./redis.ts";
import type { Sealer } from "./sealing.ts";

export interface Names {
  /** The Redis key for a record's name. */
  keyOf(name: string): Promise<string>;
}

/** As good as for ever: a century, since every key here has a lifetime. */
const CENTURY_SECONDS = 3_155_760_000;

/**
 * Finds the name key, or makes it, in one round trip for a store that has it. Each storage key has
 * its own copy; a storage key that is new in the ring gets one here, so that the older keys can go
 * later.
 */
export async function loadNames(redis: Redis, sealer: Sealer, prefix: string): Promise<Names> {
  const places = sealer.keyIds.map((kid) => `${prefix}names:${kid}`);
  const replies = await redis.transact(
    places.map((key) => ({ do: "get", key })),
    { repeatable: true },
  );
  const found = await openFirst(replies, places, sealer);
  const [current] = places;
  if (current === undefined) throw new TypeError("a ring has at least one key");
  const secret =
    found !== undefined && replies[0] !== null
      ? found
      : await share(redis, sealer, { place: current, secret: found ?? randomText(32) });
  const key = await importSigningKey(Uint8Array.from(base64url.decode(secret)));
  return { keyOf: async (name) => `${prefix}${await signText(name, key)}` };
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
  redis: Redis,
  sealer: Sealer,
  { place, secret }: { place: string; secret: string },
): Promise<string> {
  const value = await sealer.seal(secret, place);
  const [holder] = await redis.transact(
    [{ do: "claim", key: place, value, ttlSeconds: CENTURY_SECONDS }],
    { repeatable: true },
  );
  if (holder === null || holder === value) return secret;
  const opened = typeof holder === "string" ? await sealer.open(holder, place) : undefined;
  if (opened === undefined || !("text" in opened)) throw new Refusal("store_answer_invalid");
  return opened.text;
}
