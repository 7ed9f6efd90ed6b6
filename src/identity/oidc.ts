/**
 * Any other OpenID provider that issues signed access tokens (RFC 9068) with permissions in a claim:
 * Keycloak, Entra ID, Okta, … How it names them is configuration; what must hold of a token is the
 * same as with Auth0.
 */
import { type ClientAuth, ClientSecretBasic, ClientSecretPost } from "oauth4webapi";
import * as z from "zod";
import type { IdentityConfig, OidcConfig } from "../config.ts";
import { judgeShape } from "./access-token.ts";
import type { Dialect } from "./dialect.ts";

type Claims = Readonly<Record<string, unknown>>;

const permissionsSchema = z
  .union([z.array(z.string()), z.string().transform((text) => text.split(" ").filter(Boolean))])
  .catch([]);

const recordSchema = z.record(z.string(), z.unknown());

/** The dialect that the configuration describes. */
export function createOidcDialect({
  permissionsClaim,
  scope,
  resource,
  prompt,
}: OidcConfig): Dialect {
  return {
    parametersOf: (_, request) => ({
      scope: request.isForGrant ? scope : withoutOfflineAccess(scope),
      resource,
      prompt: request.prompt ?? (request.isForGrant ? prompt : undefined),
    }),
    authentication,
    isTrustedEndpoint: (endpoint, issuer) =>
      endpoint.protocol === "https:" || endpoint.origin === issuer.origin,
    judgeShape: (token) => (judgeShape(token) === undefined ? undefined : "identity_token_invalid"),
    isForClient,
    readPermissions: (claims) => [
      ...new Set(permissionsSchema.parse(readClaim(claims, permissionsClaim))),
    ],
    subjectOf,
  };
}

/** A claim by its name, or by its path: `permissions`, `realm_access.roles`. */
export function readClaim(claims: Claims, name: string): unknown {
  if (name in claims) return claims[name];
  return name
    .split(".")
    .reduce<unknown>((value, part) => recordSchema.safeParse(value).data?.[part], claims);
}

/**
 * The application as providers name it: `azp` (OIDC Core §2), `client_id` (RFC 9068 §2.2), `cid`
 * (Okta), `appid` (Entra ID, version 1). A token without any came from the token endpoint, to us.
 */
export function isForClient(claims: Claims, clientId: string): boolean {
  const named = claims["azp"] ?? claims["client_id"] ?? claims["cid"] ?? claims["appid"];
  return named === undefined || named === clientId;
}

/** Entra ID gives each application another `sub` for one person, and the same `oid`. */
export function subjectOf({ oid, sub }: Claims): string {
  return typeof oid === "string" && oid !== "" ? `oid:${oid}` : String(sub);
}

/** By form where the provider says that it takes that, else by header (RFC 8414 §2). */
function authentication({ clientSecret }: IdentityConfig): ClientAuth {
  const byForm = ClientSecretPost(clientSecret);
  const byHeader = ClientSecretBasic(clientSecret);
  return (server, ...rest) =>
    server.token_endpoint_auth_methods_supported?.includes("client_secret_post") === true
      ? byForm(server, ...rest)
      : byHeader(server, ...rest);
}

function withoutOfflineAccess(scope: string): string {
  return scope
    .split(" ")
    .filter((name) => name !== "offline_access")
    .join(" ");
}
