/**
 * The keys that machines publish for their assertions (RFC 7517, `jwks_uri`). The address that the
 * operator has written down goes in, never one that a caller names; public keys come out, remembered,
 * and asked for again when a signature fits none of them, at most twice a minute.
 */
import type { JWK } from "jose";
import * as z from "zod";
import { Refusal } from "../errors.ts";
import { type KeyedMachine, publicKey } from "../variables.ts";
import { createPublishedDocument, type PublishedDocument } from "./published-document.ts";
import { createUpstreamFetch, type Outward, type UpstreamFetch } from "./upstream-fetch.ts";

const MOST_KEYS = 10;

const keySetSchema = z.object({ keys: z.array(z.unknown()) });

/** By the ids of those machines that publish theirs. Nothing is asked of anybody yet. */
export function createMachineKeys(
  machines: readonly KeyedMachine[],
  outward: Outward,
): ReadonlyMap<string, PublishedDocument<readonly JWK[]>> {
  const send = createUpstreamFetch(outward);
  return new Map(
    machines.flatMap(({ client_id: id, jwks_uri: uri }) =>
      uri === undefined
        ? []
        : [[id, createPublishedDocument(() => loadKeys(uri, send), outward.now)] as const],
    ),
  );
}

/** Refuses with `identity_unavailable` when there are none: that is not the fault of who asks. */
async function loadKeys(uri: string, send: UpstreamFetch): Promise<readonly JWK[]> {
  const headers = { Accept: "application/jwk-set+json, application/json" };
  const response = await send(uri, { method: "GET", headers });
  const document: unknown = response.ok ? await response.json().catch(() => undefined) : undefined;
  const keys = readPublishedKeys(document);
  if (keys.length === 0)
    throw new Refusal("identity_unavailable", {
      facts: { check: "jwks_uri", upstreamStatus: response.status },
    });
  return keys;
}

/** The public keys of a set; what is not understood is passed over (RFC 7517 §5). Pure. */
export function readPublishedKeys(document: unknown): readonly JWK[] {
  const found = keySetSchema.safeParse(document).data?.keys ?? [];
  return found.flatMap((key) => publicKey.safeParse(key).data ?? []).slice(0, MOST_KEYS);
}
