/**
 * Everything in the store, kind by kind. The parts go in; grants and clients come out, one after the
 * other, while the server goes on. Tokens are never part of what comes out.
 */
import * as z from "zod";
import { type GrantRecord, parseGrantRecord } from "../../src/grants/record.ts";
import { openCollection } from "../../src/storage/entry.ts";
import { walkKeys } from "../../src/storage/redis.ts";
import type { OperatorParts } from "./parts.ts";

/** What an operator sees of a grant. */
export interface GrantSummary {
  readonly kind: GrantRecord["kind"];
  readonly userId: string;
  readonly grantId: string;
  readonly clientId: string;
  readonly clientName: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly scopes: readonly string[];
  /** Held at the provider, and granted to the client. */
  readonly held: readonly string[];
  readonly granted: GrantRecord["granted"];
}

/** A grant as it stands, with what is needed to end it. */
export interface FoundGrant {
  readonly summary: GrantSummary;
  readonly generation: number;
  readonly refreshToken: string | undefined;
}

export interface ClientSummary {
  readonly clientId: string;
  readonly clientName: string;
  readonly redirectUris: readonly string[];
}

const grantTextSchema = z.looseObject({ grantId: z.string(), provider: z.string() });
const clientSchema = z.looseObject({
  clientId: z.string(),
  clientName: z.string().optional(),
  redirectUris: z.array(z.string()),
});

/** Every grant that lives. */
export async function* walkGrants({ auth, vault, now }: OperatorParts): AsyncGenerator<FoundGrant> {
  const { store } = auth;
  for await (const keys of walkKeys(store, { prefix: store.prefix, type: "hash" })) {
    const replies = await vault.redis.transact(
      keys.map((key) => ({ do: "getFields", key }) as const),
      { isPatient: true },
    );
    for (const [index, key] of keys.entries()) {
      const { entries } = await openCollection(vault, key, replies[index]);
      const found = entries.get("g");
      if (found?.state !== "current" || !isGrant(found.text)) continue;
      const record = parseGrantRecord(found.text);
      if (record.expiresAt > now()) yield summarize(record, found.generation);
    }
  }
}

/** Every client that registered itself. */
export async function* walkClients({ auth, vault }: OperatorParts): AsyncGenerator<ClientSummary> {
  const { store } = auth;
  for await (const keys of walkKeys(store, { prefix: store.prefix, type: "string" })) {
    const texts = keys.filter((key) => !key.startsWith(`${store.prefix}names:`));
    const replies = await vault.redis.transact(
      texts.map((key) => ({ do: "get", key }) as const),
      { isPatient: true },
    );
    for (const [index, key] of texts.entries()) {
      const reply = replies[index];
      const isSealed = typeof reply === "string" && reply.startsWith("v1.");
      // Its first line says when it ends.
      const [, text = ""] =
        /^\d+\n(.*)$/s.exec((isSealed && (await vault.open(reply, key))) || "") ?? [];
      const client = clientSchema.safeParse(parse(text)).data;
      if (client === undefined) continue;
      const { clientId, clientName = "", redirectUris } = client;
      yield { clientId, clientName, redirectUris };
    }
  }
}

function summarize(record: GrantRecord, generation: number): FoundGrant {
  const { kind, userId, grantId, clientId, clientName, createdAt, expiresAt, scopes, granted } =
    record;
  return {
    summary: {
      kind,
      userId,
      grantId,
      clientId,
      clientName,
      createdAt,
      expiresAt,
      scopes,
      held: record.tokens.permissions,
      granted,
    },
    generation,
    refreshToken: record.tokens.refreshToken,
  };
}

function isGrant(text: string): boolean {
  return grantTextSchema.safeParse(parse(text)).success;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
