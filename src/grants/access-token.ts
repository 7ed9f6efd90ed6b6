/**
 * Our access tokens: signed JWTs (RFC 9068 profile, HS256). Claims and a key ring go in, a token
 * comes out, and the other way round. No store, no clock. Auth0's tokens are never inside.
 */
import { compactVerify, decodeProtectedHeader, errors, jwtVerify, SignJWT } from "jose";
import * as z from "zod";
import type { GrantRef } from "./grant.ts";

/** What every client may ask for: who the person is. The minimal set of our challenges. */
export const BASE_SCOPES: readonly string[] = ["openid", "profile", "email"];

const claimsSchema = z.object({
  iss: z.string(),
  aud: z.string(),
  sub: z.string(),
  /** Whom it speaks for; a token from before machines could come speaks for a person. */
  kind: z.enum(["person", "machine"]).default("person"),
  client_id: z.string(),
  /** Space-separated scopes that were granted to this client and are no permissions. */
  scope: z.string(),
  /**
   * Permissions as bits (permission-index.ts): what the person holds at the identity provider, as
   * far as some tool of ours asks for it, and what of it this client was granted. `list` names the
   * list the bits are of; `narrowed` says that the client asked for less than its grant allows.
   */
  permissions: z.object({
    list: z.string(),
    held: z.string(),
    granted: z.string(),
    narrowed: z.literal(true).exactOptional(),
    /** Tools that change something and came after the person's yes: they ask again. */
    withheld: z.array(z.string()).readonly().exactOptional(),
    /** Those of `granted` that are so until then only: bits and epoch seconds. */
    limited: z.object({ bits: z.string(), until: z.int() }).exactOptional(),
  }),
  /** Something was switched off when it was issued: whoever judges it listens first. */
  off: z.literal(true).exactOptional(),
  /** When the person signed in (RFC 9068 §2.2.1), and when with a second factor; epoch seconds. */
  auth_time: z.int().exactOptional(),
  mfa_time: z.int().exactOptional(),
  iat: z.int(),
  exp: z.int(),
  jti: z.string(),
  grant_id: z.string(),
  /** The hashed name of the grant's records: what a feed of ended grants names it by. */
  grant_record: z.string(),
});

/** What names the grant of a token, whichever version of us wrote it. */
const namingSchema = claimsSchema.pick({ sub: true, grant_id: true });

export type AccessTokenClaims = z.output<typeof claimsSchema>;

/** Who calls: somebody who signed in, or a machine with credentials of its own. */
export type CallerKind = AccessTokenClaims["kind"];

/** An imported signing key and the `kid` that names it. */
export interface SigningKey {
  readonly kid: string;
  readonly key: CryptoKey;
}

/** The first key signs, every key verifies. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]];

/** A longer bearer token than any we issue is refused before any cryptography. */
const LONGEST_TOKEN_CHARACTERS = 8192;

/** Signs an access token with the first key of the ring. */
export function signAccessToken(
  claims: z.input<typeof claimsSchema>,
  [signer]: SigningKeys,
): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid: signer.kid })
    .sign(signer.key);
}

/** Why an access token is not accepted; `expired` is the only one an honest client meets. */
export type AccessTokenProblem = "malformed" | "unknown_key" | "newer" | "expired" | "invalid";

/**
 * Judges a presented access token: our signature, issuer, audience, type and lifetime (RFC 9068 §4,
 * RFC 8725 §3.1). `now` is in epoch seconds; expiry has no tolerance, since we issued it by the
 * same clock.
 */
export async function verifyAccessToken(
  token: string,
  expected: { readonly issuer: string; readonly resource: string; readonly now: number },
  keys: SigningKeys,
): Promise<AccessTokenClaims | AccessTokenProblem> {
  if (token.length > LONGEST_TOKEN_CHARACTERS) return "malformed";
  const key = findKey(token, keys);
  if (typeof key === "string") return key;
  try {
    const { payload } = await jwtVerify(token, key.key, {
      algorithms: ["HS256"],
      typ: "at+jwt",
      issuer: expected.issuer,
      audience: expected.resource,
      requiredClaims: ["exp", "iat", "jti"],
      currentDate: new Date(expected.now * 1000),
    });
    // Signed by us, and nothing that this version writes: another one does.
    return claimsSchema.safeParse(payload).data ?? "newer";
  } catch (error) {
    return error instanceof errors.JWTExpired ? "expired" : "invalid";
  }
}

/** The grant that an access token of ours names, even when its life is over: for its revocation. */
export async function readAccessToken(
  token: string,
  keys: SigningKeys,
): Promise<GrantRef | undefined> {
  const key = token.length > LONGEST_TOKEN_CHARACTERS ? "malformed" : findKey(token, keys);
  if (typeof key === "string") return undefined;
  try {
    const { payload } = await compactVerify(token, key.key, { algorithms: ["HS256"] });
    const claims = namingSchema.safeParse(JSON.parse(new TextDecoder().decode(payload))).data;
    return claims === undefined ? undefined : { userId: claims.sub, grantId: claims.grant_id };
  } catch {
    return undefined;
  }
}

/**
 * `kid` chooses among our own keys only; `jwk`, `jku` and `x5u` headers are never read (RFC 8725
 * §3.10). A header like ours that names no key of ours may be that of another version of us.
 */
function findKey(token: string, keys: SigningKeys): SigningKey | "malformed" | "unknown_key" {
  try {
    const { alg, typ, kid } = decodeProtectedHeader(token);
    const isLikeOurs = alg === "HS256" && typ === "at+jwt" && /^[\w-]{8}$/.test(kid ?? "");
    return keys.find((key) => key.kid === kid) ?? (isLikeOurs ? "unknown_key" : "malformed");
  } catch {
    return "malformed";
  }
}
