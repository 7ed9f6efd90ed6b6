/**
 * Where a token request comes from, as far as one place is told from another: network, country and
 * kind of client. They go in, a keyed hash comes out, which tells nothing to who has only the store.
 */
import { base64url } from "jose";
import { importSigningKey, signText } from "../keys.ts";
import type { TokenRequest } from "./token-request.ts";

/** Enough to tell a handful of places apart. */
const PLACE_CHARACTERS = 12;

/** The place of a request, hashed under the grant's own key (base64url). */
export async function placeOf({ network }: TokenRequest, proofKey: string): Promise<string> {
  const key = await importSigningKey(Uint8Array.from(base64url.decode(proofKey)));
  const { autonomousSystem, country, clientFamily } = network;
  const text = `place\n${autonomousSystem}\n${country}\n${clientFamily}`;
  return (await signText(text, key)).slice(0, PLACE_CHARACTERS);
}
