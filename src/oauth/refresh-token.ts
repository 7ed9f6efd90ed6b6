/**
 * Our refresh tokens and codes as texts. The provider library makes `user:grant:secret`; a refresh
 * token gets a proof behind it, so that we can tell one of ours, however old, from an invented one.
 * Pure but for the HMAC.
 */
import { base64url } from "jose";
import type { GrantRef } from "../grants/grant.ts";
import type { Superseded } from "../grants/record.ts";
import { importSigningKey, isSameText, signText } from "../keys.ts";

/** A refresh token as its client holds it, taken apart. */
export interface PresentedRefreshToken {
  /** What the provider library made and expects. */
  readonly inner: string;
  readonly proof: string;
  /** What it says of itself (refresh-hint.ts). */
  readonly hint: string | undefined;
  readonly grant: GrantRef;
}

/** What a grant knows of its refresh tokens. */
export interface KnownRefreshTokens {
  /** The hash of the current one. */
  readonly currentId: string | undefined;
  /** Those used before, the newest first. */
  readonly superseded: readonly Superseded[];
  /** From where the current one has been used so far. */
  readonly places: readonly string[];
}

/** Who presents a token: whence, when, and how long windows of one client may stay behind. */
interface Presenter {
  readonly place: string;
  /** Epoch seconds. */
  readonly now: number;
  readonly reuseSeconds: number;
}

/**
 * What a refresh token is: the current one; one that was used before, by another window of the same
 * client (`sibling`) or by who should not have it (`reused`); or none of ours.
 */
export type RefreshTokenVerdict = "current" | "sibling" | "reused" | "unknown";

/**
 * Judges a refresh token. RFC 9700 §4.14.2: reuse of a superseded token ends the grant, unless its
 * presenter is where the superseder was, or both were at places that this grant knew before. Then
 * they are windows of one client, each with its own copy of the token. A thief who was first has
 * made a place known that was not known before. Pure.
 */
export function judgeRefreshToken(
  token: { readonly id: string; readonly isProven: boolean },
  known: KnownRefreshTokens,
  { place, now, reuseSeconds }: Presenter,
): RefreshTokenVerdict {
  if (!token.isProven) return "unknown";
  if (token.id === known.currentId) return "current";
  const use = findSuperseded(token.id, known.superseded);
  if (use === undefined || now - use.at >= reuseSeconds) return "reused";
  const isBesideSuperseder = use.place === place;
  const wereBothKnown = !use.wasNew && known.places.includes(place);
  return isBesideSuperseder || wereBothKnown ? "sibling" : "reused";
}

/** When and from where a token was superseded, if the grant remembers. */
export function findSuperseded(
  id: string,
  superseded: readonly Superseded[],
): Superseded | undefined {
  return superseded.find((use) => use.id === id.slice(0, REMEMBERED_CHARACTERS));
}

/** How many used tokens a grant remembers, and how many places. */
const MOST_SUPERSEDED = 32;
const MOST_PLACES = 8;

/** Enough of a hash to know a proven token again. */
const REMEMBERED_CHARACTERS = 16;

/** What a grant knows after a token was used at a place (epoch seconds). */
export function supersede(
  known: Pick<KnownRefreshTokens, "superseded" | "places">,
  use: { readonly id: string; readonly place: string; readonly at: number },
): Pick<KnownRefreshTokens, "superseded" | "places"> {
  const wasNew = !known.places.includes(use.place);
  const remembered = { ...use, id: use.id.slice(0, REMEMBERED_CHARACTERS), wasNew };
  return {
    superseded: [remembered, ...known.superseded].slice(0, MOST_SUPERSEDED),
    places: [use.place, ...known.places.filter((place) => place !== use.place)].slice(
      0,
      MOST_PLACES,
    ),
  };
}

/** The grant that a code or token of the library names, without looking whether it exists. */
export function readGrantRef(token: string): GrantRef | undefined {
  const [, userId, grantId] = /^([\w-]{1,64}):([\w-]{1,64}):[\w-]{1,128}$/.exec(token) ?? [];
  return userId === undefined || grantId === undefined ? undefined : { userId, grantId };
}

/** Takes a presented refresh token apart; undefined when it cannot be one of ours. */
export function readRefreshToken(token: string): PresentedRefreshToken | undefined {
  const [, inner, proof, hint] =
    /^([\w:-]{1,256})\.([\w-]{43})(?:\.([\w.-]{1,256}))?$/.exec(token) ?? [];
  const grant = inner === undefined ? undefined : readGrantRef(inner);
  return inner === undefined || proof === undefined || grant === undefined
    ? undefined
    : { inner, proof, grant, hint };
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
