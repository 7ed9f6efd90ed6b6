/**
 * What each identity provider does in its own way, where OpenID Connect leaves it open or Auth0 goes
 * its own. Types only: `auth0.ts` and `oidc.ts` are the two that there are.
 */
import type { ClientAuth } from "oauth4webapi";
import type { IdentityConfig } from "../config.ts";
import type { Reason } from "../errors.ts";
import type { SignInRequest } from "./provider.ts";

type Claims = Readonly<Record<string, unknown>>;

export interface Dialect {
  /** What an authorization request has beside what every one has; undefined is not sent. */
  readonly parametersOf: (
    config: IdentityConfig,
    request: SignInRequest,
  ) => Readonly<Record<string, string | undefined>>;
  /** How we prove at the token endpoint who we are. */
  readonly authentication: (config: IdentityConfig) => ClientAuth;
  /** Where the keys lie at every tenant, so that they need not be looked up first. */
  readonly usualKeys?: (issuer: string) => string;
  /** Whether an endpoint that the issuer names may be asked. */
  readonly isTrustedEndpoint: (endpoint: URL, issuer: URL) => boolean;
  /** What an access token's outside tells about the settings, before any cryptography. */
  readonly judgeShape: (token: string) => Reason | undefined;
  /** Whether an access token was issued to us and not to another application. */
  readonly isForClient: (claims: Claims, clientId: string) => boolean;
  /** The person's permissions, each once. */
  readonly readPermissions: (claims: Claims) => readonly string[] | Reason;
  /** Who the person is at this issuer, alike in both tokens. */
  readonly subjectOf: (claims: Claims) => string;
}
