/**
 * The provider's own access token, brought by a caller to `/mcp` (AUTH0_DIRECT_CLIENTS). A token goes
 * in; who calls and what they may do comes out, or which rule it breaks. No store is asked.
 */
import { decodeJwt, decodeProtectedHeader } from "jose";
import * as z from "zod";
import { Refusal } from "../errors.ts";
import { isMachine, readMachinePermissions } from "./machine-token.ts";
import { isForOrganization } from "./organization.ts";
import type { BroughtCaller, IdentityProvider } from "./provider.ts";
import { ALGORITHMS, verifySignedToken } from "./signed-token.ts";
import { expectationsOf, type Tenant } from "./tenant.ts";
import { deriveUserId } from "./user-id.ts";

type Claims = Readonly<Record<string, unknown>>;

/** The part of the provider that judges them. */
export function createBrought(
  tenant: Tenant,
): Pick<IdentityProvider, "claimsToBeOurs" | "judgeBrought"> {
  return {
    claimsToBeOurs: (token) => claimsIssuer(token, tenant.config.issuer),
    judgeBrought: (token) => judgeBrought(tenant, token),
  };
}

/**
 * Whether a token says of itself that this provider made it: read to choose who judges it, and
 * believed by nobody.
 */
function claimsIssuer(token: string, issuer: string): boolean {
  try {
    const { alg } = decodeProtectedHeader(token);
    return ALGORITHMS.some((each) => each === alg) && decodeJwt(token).iss === issuer;
  } catch {
    return false;
  }
}

/** Judges such a token; refuses with `brought_token_…`, or as finding keys does. */
async function judgeBrought(tenant: Tenant, token: string): Promise<BroughtCaller> {
  const expected = { ...expectationsOf(tenant), judged: "access_token" as const };
  const { claims, typ } = await verifySignedToken(token, tenant.findKey, expected).catch(asRefused);
  const { directClients: clients = [], organization } = tenant.config;
  const judged = judgeBroughtClaims(claims, { typ, clients, organization });
  if (typeof judged === "string") throw refused(judged);
  const subject = tenant.dialect.subjectOf(claims);
  return {
    ...judged,
    userId: await deriveUserId(tenant.config.issuer, subject),
    issuer: tenant.config.issuer,
    audience: tenant.config.audience,
    expiresAt: claims.exp,
  };
}

/** What a token may say beside what every one must. */
interface Rules {
  readonly typ: string | undefined;
  /** The applications whose tokens are accepted. */
  readonly clients: readonly string[];
  readonly organization: string | undefined;
}

type Judged = Pick<BroughtCaller, "kind" | "clientId" | "held" | "granted" | "actors">;

/**
 * The rules for a token that was issued for our API to another application, whose claims are
 * verified. Which one is broken comes out by name. Pure.
 */
export function judgeBroughtClaims(claims: Claims, rules: Rules): Judged | string {
  const clientId = claims["azp"] ?? claims["client_id"];
  if (!isAccessToken(claims, rules.typ)) return "kind";
  if (claims["cnf"] !== undefined) return "cnf";
  if (typeof clientId !== "string" || !rules.clients.includes(clientId)) return "client";
  const actors = readActors(claims["act"]);
  if (actors === undefined || !actors.slice(0, 1).every((actor) => rules.clients.includes(actor)))
    return "act";
  if (!isForOrganization(claims, rules.organization)) return "organization";
  const permissions = permissionsOf(claims);
  return permissions === undefined
    ? "permissions"
    : { ...permissions, clientId, actors: actors.length };
}

/** RFC 8725 §3.11: an ID token and a logout token are no access tokens, whatever their audience. */
function isAccessToken(claims: Claims, typ: string | undefined): boolean {
  const isOther = ["nonce", "at_hash", "c_hash", "events"].some((name) => name in claims);
  return !isOther && (typ === undefined || ["JWT", "at+jwt"].includes(typ));
}

const actorSchema = z.looseObject({ sub: z.string(), act: z.unknown().optional() });

/** Who acts, the outermost first (RFC 8693 §4.1); undefined when that cannot be read. */
function readActors(act: unknown, depth = 0): readonly string[] | undefined {
  if (act === undefined) return [];
  const actor = actorSchema.safeParse(act).data;
  if (actor === undefined || depth > 8) return undefined;
  const before = readActors(actor.act, depth + 1);
  return before && [actor.sub, ...before];
}

const namesSchema = z.array(z.string());

/**
 * A machine has its client grant. A person's application has what was asked of the person, out of
 * what they hold: Auth0 names all that they hold, whatever they agreed to.
 */
function permissionsOf(claims: Claims): Pick<Judged, "kind" | "held" | "granted"> | undefined {
  if (isMachine(claims)) {
    const held = readMachinePermissions(claims);
    return { kind: "machine", held, granted: held };
  }
  const held = namesSchema.safeParse(claims["permissions"]).data;
  if (held === undefined) return undefined;
  const { scope } = claims;
  const asked = new Set(typeof scope === "string" ? scope.split(" ") : []);
  return { kind: "person", held, granted: held.filter((name) => asked.has(name)) };
}

function refused(check: string): Refusal {
  const reason =
    check === "permissions" ? "brought_token_without_permissions" : "brought_token_refused";
  return new Refusal(reason, { facts: { check } });
}

/** A token that does not hold is its caller's fault; keys that cannot be had are not. */
function asRefused(error: unknown): never {
  const isKeySet = error instanceof Refusal && error.facts["check"] === "key_set";
  if (error instanceof Refusal && error.reason === "identity_token_invalid" && !isKeySet)
    throw new Refusal("brought_token_refused", { facts: error.facts });
  throw error;
}
