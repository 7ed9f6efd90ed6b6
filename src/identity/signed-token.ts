/**
 * A JWT signed by the identity provider. The token, a way to find keys and what it must say go in;
 * its claims come out, or a Refusal. Never a symmetric or absent signature, never a claim read
 * before the signature holds.
 */
import { errors, jwtVerify, type JWTVerifyGetKey } from "jose";
import * as z from "zod";
import { addFacts, type Facts, Refusal } from "../errors.ts";
import type { Dialect } from "./dialect.ts";

/** Public-key signatures only (RFC 8725 §3.1); RSA is what Auth0 offers. */
export const ALGORITHMS = ["RS256", "PS256"] as const;

/** How far the provider's clock and ours may differ. */
export const CLOCK_TOLERANCE_SECONDS = 60;

/** A thousand permissions of 280 characters, the most that an API of Auth0's can have, fit in. */
const LONGEST_TOKEN_CHARACTERS = 512 * 1024;

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
  readonly dialect: Dialect;
  /** Epoch seconds. */
  readonly now: number;
}

/** Which token of a response is judged, as the log calls it. */
export type Judged = "id_token" | "access_token" | "id_jag" | "logout_token" | "userinfo";

/**
 * Verifies signature, issuer, audience and life (RFC 7519 §4.1, RFC 8725 §3); `sub`, `iat` and
 * `exp` must be there, and `crit` must not. Refuses with `identity_token_invalid`, or as `findKey`
 * does. `typ` is the caller's to judge.
 */
export async function verifySignedToken(
  token: string,
  findKey: JWTVerifyGetKey,
  expected: Pick<Expectations, "issuer" | "audience" | "now"> & { readonly judged: Judged },
): Promise<{ readonly claims: SignedClaims; readonly typ: string | undefined }> {
  const { now, judged } = expected;
  if (token.length > LONGEST_TOKEN_CHARACTERS) throw tokenInvalid("too_long", { judged });
  const { payload, protectedHeader } = await jwtVerify(token, findKey, {
    algorithms: [...ALGORITHMS],
    issuer: expected.issuer,
    audience: expected.audience,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    currentDate: new Date(now * 1000),
  }).catch((error: unknown) => refuseToken(error, now, judged));
  const claims = claimsSchema.safeParse(payload).data;
  if (claims === undefined) throw tokenInvalid("claim_missing", { judged });
  const aheadSeconds = Math.round(claims.iat - now);
  if (aheadSeconds > CLOCK_TOLERANCE_SECONDS)
    throw tokenInvalid("iat", { judged, secondsOff: aheadSeconds });
  return { claims, typ: protectedHeader.typ };
}

/** `check` is ours, for the log: which check failed. Nothing of the token belongs in it. */
export function tokenInvalid(check: string, facts: Facts = {}): Refusal {
  return new Refusal("identity_token_invalid", {
    cause: new Error(check),
    facts: { ...facts, check },
  });
}

/** What a library says of a claim that failed, as far as the log may know it. */
const failedClaimSchema = z.object({
  claim: z.enum(["iss", "aud", "azp", "sub", "nonce", "c_hash", "exp", "iat", "nbf", "auth_time"]),
  payload: z.looseObject({}).optional().catch(undefined),
  claims: z.looseObject({}).optional().catch(undefined),
});

const TIMES: ReadonlySet<string> = new Set(["exp", "iat", "nbf", "auth_time"]);

/**
 * The claim that failed, and for one about time how far it is from our clock: minutes of it are a
 * clock that goes wrong. Undefined when no claim is to blame.
 */
export function failedClaimFacts(failure: unknown, now: number): Facts | undefined {
  const failed = failedClaimSchema.safeParse(failure).data;
  if (failed === undefined) return undefined;
  const value = (failed.payload ?? failed.claims)?.[failed.claim];
  return {
    check: failed.claim,
    ...(TIMES.has(failed.claim) && typeof value === "number"
      ? { secondsOff: Math.round(value - now) }
      : {}),
  };
}

/** jose's failures that are about no claim. */
const CHECKS: ReadonlyMap<string, string> = new Map([
  [errors.JWSSignatureVerificationFailed.code, "signature"],
  [errors.JWKSNoMatchingKey.code, "key_unknown"],
  [errors.JWKSMultipleMatchingKeys.code, "key_ambiguous"],
  [errors.JOSEAlgNotAllowed.code, "algorithm"],
  [errors.JOSENotSupported.code, "algorithm"],
]);

/** jose's errors carry the claims; only the name of the check goes on. */
function refuseToken(error: unknown, now: number, judged: Judged): never {
  if (error instanceof Refusal) throw addFacts(error, { judged });
  const facts = failedClaimFacts(error, now);
  const code = error instanceof errors.JOSEError ? error.code : "";
  const check = facts?.["check"] ?? CHECKS.get(code) ?? "malformed";
  throw tokenInvalid(String(check), { judged, ...facts });
}
