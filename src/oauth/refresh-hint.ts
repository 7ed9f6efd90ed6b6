/**
 * What a refresh token says of itself: of which generation of its grant it is, and when Auth0's
 * tokens will be due for renewal. Signed with the operator's key for one public client, so that its
 * holder is known before the store is asked, and the hold for a renewal is taken in the trip that
 * reads. It opens nothing: the token is judged by its grant all the same.
 */
import type { SigningKeys } from "../grants/access-token.ts";
import { isSameText, signText } from "../keys.ts";

export interface RefreshHint {
  readonly generation: number;
  /** From when on a refresh renews Auth0's tokens too; epoch seconds. */
  readonly renewalAt: number;
}

/** The token of the provider library that a hint belongs to, and its client. */
export interface HintedToken {
  readonly inner: string;
  readonly clientId: string;
}

const HINT = /^([\w-]{8})-([0-9a-z]{1,8})-([0-9a-z]{1,8})-([\w-]{22})$/;
/** How a later version of us writes its own. */
const LATER = /^[2-9]\.[\w.-]+$/;
const MAC_CHARACTERS = 22;

/** Writes a hint, signed with the first key of the ring. */
export async function writeHint(
  token: HintedToken,
  hint: RefreshHint,
  [signer]: SigningKeys,
): Promise<string> {
  const [generation, renewalAt] = [hint.generation.toString(36), hint.renewalAt.toString(36)];
  return `${signer.kid}-${generation}-${renewalAt}-${await macOf(token, hint, signer.key)}`;
}

/**
 * Reads a hint: what it says; "unsigned" when none of our keys of today signed it or another version
 * of us wrote it in its own way, which says nothing against the token; or "forged".
 */
export async function readHint(
  token: HintedToken,
  text: string,
  keys: SigningKeys,
): Promise<RefreshHint | "unsigned" | "forged"> {
  const [, kid, generation = "", renewalAt = "", mac = ""] = HINT.exec(text) ?? [];
  if (kid === undefined) return LATER.test(text) ? "unsigned" : "forged";
  const key = keys.find((one) => one.kid === kid)?.key;
  if (key === undefined) return "unsigned";
  const hint = {
    generation: Number.parseInt(generation, 36),
    renewalAt: Number.parseInt(renewalAt, 36),
  };
  return isSameText(mac, await macOf(token, hint, key)) ? hint : "forged";
}

async function macOf(
  { inner, clientId }: HintedToken,
  { generation, renewalAt }: RefreshHint,
  key: CryptoKey,
): Promise<string> {
  const text = `${inner}\n${clientId}\n${generation}\n${renewalAt}`;
  return (await signText(text, key)).slice(0, MAC_CHARACTERS);
}
