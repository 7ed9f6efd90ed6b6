/**
 * What we keep about a grant beside the provider library's own record: the identity provider's
 * tokens and what the person granted. Texts of the store go in and out, parsed once. Names of
 * records are made here and nowhere else.
 */
import * as z from "zod";
import { Refusal } from "../errors.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import type { FieldPlace } from "../storage/write.ts";
import type { GrantRef } from "./grant.ts";

const claims = z.record(z.string(), z.unknown()).readonly();

const tokensSchema = z
  .object({
    accessToken: z.string(),
    claims,
    expiresAt: z.int(),
    issuedAt: z.int(),
    refreshToken: z.string().exactOptional(),
    permissions: z.array(z.string()).readonly(),
  })
  .readonly();

const grantRecordSchema = z
  .object({
    userId: z.string(),
    grantId: z.string(),
    clientId: z.string(),
    clientName: z.string(),
    /** The session at the identity provider, hashed; for back-channel logout. */
    sessionId: z.string().exactOptional(),
    profile: claims,
    tokens: tokensSchema,
    /** Which permissions the person granted this client: those named, or whatever they hold. */
    granted: z.union([z.literal("all"), z.array(z.string()).readonly()]),
    /**
     * Proves that a refresh token was issued by us for this grant, however old it is. base64url, 32
     * bytes.
     */
    proofKey: z.string(),
    /**
     * To which kind of client the newest tokens went, and when: who uses an older one may be
     * another.
     */
    lastIssue: z.object({ clientFamily: z.string(), at: z.int() }).readonly().exactOptional(),
    createdAt: z.int(),
    /** When the grant ends unless it is refreshed; epoch seconds. */
    expiresAt: z.int(),
  })
  .readonly();

export type GrantRecord = z.infer<typeof grantRecordSchema>;

/** The provider library's record of a client; none for a client that did not name itself. */
export function registrationNames(clientId: string | undefined): readonly string[] {
  return clientId === undefined ? [] : [`client:${clientId}`];
}

/** The provider library's record of a grant. */
export function grantName({ userId, grantId }: GrantRef): string {
  return `grant:${userId}:${grantId}`;
}

/** Our record of a grant. It lives and dies with the library's. */
export function recordName({ userId, grantId }: GrantRef): string {
  return `upstream:${userId}:${grantId}`;
}

/** The name on which the one request that changes a grant takes a hold. */
export function holdName({ userId, grantId }: GrantRef): string {
  return `hold:${userId}:${grantId}`;
}

/** The answer to a grant's latest refresh, kept for the client that did not get it. */
export function rotationName({ userId, grantId }: GrantRef): string {
  return `rotation:${userId}:${grantId}`;
}

/** The collection of one person's grants. */
export function connectionsName(userId: string): string {
  return `connections:${userId}`;
}

/** A grant's entry among them. */
export function placeOf({ userId, grantId }: GrantRef): FieldPlace {
  return { collection: connectionsName(userId), field: grantId };
}

/** Reads `grant:user:id`; undefined for any other name. */
export function parseGrantName(name: string): GrantRef | undefined {
  const [, userId, grantId] = /^grant:([^:]+):([^:]+)$/.exec(name) ?? [];
  return userId === undefined || grantId === undefined ? undefined : { userId, grantId };
}

/** Reads a grant's record through the unit of work; undefined when the grant is over. */
export async function readGrant(
  work: UnitOfWork,
  grant: GrantRef,
): Promise<GrantRecord | undefined> {
  const text = await work.get(recordName(grant));
  return text === undefined ? undefined : parseGrantRecord(text);
}

/**
 * Parses a stored record. A text that opened but has another shape was written by another version
 * of us: the session is kept and the request is refused, rather than the other way round.
 */
export function parseGrantRecord(text: string): GrantRecord {
  const record = grantRecordSchema.safeParse(JSON.parse(text));
  if (!record.success) throw new Refusal("store_answer_invalid");
  return record.data;
}

/** Ends a grant: its records and its place among the person's connections go in one step. */
export function endGrant(work: UnitOfWork, grant: GrantRef): void {
  work.delete(grantName(grant));
  work.delete(recordName(grant));
  work.delete(rotationName(grant));
  work.deleteField(placeOf(grant));
}
