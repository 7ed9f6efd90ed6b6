/**
 * The identity provider's signing keys (RFC 7517). The address of the key set goes in; public RSA
 * keys come out. A symmetric key, an encryption key or a key we cannot read is never used.
 */
import { createLocalJWKSet, errors, type JWTVerifyGetKey, type LocalJWKSet } from "jose";
import * as z from "zod";
import { Refusal } from "../errors.ts";
import type { PublishedDocument } from "./published-document.ts";
import type { UpstreamFetch } from "./upstream-fetch.ts";

const keySetSchema = z.object({ keys: z.array(z.unknown()) });

const rsaKeySchema = z.object({
  kty: z.literal("RSA"),
  n: z.string(),
  e: z.string(),
  kid: z.string().exactOptional(),
  alg: z.string().exactOptional(),
  use: z.literal("sig").exactOptional(),
  key_ops: z.array(z.string()).exactOptional(),
});

/**
 * Asks for the key set. Refuses with `identity_token_invalid` when it holds no key we could verify
 * with, as `UpstreamFetch` does when it cannot be had.
 */
export async function loadKeySet(uri: string, send: UpstreamFetch): Promise<LocalJWKSet> {
  const response = await send(uri, {
    method: "GET",
    headers: { Accept: "application/jwk-set+json, application/json" },
  });
  const document: unknown = response.ok ? await response.json().catch(() => undefined) : undefined;
  const keys = readSigningKeys(document);
  if (keys.length === 0)
    throw new Refusal("identity_token_invalid", {
      cause: new Error("no usable key"),
      facts: { check: "key_set", upstreamStatus: response.status },
    });
  return createLocalJWKSet({ keys });
}

/** The public RSA signing keys of a key set (RFC 7517 §5: what is not understood is ignored). */
export function readSigningKeys(document: unknown): z.infer<typeof rsaKeySchema>[] {
  const keys = keySetSchema.safeParse(document).data?.keys ?? [];
  return keys.flatMap((key) => rsaKeySchema.safeParse(key).data ?? []);
}

/**
 * Finds the key that a token's header names; a name that is unknown is worth one look at the
 * current key set.
 */
export function createKeyFinder(keySet: PublishedDocument<LocalJWKSet>): JWTVerifyGetKey {
  return async function findKey(header, token) {
    const known = await keySet.read();
    return known(header, token).catch(async (error: unknown) => {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const current = await keySet.reread();
      return current(header, token);
    });
  };
}
