/**
 * Auth0's access token for our API, in both of its dialects (the default one and RFC 9068). A token
 * from the token endpoint goes in; verified claims and the person's permissions come out, or a
 * Refusal that names the dashboard switch to look at.
 */
import { decodeProtectedHeader, type JWTVerifyGetKey } from "jose";
import * as z from "zod";
import { type Reason, Refusal } from "../errors.ts";
import { isForOrganization } from "./organization.ts";
import {
  type Expectations,
  type SignedClaims,
  tokenInvalid,
  verifySignedToken,
} from "./signed-token.ts";

const permissionsSchema = z.array(z.string()).catch([]);

export interface VerifiedAccessToken {
  readonly claims: SignedClaims;
  readonly permissions: readonly string[];
}

/** Verifies an access token and reads its permissions. Refuses with an `identity_…` reason. */
export async function verifyAccessToken(
  token: string,
  findKey: JWTVerifyGetKey,
  expected: Expectations,
): Promise<VerifiedAccessToken> {
  const claims = await judgeBearer(token, findKey, expected);
  const permissions = expected.dialect.readPermissions(claims);
  if (typeof permissions === "string") throw new Refusal(permissions);
  return { claims, permissions };
}

/** The claims of an access token that is for us, whoever it speaks for. */
export async function judgeBearer(
  token: string,
  findKey: JWTVerifyGetKey,
  expected: Expectations,
): Promise<SignedClaims> {
  const { dialect } = expected;
  const shapeProblem = dialect.judgeShape(token);
  if (shapeProblem !== undefined) throw new Refusal(shapeProblem);
  const judged = "access_token";
  const { claims } = await verifySignedToken(token, findKey, { ...expected, judged });
  if (!dialect.isForClient(claims, expected.clientId)) throw tokenInvalid("azp", { judged });
  if (!isForOrganization(claims, expected.organization))
    throw tokenInvalid("organization", { judged });
  return claims;
}

/** What a token's outside tells about the settings of the API, before any cryptography. */
export function judgeShape(token: string): Reason | undefined {
  const parts = token.split(".").length;
  // Five parts are a JWE (RFC 7516 §7.1); one is a reference that only Auth0 understands.
  if (parts === 1 || parts === 5) return "identity_token_opaque";
  return readAlgorithm(token)?.startsWith("HS") ? "identity_algorithm_refused" : undefined;
}

/**
 * Whether it was issued to us and not to another application of the API: `azp`, or `client_id` (RFC
 * 9068 §2.2).
 */
export function isForClient(claims: Readonly<Record<string, unknown>>, clientId: string): boolean {
  return (claims["azp"] ?? claims["client_id"]) === clientId;
}

/**
 * The person's permissions, each once, however many. No claim at all means that Auth0 was not told
 * to send them; a claim that is not a list of strings grants nothing. Which of them some tool needs is
 * decided where our own token is made: the others go no further.
 */
export function readPermissions(
  claims: Readonly<Record<string, unknown>>,
): readonly string[] | Reason {
  if (claims["permissions"] === undefined) return "identity_permissions_missing";
  return [...new Set(permissionsSchema.parse(claims["permissions"]))];
}

function readAlgorithm(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).alg;
  } catch {
    return undefined;
  }
}
