/**
 * A person's connections: which grants they have, found without scanning. Entries of one collection
 * go in and out; how many a person may hold is decided here.
 */
import * as z from "zod";
import { readStored } from "../storage/stored-text.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import { stillGranted } from "./freshness.ts";
import { connectionPlace, connectionsName, type GrantRecord, limitedSchema } from "./record.ts";

/** Judged at once: one person's connections may name thousands, and a schema for each takes its time. */
const names = z.custom<readonly string[]>(
  (value) => Array.isArray(value) && value.every((name) => typeof name === "string"),
);

const connectionSchema = z
  .object({
    grantId: z.string(),
    clientId: z.string(),
    clientName: z.string(),
    /** The resource, when it is an organization's. */
    resource: z.string().exactOptional(),
    sessionId: z.string().exactOptional(),
    createdAt: z.int(),
    lastUsedAt: z.int(),
    expiresAt: z.int(),
    /** What the grant allows. */
    scopes: names,
    /** What the person allowed and does not hold. */
    unheld: names.exactOptional(),
    /** As in the record. */
    changing: names.exactOptional(),
    idleSeconds: z.int().exactOptional(),
    limited: limitedSchema.exactOptional(),
    /** Which kind of client used it last, as it calls itself. */
    clientFamily: z.string().exactOptional(),
    /** What Auth0 is told of when the grant ends. */
    refreshToken: z.string().exactOptional(),
  })
  .readonly();

type StoredConnection = z.infer<typeof connectionSchema>;

/** Of those that were read together, connections that allow the same have the same list of scopes. */
export type Connection = StoredConnection & {
  /** Of its entry in the person's collection. */
  readonly entryId: string;
};

/**
 * Auth0 keeps 200 refresh tokens per person and application and drops the oldest without a word;
 * half of that leaves room for sign-ins that are never finished.
 */
export const MOST_CONNECTIONS = 100;

/** A grant that is used lives on; one that is not used ends after this time. */
export const DEFAULT_IDLE_SECONDS = 30 * 86_400;

/** Longer than any grant lives without being used, so the collection outlives its entries. */
const COLLECTION_TTL_SECONDS = 40 * 86_400;

/**
 * A person's connections, those that ran out included. Costs nothing when the collection was
 * prefetched.
 */
export async function listConnections(
  work: Pick<UnitOfWork, "list">,
  userId: string,
): Promise<readonly Connection[]> {
  const entries = await work.list(connectionsName(userId));
  const known = new Map<string, readonly string[]>();
  return entries.map(({ id: entryId, text }) => {
    const stored = readStored(connectionSchema, text);
    return { ...stored, entryId, scopes: sameList(stored.scopes, known) };
  });
}

/** A person's connections mostly allow the same: what is found out of one list is known of all. */
function sameList(
  names: readonly string[],
  known: Map<string, readonly string[]>,
): readonly string[] {
  const text = names.join(" ");
  const before = known.get(text);
  if (before !== undefined) return before;
  known.set(text, names);
  return names;
}

/** Writes a grant's entry, used at that time (epoch seconds), in the same generation as its record. */
export function putConnection(
  work: UnitOfWork,
  record: GrantRecord,
  used: {
    readonly generation: number;
    readonly usedAt: number;
    readonly scopes: readonly string[];
  },
): void {
  const { refreshToken } = record.tokens;
  const { changing, idleSeconds, granted, limited } = record;
  const unheld = granted === "all" ? [] : granted.filter((name) => !used.scopes.includes(name));
  const clientFamily = record.latest?.clientFamily;
  const connection: StoredConnection = {
    grantId: record.grantId,
    clientId: record.clientId,
    clientName: record.clientName,
    ...(record.resource === undefined ? {} : { resource: record.resource }),
    ...(record.sessionId === undefined ? {} : { sessionId: record.sessionId }),
    createdAt: record.createdAt,
    lastUsedAt: used.usedAt,
    expiresAt: record.expiresAt,
    scopes: used.scopes,
    ...(unheld.length === 0 ? {} : { unheld }),
    ...(changing === undefined ? {} : { changing }),
    ...(idleSeconds === undefined ? {} : { idleSeconds }),
    ...(limited === undefined ? {} : { limited }),
    ...(clientFamily === undefined ? {} : { clientFamily }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
  };
  work.advance(connectionPlace(record), JSON.stringify(connection), {
    ttlSeconds: COLLECTION_TTL_SECONDS,
    generation: used.generation,
  });
}

/** What a connection allows at this moment. Pure. */
export function scopesNow(
  { scopes, limited }: Pick<Connection, "scopes" | "limited">,
  now: number,
): readonly string[] {
  return stillGranted(scopes, limited, now);
}

/** The connections that still live, the one used last first. Pure. */
export function chooseLiving(
  connections: readonly Connection[],
  now: number,
): readonly Connection[] {
  return connections
    .filter(({ expiresAt }) => expiresAt > now)
    .toSorted((one, other) => other.lastUsedAt - one.lastUsedAt);
}

/**
 * The address that was verified: that of the client's metadata document, which is its id. Any other
 * client has chosen its name itself.
 */
export function verifiedAddress(clientId: string): string | undefined {
  return clientId.startsWith("https:") && URL.canParse(clientId) ? clientId : undefined;
}

/**
 * Which connections must go so that one more fits: those that ran out, then the longest unused. Pure.
 */
export function chooseSuperfluous(
  connections: readonly Connection[],
  { now, most }: { readonly now: number; readonly most: number },
): readonly Connection[] {
  const over = connections.filter((connection) => connection.expiresAt <= now);
  const living = connections.filter((connection) => connection.expiresAt > now);
  const byUse = living.toSorted((one, other) => one.lastUsedAt - other.lastUsedAt);
  return [...over, ...byUse.slice(0, Math.max(0, living.length - most + 1))];
}

/**
 * Which connections a logout ends: those of the session it names, or all of them (OIDC Back-Channel
 * Logout §2.7).
 */
export function chooseLoggedOut(
  connections: readonly Connection[],
  sessionId: string | undefined,
): readonly Connection[] {
  return connections.filter(
    (connection) => sessionId === undefined || connection.sessionId === sessionId,
  );
}
