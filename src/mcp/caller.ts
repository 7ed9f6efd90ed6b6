/**
 * Who calls: the claims of a verified access token go in, what a tool may know and what the
 * permission rule says come out. The identity provider's tokens are fetched when a tool asks for
 * them and kept nowhere.
 */
import type { Config } from "../config.ts";
import type { AccessTokenClaims } from "../grants/access-token.ts";
import type { GrantRef, Grants } from "../grants/grant.ts";
import { effectivePermissions, judgePermissions, type Verdict } from "./permissions.ts";
import { ToolError } from "./answer.ts";
import type { Auth } from "./tool-context.ts";
import { sha256 } from "./tool-meta.ts";

export interface Caller {
  readonly auth: Auth;
  /** None where nobody signs in. */
  readonly grantId: string | undefined;
  /** The permission rule, applied to this caller. */
  judge(required: readonly string[]): Verdict;
  /** Ties a text to this person and this grant: it means nothing for another. */
  bind(content: string): Promise<string>;
}

/** The caller behind a verified access token whose grant lives. */
export function signedInCaller(claims: AccessTokenClaims, grants: Grants): Caller {
  const standing = { held: claims.permissions, granted: scopesOf(claims) };
  const grant = grantOf(claims);
  return {
    grantId: grant.grantId,
    judge: (required) => judgePermissions(required, standing),
    bind: (content) => sha256([claims.sub, claims.grant_id, content].join("\n")),
    auth: {
      userId: claims.sub,
      clientId: claims.client_id,
      issuer: claims.iss,
      audience: claims.aud,
      scopes: standing.granted,
      get permissions() {
        return effectivePermissions(standing);
      },
      async accessToken() {
        const tokens = await grants.upstreamTokens(grant, claims.grant_record);
        return { token: tokens.accessToken, claims: tokens.claims };
      },
      userInfo: () => grants.userInfo(grant, claims.grant_record),
    },
  };
}

/**
 * Anyone, where sign-in is off (`AUTH_ENABLED=false`, loopback only): nothing is checked, nobody is
 * known.
 */
export function anonymousCaller({ issuer, resource }: Config): Caller {
  return {
    grantId: undefined,
    judge: () => ({ verdict: "allowed" }),
    bind: sha256,
    auth: {
      userId: "anonymous",
      clientId: "anonymous",
      issuer,
      audience: resource,
      scopes: [],
      permissions: [],
      accessToken: refuseWithoutSignIn,
      userInfo: refuseWithoutSignIn,
    },
  };
}

/** The grant an access token belongs to. */
export function grantOf(claims: AccessTokenClaims): GrantRef {
  return { userId: claims.sub, grantId: claims.grant_id };
}

/** The scopes of an access token (RFC 6749 §3.3: separated by spaces). */
function scopesOf(claims: AccessTokenClaims): string[] {
  return claims.scope.split(" ").filter((scope) => scope !== "");
}

function refuseWithoutSignIn(): Promise<never> {
  return Promise.reject(
    new ToolError("Nobody is signed in: this server runs with AUTH_ENABLED=false."),
  );
}
