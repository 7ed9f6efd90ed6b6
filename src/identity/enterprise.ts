/**
 * Companies that say what their people may do here (MCP extension
 * `io.modelcontextprotocol/enterprise-managed-authorization`): an Identity Assertion JWT
 * Authorization Grant of one of them goes in; who it vouches for comes out, or which rule it breaks
 * (draft-ietf-oauth-identity-assertion-authz-grant-04). That one counts once is for whoever can
 * remember.
 */
import { decodeJwt, decodeProtectedHeader, type JWTVerifyGetKey } from "jose";
import * as z from "zod";
import { Refusal } from "../errors.ts";
import type { EnterpriseIssuer } from "../machine-variables.ts";
import { createKeyFinder, loadKeySet } from "./key-set.ts";
import { createPublishedDocument } from "./published-document.ts";
import { type SignedClaims, verifySignedToken } from "./signed-token.ts";
import { createUpstreamFetch, type Outward } from "./upstream-fetch.ts";

/** Who is vouched for, and by whom. */
export interface Vouched {
  readonly issuer: EnterpriseIssuer;
  readonly subject: string;
  /** Names the assertion at its issuer. */
  readonly id: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
  /** What the issuer lets this application do; undefined when it does not say. */
  readonly scopes: readonly string[] | undefined;
}

/** For whom an assertion must be. */
export interface Addressee {
  /** Our issuer and our resource. */
  readonly issuer: string;
  readonly resource: string;
  /** The application that has authenticated. */
  readonly clientId: string;
}

export interface Enterprises {
  /** Judges an assertion; refuses with `assertion_refused`, or as asking for keys does. */
  judge(assertion: string, addressee: Addressee): Promise<Vouched>;
}

const LONGEST_ASSERTION_CHARACTERS = 16_384;

/** An assertion is made for one request (§4.2). */
const LONGEST_LIFE_SECONDS = 300;

/** Those that the operator trusts. Their keys are asked for when one of them vouches for somebody. */
export function createEnterprises(
  issuers: readonly EnterpriseIssuer[],
  outward: Outward,
): Enterprises {
  const send = createUpstreamFetch(outward);
  const known = new Map<string, readonly [EnterpriseIssuer, JWTVerifyGetKey]>();
  for (const issuer of issuers) {
    const load = () => loadKeySet(issuer.jwks_uri, send);
    const findKey = createKeyFinder(createPublishedDocument(load, outward.now));
    known.set(issuer.issuer, [issuer, findKey]);
  }
  return {
    async judge(assertion, addressee) {
      const [issuer, findKey] = known.get(claimedIssuer(assertion)) ?? [];
      if (issuer === undefined || findKey === undefined) throw refused("iss");
      const expected = {
        issuer: issuer.issuer,
        audience: spelledAudience(assertion, addressee.issuer),
        now: outward.now(),
        judged: "id_jag" as const,
      };
      const { claims } = await verifySignedToken(assertion, findKey, expected).catch(asRefused);
      const judged = judgeAssertion(claims, issuer, addressee);
      if (typeof judged === "string") throw refused(judged);
      return judged;
    },
  };
}

const optionalTexts = z
  .union([z.string().transform((text) => [text]), z.array(z.string())])
  .optional();

const claimsSchema = z.object({
  sub: z.string().min(1),
  jti: z.string().min(1).max(256),
  client_id: z.string(),
  iat: z.number(),
  exp: z.number(),
  aud: optionalTexts,
  resource: optionalTexts,
  scope: z.string().optional(),
});

/**
 * The rules for an assertion whose signature, issuer and time hold (§5, §7). Which one is broken
 * comes out by name. Pure.
 */
export function judgeAssertion(
  claims: SignedClaims,
  issuer: EnterpriseIssuer,
  { clientId, resource }: Addressee,
): Vouched | string {
  const read = claimsSchema.safeParse(claims);
  if (!read.success) return String(read.error.issues[0]?.path[0] ?? "claims");
  const { aud = [], iat, exp, scope, client_id: named, resource: resources = [] } = read.data;
  const { clients = [clientId] } = issuer;
  const rules: readonly (readonly [string, boolean])[] = [
    ["aud", aud.length === 1],
    ["exp", exp - iat <= LONGEST_LIFE_SECONDS],
    // Bound to a key, or to more than scopes can say: not ours to honour.
    ["cnf", !("cnf" in claims) && !("authorization_details" in claims)],
    ["client_id", named === clientId],
    ["client", clients.includes(clientId)],
    ["resource", resources.every((each) => each === resource)],
  ];
  const broken = rules.find(([, holds]) => !holds)?.[0];
  const scopes = scope?.split(" ").filter(Boolean);
  return broken ?? { issuer, subject: read.data.sub, id: read.data.jti, expiresAt: exp, scopes };
}

/**
 * The issuer that an assertion names, if it is one by its type: before anything of it is believed,
 * so that no other kind of JWT is ever taken for one (RFC 8725 §3.11).
 */
function claimedIssuer(assertion: string): string {
  if (assertion.length > LONGEST_ASSERTION_CHARACTERS) throw refused("too_long");
  try {
    if (decodeProtectedHeader(assertion).typ !== "oauth-id-jag+jwt") throw refused("typ");
    return decodeJwt(assertion).iss ?? "";
  } catch (error) {
    throw error instanceof Refusal ? error : refused("malformed");
  }
}

/** Our issuer as the assertion spells it: a slash at its end is a spelling. */
function spelledAudience(assertion: string, issuer: string): string {
  return decodeJwt(assertion).aud === `${issuer}/` ? `${issuer}/` : issuer;
}

function refused(check: string): Refusal {
  return new Refusal("assertion_refused", { facts: { check } });
}

/** Keys that cannot be had are not the fault of whoever is vouched for. */
function asRefused(error: unknown): never {
  if (!(error instanceof Refusal) || error.reason !== "identity_token_invalid") throw error;
  if (error.facts["check"] === "key_set")
    throw new Refusal("identity_unavailable", { facts: error.facts });
  throw new Refusal("assertion_refused", { facts: error.facts });
}
