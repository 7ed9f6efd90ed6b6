/**
 * What we keep of a grant: one entry of numbered versions, with the provider library's own record in
 * it, the identity provider's tokens and what the person granted. Texts of the store go in and out,
 * parsed once. Names of records are made here and nowhere else.
 */
import { decodeJwt } from "jose";
import * as z from "zod";
import type { UpstreamTokens } from "../identity/provider.ts";
import type { Found, Place } from "../storage/entry.ts";
import { membersSchema, readMembers, readStored } from "../storage/stored-text.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import type { GrantRef } from "./grant.ts";

const claims = z.record(z.string(), z.unknown()).readonly();

const tokensSchema = z.object({
  accessToken: z.string(),
  /** Kept only when the access token does not say them itself. */
  claims: claims.exactOptional(),
  expiresAt: z.int(),
  issuedAt: z.int(),
  refreshToken: z.string().exactOptional(),
  permissions: z.array(z.string()).readonly(),
});

/** A refresh token that was used: by whom, and when. */
const supersededSchema = z.object({
  /** The beginning of the token's hash. */
  id: z.string(),
  /** Epoch seconds. */
  at: z.int(),
  /** From which place, and whether it was used for the first time then. */
  place: z.string(),
  wasNew: z.boolean(),
});

export type Superseded = z.infer<typeof supersededSchema>;

/** The newest answer of the token endpoint, and what it answered. */
const latestSchema = z.object({
  /** The current refresh token, as its client holds it. */
  refreshToken: z.string().exactOptional(),
  /** The hash of the token that was used for it; none for a code. */
  usedId: z.string(),
  /** Names the answer to a code, so that one which never went out can be had again. */
  answerId: z.string().exactOptional(),
  /** What was asked beside the token. */
  asked: z.string(),
  body: z.record(z.string(), z.unknown()),
  clientFamily: z.string(),
  at: z.int(),
});

/** Permissions, and until when they are granted (epoch seconds). */
export const limitedSchema = z
  .object({ names: z.array(z.string()).readonly(), until: z.int() })
  .readonly();

const grantRecordSchema = z.object({
  /** Whose grant it is; in a record from before machines could come, a person's. */
  kind: z.enum(["person", "machine"]).default("person"),
  userId: z.string(),
  grantId: z.string(),
  clientId: z.string(),
  clientName: z.string(),
  /** The resource that its tokens are for, when it is an organization's; absent: `/mcp`. */
  resource: z.string().exactOptional(),
  /** The organization, as the identity provider knows it. */
  organization: z.string().exactOptional(),
  /** The session at the identity provider, hashed; for back-channel logout. */
  sessionId: z.string().exactOptional(),
  profile: claims,
  /** The provider library's own record, as it wrote it. */
  provider: z.string(),
  tokens: tokensSchema,
  /** What the client asked for that is no permission. */
  scopes: z.array(z.string()).readonly(),
  /** Which permissions the person granted this client: those named, or whatever they hold. */
  granted: z.union([z.literal("all"), z.array(z.string()).readonly()]),
  /**
   * The tools that change something and were there to be seen when the person said yes: others ask
   * again. Absent in a record from before.
   */
  changing: z.array(z.string()).readonly().exactOptional(),
  /** When the person signed in, and when with a second factor, if that is known. Epoch seconds. */
  signIn: z
    .object({ at: z.int().exactOptional(), mfaAt: z.int().exactOptional() })
    .readonly()
    .exactOptional(),
  /** Its client has asked for a recent or strong sign-in by itself: it reads RFC 9470 challenges. */
  readsChallenges: z.boolean().exactOptional(),
  /** Granted for a while only. */
  limited: limitedSchema.exactOptional(),
  /** When the person took permissions away; tokens from before count for nothing. Epoch seconds. */
  narrowedAt: z.int().exactOptional(),
  /** After how long without use it ends, when the person chose it. */
  idleSeconds: z.int().exactOptional(),
  /**
   * Proves that a refresh token was issued by us for this grant, however old it is. base64url, 32
   * bytes.
   */
  proofKey: z.string(),
  latest: latestSchema.readonly().exactOptional(),
  /** The refresh tokens used last, the newest first. */
  superseded: z.array(supersededSchema.readonly()).readonly(),
  /** Where the current refresh token has been used from: hashes of network and kind of client. */
  places: z.array(z.string()).readonly(),
  createdAt: z.int(),
  /** When the grant ends unless it is refreshed; epoch seconds. */
  expiresAt: z.int(),
});

export type GrantRecord = Omit<z.infer<typeof grantRecordSchema>, "tokens"> & {
  readonly tokens: UpstreamTokens;
  /** What a newer version of us has written beside it: kept, so that it finds it again. */
  readonly unread?: Readonly<Record<string, unknown>>;
};

/** A grant as it stands: its record, and which version of it that is. */
export interface StandingGrant {
  readonly record: GrantRecord;
  readonly generation: number;
}

/** The first version that an exchanged code leaves; the one before waits for its exchange. */
export const FIRST_USED_GENERATION = 2;

/** The provider library's record of a client; none for a client that did not name itself. */
export function registrationNames(clientId: string | undefined): readonly string[] {
  return clientId === undefined ? [] : [`client:${clientId}`];
}

/** The collection in which a grant's versions lie. */
export function grantName({ userId, grantId }: GrantRef): string {
  return `grant:${userId}:${grantId}`;
}

/** Where a grant's versions lie. */
export function grantPlace(grant: GrantRef): Place {
  return { collection: grantName(grant), entry: "" };
}

/** The name that the one request claims which makes the next version with the help of Auth0. */
export function holdName(grant: GrantRef, generation: number): string {
  return `hold:${grant.userId}:${grant.grantId}:${generation}`;
}

/** The collection of a grant's tokens for other APIs. It ends with the grant. */
export function otherTokensName({ userId, grantId }: GrantRef): string {
  return `other-tokens:${userId}:${grantId}`;
}

/** The collection of one person's grants. */
export function connectionsName(userId: string): string {
  return `connections:${userId}`;
}

/** A grant's entry among them. */
export function connectionPlace({ userId, grantId }: GrantRef): Place {
  return { collection: connectionsName(userId), entry: grantId };
}

/** Reads `grant:user:id`; undefined for any other name. */
export function parseGrantName(name: string): GrantRef | undefined {
  const [, userId, grantId] = /^grant:([^:]+):([^:]+)$/.exec(name) ?? [];
  return userId === undefined || grantId === undefined ? undefined : { userId, grantId };
}

/**
 * Reads a grant through the unit of work; undefined when it is over. A record that is not of this
 * grant is none.
 */
export async function readGrant(
  work: UnitOfWork,
  grant: GrantRef,
  now: number,
): Promise<StandingGrant | undefined> {
  return judgeRecord(await work.find(grantPlace(grant)), grant, now);
}

/** A grant's record, if what was found is its own and not over. */
export function judgeRecord(
  found: Found,
  { userId, grantId }: GrantRef,
  now: number,
): StandingGrant | undefined {
  if (found.state !== "current") return undefined;
  const record = parseGrantRecord(found.text);
  const isTheirs = record.userId === userId && record.grantId === grantId;
  return isTheirs && record.expiresAt > now ? { record, generation: found.generation } : undefined;
}

/**
 * Parses a stored record. A text that opened but has another shape was written by another version
 * of us: the session is kept and the request is refused, rather than the other way round.
 */
export function parseGrantRecord(text: string): GrantRecord {
  const stored = readStored(membersSchema, text);
  const record = readMembers(grantRecordSchema, stored);
  const { tokens } = record;
  const others = Object.entries(stored).filter(([name]) => !(name in grantRecordSchema.shape));
  return {
    ...record,
    ...(others.length === 0 ? {} : { unread: Object.fromEntries(others) }),
    tokens: { ...tokens, claims: tokens.claims ?? readClaims(tokens.accessToken) ?? {} },
  };
}

/** The text of a record, without what its access token says anyway. */
export function stringifyGrantRecord(record: GrantRecord): string {
  const { unread, ...known } = record;
  const { claims: _said, ...tokens } = record.tokens;
  const isSaid = readClaims(tokens.accessToken) !== undefined;
  return JSON.stringify({ ...unread, ...known, tokens: isSaid ? tokens : record.tokens });
}

function readClaims(accessToken: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return decodeJwt(accessToken);
  } catch {
    return undefined;
  }
}
