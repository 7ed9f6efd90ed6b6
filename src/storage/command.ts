/**
 * What we ask of Redis and what it answers, as data. Types only: redis.ts sends them, everybody else
 * makes and reads them.
 */

/**
 * The few commands of Redis 7.0 that we use. Each is monotone: a copy that comes late, twice or after
 * later ones changes nothing. Keys and values are already hashed and sealed.
 */
export type Command =
  | { readonly do: "get"; readonly key: string }
  /** SET NX GET: null says the value is ours; anything else is what was there before. */
  | {
      readonly do: "claim";
      readonly key: string;
      readonly value: string;
      readonly ttlSeconds: number;
    }
  /** SET: for a probe only, since a late copy of it would overwrite. */
  | {
      readonly do: "write";
      readonly key: string;
      readonly value: string;
      readonly ttlSeconds: number;
    }
  /** SET XX KEEPTTL: the same words under a newer storage key. */
  | { readonly do: "reseal"; readonly key: string; readonly value: string }
  | { readonly do: "delete"; readonly keys: readonly string[] }
  /** EXPIRE NX: an end for a key that has none. */
  | { readonly do: "bound"; readonly key: string; readonly ttlSeconds: number }
  /** EXPIRE GT: never shortens a life. */
  | { readonly do: "prolong"; readonly key: string; readonly ttlSeconds: number }
  /** TTL: seconds left; negative when there is no end or no record. */
  | { readonly do: "secondsLeft"; readonly key: string }
  | { readonly do: "getFields"; readonly key: string }
  | { readonly do: "getField"; readonly key: string; readonly field: string }
  /** HSETNX: a field is written once. */
  | {
      readonly do: "addField";
      readonly key: string;
      readonly field: string;
      readonly value: string;
    }
  /** HSET: for what may be said again, the end of entries and the same words sealed anew. */
  | {
      readonly do: "setFields";
      readonly key: string;
      readonly fields: Readonly<Record<string, string>>;
    }
  | { readonly do: "deleteFields"; readonly key: string; readonly fields: readonly string[] }
  /** ZADD. */
  | {
      readonly do: "note";
      readonly key: string;
      readonly score: number;
      readonly members: readonly string[];
    }
  /** ZRANGE BYSCORE: the members from a score on, or up to another one, lowest first, page by page. */
  | {
      readonly do: "readNotes";
      readonly key: string;
      readonly from: number;
      readonly to?: number;
      readonly skip: number;
      readonly most: number;
      /** WITHSCORES: each member's score behind it. */
      readonly withScores?: boolean;
    }
  /** ZREMRANGEBYRANK 0 -2: of all members the one with the highest score stays. */
  | { readonly do: "keepNewestNote"; readonly key: string }
  /** ZRANGE -1 -1 WITHSCORES: the member with the highest score, and the score. */
  | { readonly do: "readNewestNote"; readonly key: string }
  /** ZREM. */
  | { readonly do: "dropNotes"; readonly key: string; readonly members: readonly string[] }
  /** ZREMRANGEBYSCORE: every member below a score. */
  | { readonly do: "dropNotesBefore"; readonly key: string; readonly score: number };

/** A stored text, a list of stored texts, a count, or nothing. */
export type Reply = string | number | null | readonly string[];
