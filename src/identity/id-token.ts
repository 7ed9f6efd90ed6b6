/**
 * The ID token: who signed in. A token whose claims oauth4webapi has validated (nonce, max_age)
 * goes in; its signature and bindings are judged here, and the profile is read from it.
 */
import { base64url, type JWTVerifyGetKey } from "jose";
import * as z from "zod";
import { isForOrganization } from "./organization.ts";
import {
  type Expectations,
  type SignedClaims,
  tokenInvalid,
  verifySignedToken,
} from "./signed-token.ts";

/** A token response and the code it was redeemed with. */
interface Redeemed {
  readonly id_token?: string;
  readonly access_token: string;
  /** None at a renewal. */
  readonly code: string | undefined;
}

/** Claims about the token and the session rather than the person. */
const PROTOCOL_CLAIMS = new Set([
  "iss",
  "aud",
  "exp",
  "iat",
  "nbf",
  "jti",
  "azp",
  "nonce",
  "at_hash",
  "c_hash",
  "s_hash",
  "sid",
  "auth_time",
  "acr",
  "amr",
]);

/**
 * Verifies an ID token (OIDC Core §3.1.3.7) and its hashes. Refuses with `identity_token_invalid`.
 */
export async function verifyIdToken(
  { id_token: idToken, access_token: accessToken, code }: Redeemed,
  findKey: JWTVerifyGetKey,
  expected: Expectations,
): Promise<SignedClaims> {
  const refused = (check: string) => tokenInvalid(check, { judged: "id_token" });
  if (idToken === undefined) throw refused("missing");
  const { claims } = await verifySignedToken(idToken, findKey, {
    ...expected,
    audience: expected.clientId,
    judged: "id_token",
  });
  if ((claims["azp"] ?? expected.clientId) !== expected.clientId) throw refused("azp");
  if (!isForOrganization(claims, expected.organization)) throw refused("organization");
  if (!(await matchesHash(claims["at_hash"], accessToken))) throw refused("at_hash");
  if (code !== undefined && !(await matchesHash(claims["c_hash"], code))) throw refused("c_hash");
  return claims;
}

/** What the claims tell about the person. */
export function readProfile(
  claims: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !PROTOCOL_CLAIMS.has(name)));
}

const signInSchema = z.object({
  auth_time: z.number().int().positive().optional().catch(undefined),
  amr: z.array(z.string()).catch([]),
});

/**
 * When the person signed in, and whether with a second factor (OIDC Core §2: `auth_time`; RFC 8176
 * §2: `mfa`). What the provider does not say is not known, and nothing lies ahead.
 */
export function readSignIn(
  claims: Readonly<Record<string, unknown>>,
  now: number,
): { readonly at?: number; readonly mfaAt?: number } {
  const { auth_time: time, amr } = signInSchema.parse(claims);
  if (time === undefined) return {};
  const at = Math.min(Math.floor(time), now);
  return { at, ...(amr.includes("mfa") ? { mfaAt: at } : {}) };
}

/**
 * A hash claim is optional here; one that is sent must be the left half of the value's SHA-256
 * (OIDC Core §3.1.3.6, §3.3.2.11).
 */
export async function matchesHash(claim: unknown, value: string): Promise<boolean> {
  if (claim === undefined) return true;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(value));
  return claim === base64url.encode(new Uint8Array(digest, 0, 16));
}
