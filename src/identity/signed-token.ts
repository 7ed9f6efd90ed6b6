/**
 * A JWT signed by the identity provider. The token, a way to find keys and what it must say go in;
 * its claims come out, or a Refusal. Never a symmetric or absent signature, never a claim read
 * before the signature holds.
 */
import { errors, jwtVerify, type JWTVerifyGetKey } from "jose";
import * as z from "zod";
import { Refusal } from "../errors.ts";

/** Public-key signatures only (RFC 8725 §3.1); RSA is what Auth0 offers. */
export const ALGORITHMS = ["RS256", "PS256"] as const;

/** How far the provider's clock and ours may differ. */
export const CLOCK_TOLERANCE_SECONDS = 60;

const LONGEST_TOKEN_CHARACTERS = 16 * 1024;

const claimsSchema = z.looseObject({ sub: z.string().min(1), iat: z.number(), exp: z.number() });

/** Claims behind a signature that holds. */
export type SignedClaims = z.infer<typeof claimsSchema>;

/** What every token we accept must agree with. */
export interface Expectations {
  /** The issuer, as written in the metadata. */
  readonly issuer: string;
  /** Our client id at the provider. */
  readonly clientId: string;
  /** The identifier of our API at the provider. */
  readonly audience: string;
  readonly organization?: string;
  /** Epoch seconds. */
  readonly now: number;
}

/**
 * Verifies signature, issuer, audience and life (RFC 7519 §4.1, RFC 8725 §3); `sub`, `iat` and
 * `exp` must be there, and `crit` must not. Refuses with `identity_token_invalid`, or as `findKey`
 * does. `typ` is the caller's to judge.
 */
export async function verifySignedToken(
  token: string,
  findKey: JWTVerifyGetKey,
  expected: Pick<Expectations, "issuer" | "audience" | "now">,
): Promise<{ readonly claims: SignedClaims; readonly typ: string | undefined }> {
  if (token.length > LONGEST_TOKEN_CHARACTERS) throw tokenInvalid("token too long");
  const { payload, protectedHeader } = await jwtVerify(token, findKey, {
    algorithms: [...ALGORITHMS],
    issuer: expected.issuer,
    audience: expected.audience,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    currentDate: new Date(expected.now * 1000),
  }).catch(refuseToken);
  const claims = claimsSchema.safeParse(payload).data;
  if (claims === undefined) throw tokenInvalid("claim missing");
  if (claims.iat > expected.now + CLOCK_TOLERANCE_SECONDS)
    throw tokenInvalid("issued in the future");
  return { claims, typ: protectedHeader.typ };
}

/** `detail` is ours, for the log; nothing of the token belongs in it. */
export function tokenInvalid(detail: string): Refusal {
  return new Refusal("identity_token_invalid", { cause: new Error(detail) });
}

/** jose's errors carry the claims; only their constant code goes on. */
function refuseToken(error: unknown): never {
  if (error instanceof Refusal) throw error;
  throw tokenInvalid(error instanceof errors.JOSEError ? error.code : "key or token malformed");
}
