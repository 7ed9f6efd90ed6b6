/**
 * Our refresh tokens and codes as texts. The provider library makes `user:grant:secret`; a refresh
 * token gets a proof behind it, so that we can tell one of ours, however old, from an invented one.
 * Pure but for the HMAC.
 */
import { base64url } from "jose";
import type { GrantRef } from "../grants/grant.ts";
import { importSigningKey, isSameText, signText } from "../keys.ts";

/** A refresh token as its client holds it, taken apart. */
export interface PresentedRefreshToken {
  /** What the provider library made and expects. */
  readonly inner: string;
  readonly proof: string;
  readonly grant: GrantRef;
}

/** What the library keeps of a grant's newest refresh token: its hash. */
export interface RefreshTokenIds {
  readonly refreshTokenId?: string | undefined;
}

/**
 * What a refresh token is (RFC 9700 §4.14.2): the current one; one that was used before (so its use
 * now is theft, or a client that keeps old ones); or none of ours.
 */
export type RefreshTokenVerdict = "current" | "reused" | "unknown";

/** Judges a refresh token by its hash, its proof and what the grant knows. Pure. */
export function judgeRefreshToken(
  token: { readonly id: string; readonly isProven: boolean },
  grant: RefreshTokenIds | undefined,
): RefreshTokenVerdict {
  if (grant === undefined || !token.isProven) return "unknown";
  return token.id === grant.refreshTokenId ? "current" : "reused";
}

/** The grant that a code or token of the library names, without looking whether it exists. */
export function readGrantRef(token: string): GrantRef | undefined {
  const [, userId, grantId] = /^([\w-]{1,64}):([\w-]{1,64}):[\w-]{1,128}$/.exec(token) ?? [];
  return userId === undefined || grantId === undefined ? undefined : { userId, grantId };
}

/** Takes a presented refresh token apart; undefined when it cannot be one of ours. */
export function readRefreshToken(token: string): PresentedRefreshToken | undefined {
  const [, inner, proof] = /^([\w:-]{1,256})\.([\w-]{43})$/.exec(token) ?? [];
  const grant = inner === undefined ? undefined : readGrantRef(inner);
  return inner === undefined || proof === undefined || grant === undefined
    ? undefined
    : { inner, proof, grant };
}

/** Puts the proof behind the library's refresh token. `proofKey` is the grant's own, base64url. */
export async function proveRefreshToken(inner: string, proofKey: string): Promise<string> {
  return `${inner}.${await proofOf(inner, proofKey)}`;
}

/** Whether we issued this refresh token for this grant, at whatever time. */
export async function isProven(
  { inner, proof }: PresentedRefreshToken,
  proofKey: string,
): Promise<boolean> {
  return isSameText(proof, await proofOf(inner, proofKey));
}

/** The hash by which the library knows a token: SHA-256, hexadecimal. */
export async function hashToken(inner: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(inner));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function proofOf(inner: string, proofKey: string): Promise<string> {
  return signText(inner, await importSigningKey(Uint8Array.from(base64url.decode(proofKey))));
}
