/**
 * A client's assertion (RFC 7523 §2.2): what it signed with its own key to say who it is. The
 * assertion, its public keys and what it must say go in; what makes it one, or what is wrong with it,
 * comes out. Pure: that it counts once is for whoever can remember.
 */
import { errors, importJWK, type JWK, type JWTPayload, jwtVerify } from "jose";

/** As our metadata says. */
export const ASSERTION_ALGORITHMS = ["RS256", "ES256"] as const;

/** How far a client's clock and ours may differ. */
export const CLOCK_TOLERANCE_SECONDS = 60;

/** An assertion is made for one request; one that lives for long is a password. */
const LONGEST_LIFE_SECONDS = 3600;

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Of the type that is its own (draft-ietf-oauth-rfc7523bis), or of none; never another kind of JWT. */
const TYPES: ReadonlySet<string | undefined> = new Set([
  undefined,
  "JWT",
  "client-authentication+jwt",
]);

interface Expected {
  readonly clientId: string;
  readonly keys: readonly JWK[];
  readonly issuer: string;
  /** Epoch seconds. */
  readonly now: number;
}

/** The assertion of a token request; empty when there is none of its kind. */
export function readAssertion(form: URLSearchParams): string {
  const isOne = form.get("client_assertion_type") === ASSERTION_TYPE;
  return isOne ? (form.get("client_assertion") ?? "") : "";
}

/** Verifies it, with whichever of the client's keys fits; they need no names. */
export async function verifyAssertion(
  assertion: string,
  expected: Expected,
): Promise<{ readonly id: string; readonly expiresAt: number } | string> {
  let problem = "key";
  for (const key of expected.keys) {
    const verified = await verifyWith(assertion, key, expected);
    if (typeof verified !== "string") return judgeClaims(verified, expected);
    if (verified !== "signature") problem = verified;
  }
  return problem;
}

async function verifyWith(
  assertion: string,
  key: JWK,
  { clientId, now }: Expected,
): Promise<JWTPayload | string> {
  const algorithm = key.kty === "EC" ? "ES256" : "RS256";
  try {
    const { payload, protectedHeader } = await jwtVerify(
      assertion,
      await importJWK(key, algorithm),
      {
        algorithms: [algorithm],
        issuer: clientId,
        subject: clientId,
        requiredClaims: ["exp", "jti"],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(now * 1000),
      },
    );
    return TYPES.has(protectedHeader.typ) ? payload : "typ";
  } catch (error) {
    if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired)
      return error.claim;
    return error instanceof errors.JOSEError ? "signature" : "key";
  }
}

/**
 * It is for us alone, by our issuer's name (rfc7523bis: not an endpoint's); one slash at its end is a
 * spelling.
 */
function judgeClaims(
  { aud, exp = 0, iat = 0, jti = "" }: JWTPayload,
  { issuer, now }: Expected,
): { readonly id: string; readonly expiresAt: number } | string {
  const [audience, ...others] = [aud].flat();
  if (others.length > 0 || (audience !== issuer && audience !== `${issuer}/`)) return "aud";
  if (exp - now > LONGEST_LIFE_SECONDS) return "exp";
  if (iat - now > CLOCK_TOLERANCE_SECONDS) return "iat";
  return jti === "" || jti.length > 256 ? "jti" : { id: jti, expiresAt: exp };
}
