/**
 * A bearer credential of ours. The header goes in; what its token says comes out, or why it does not
 * hold. Whether its grant lives is not asked here, nor anybody.
 */
import { markOf } from "../clients/mark.ts";
import type { Config } from "../config.ts";
import {
  type AccessTokenClaims,
  type AccessTokenProblem,
  type SigningKeys,
  verifyAccessToken,
} from "../grants/access-token.ts";
import type { Grants, Standing, TokenGrant } from "../grants/grant.ts";
import { createMemory } from "../grants/memory.ts";
import { type Caller, createCallers, grantOf } from "./caller.ts";
import { createForgeryCheck } from "./forgery.ts";
import type { Auth } from "./tool-context.ts";

/** What a token says that holds, and what follows from that alone, made once. */
export interface Credential {
  readonly claims: AccessTokenClaims;
  /** The mark of its client in the log. */
  readonly client: string;
  readonly grant: TokenGrant;
  /** Whom `/mcp` counts. */
  readonly counted: string;
  callerWith(standing: Standing): Caller;
}

type Judged = Credential | AccessTokenProblem;

interface CredentialParts {
  readonly config: Config;
  readonly grants: Grants;
  readonly signingKeys: SigningKeys;
  /** Epoch seconds. */
  now(): number;
}

/** So many of an isolate's latest callers are known without another look at their signature. */
const MOST_REMEMBERED = 1000;

/**
 * Judges credentials. A signature never changes, so it is checked once; the token's time runs out.
 * What is remembered is kept with the keys, and gone with them.
 */
export function createCredentials({
  config,
  grants,
  signingKeys,
  now,
}: CredentialParts): (credential: string) => Judged | Promise<Judged> {
  const remembered = createMemory<Credential>(MOST_REMEMBERED);
  const isForged = createForgeryCheck(signingKeys);
  const recall = (credential: string, at: number): Judged | undefined => {
    const age = { now: at, maxAgeSeconds: Number.POSITIVE_INFINITY };
    const known = remembered.recall(credential, age);
    return known === undefined || known.claims.exp > at ? known : "expired";
  };
  const judgeFirst = async (credential: string, at: number): Promise<Judged> => {
    const token = bearerOf(credential);
    // Whatever stands around a token, it takes one place.
    const spelled = `Bearer ${token}`;
    const known = recall(spelled, at);
    if (known !== undefined) return known;
    if (await isForged(token)) return "invalid";
    const expected = { issuer: config.issuer, resource: config.resource, now: at };
    const claims = await verifyAccessToken(token, expected, signingKeys);
    if (typeof claims === "string") return claims;
    const found = {
      claims,
      client: await markOf(claims.client_id),
      grant: grantOf(claims),
      counted: callerKey({ userId: claims.sub, clientId: claims.client_id }),
      callerWith: createCallers(claims, grants, now),
    };
    remembered.keep(spelled, found, at);
    return found;
  };
  return (credential) => {
    const at = now();
    return recall(credential, at) ?? judgeFirst(credential, at);
  };
}

/** The token of an `Authorization` header (RFC 6750 §2.1); what is no token when there is none. */
export function bearerOf(credential: string): string {
  const [, token = "-"] = /^Bearer[\t ]+([^\s,]+)$/i.exec(credential) ?? [];
  return token;
}

/** Whom `/mcp` counts: a person's calls through one client, from wherever they come. */
export function callerKey({ userId, clientId }: Pick<Auth, "userId" | "clientId">): string {
  return `${userId} ${clientId}`;
}
