/**
 * Sealing records again under the newest storage key, while the server goes on. A stored record
 * goes in; it comes out with the same words and the same end of life. A grant is changed under its
 * hold, as by every request.
 */
import * as z from "zod";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import type { Vault } from "../storage/vault.ts";
import { listConnections, writeConnection } from "./connections.ts";
import type { GrantRef } from "./grant.ts";
import { holdGrant } from "./holding.ts";
import { grantName, readGrant, recordName } from "./record.ts";

/** What a walk over the store meets, as far as it can outlive a key. */
export type Found = { readonly grant: GrantRef } | { readonly clientId: string };

const grantSchema = z.object({ userId: z.string(), grantId: z.string(), proofKey: z.string() });
const providerGrantSchema = z.object({
  userId: z.string(),
  id: z.string(),
  encryptedProps: z.string(),
});
const clientSchema = z.object({ clientId: z.string(), redirectUris: z.array(z.string()) });

/** What a record is, by its shape; undefined for what ends within minutes anyway. */
export function recognize(text: string): Found | undefined {
  const json = parseJson(text);
  const grant = grantSchema.safeParse(json).data;
  if (grant !== undefined) return { grant };
  const theirs = providerGrantSchema.safeParse(json).data;
  if (theirs !== undefined) return { grant: { userId: theirs.userId, grantId: theirs.id } };
  const client = clientSchema.safeParse(json).data;
  return client === undefined ? undefined : { clientId: client.clientId };
}

/**
 * Seals a grant's two records and its entry among the connections again. Does nothing when it has
 * ended.
 */
export async function resealGrant(work: UnitOfWork, grant: GrantRef, now: number): Promise<void> {
  const names = [grantName(grant), recordName(grant)];
  await holdGrant(work, grant, { names, isSettled: async () => !work.hasRead(recordName(grant)) });
  const record = await readGrant(work, grant);
  const theirs = await work.get(grantName(grant));
  const ttlSeconds = (record?.expiresAt ?? 0) - now;
  if (record !== undefined && theirs !== undefined && ttlSeconds > 0) {
    work.replace(grantName(grant), theirs, ttlSeconds);
    work.replace(recordName(grant), JSON.stringify(record), ttlSeconds);
    const connections = await listConnections(work, grant.userId);
    const own = connections.find(({ grantId }) => grantId === grant.grantId);
    if (own !== undefined) writeConnection(work, grant, own);
  }
  await work.commit();
}

/** Seals a client's registration again. */
export async function resealClient(
  work: UnitOfWork,
  vault: Vault,
  clientId: string,
): Promise<void> {
  const name = `client:${clientId}`;
  const text = await work.get(name);
  const [secondsLeft] = await vault.redis.transact(
    [{ do: "secondsLeft", key: await vault.keyOf(name) }],
    { repeatable: true },
  );
  if (text === undefined || typeof secondsLeft !== "number" || secondsLeft <= 0) return;
  work.put(name, text, secondsLeft);
  await work.commit();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
