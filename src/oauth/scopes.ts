/**
 * Scopes and permissions: what a client asks, what the person holds, what a token says. Lists go
 * in, lists come out. Pure. A scope that names a permission is that permission, granted to this
 * client.
 */

import { BASE_SCOPES } from "../grants/access-token.ts";

const OFFLINE_ACCESS = "offline_access";

/** Every scope we know, for the authorization server's metadata (RFC 8414 §2). */
export function listScopes(permissions: readonly string[]): readonly string[] {
  return [...BASE_SCOPES, OFFLINE_ACCESS, ...permissions];
}

/**
 * The scopes of an authorization request that we can grant at all: the others are ignored, and
 * asking for none means the base scopes (RFC 6749 §3.3).
 */
export function narrowScopes(
  requested: readonly string[],
  permissions: readonly string[],
): readonly string[] {
  const known = new Set(listScopes(permissions));
  const narrowed = [...new Set(requested)].filter((scope) => known.has(scope));
  return narrowed.length === 0 ? BASE_SCOPES : narrowed;
}

/**
 * The scopes of a grant or token: the requested ones that are no permissions, and of the
 * permissions those that are both held and granted.
 */
export function grantedScopes(
  requested: readonly string[],
  grant: { readonly held: readonly string[]; readonly granted: "all" | readonly string[] },
  permissions: readonly string[],
): readonly string[] {
  const { held, granted } = grant;
  const others = requested.filter((scope) => !permissions.includes(scope));
  return [
    ...others,
    ...permissions.filter(
      (name) => held.includes(name) && (granted === "all" || granted.includes(name)),
    ),
  ];
}

/**
 * What a machine limits itself to: official clients ask for the scopes of our challenge, which are a
 * person's, so only a request that names a permission of ours limits anything.
 */
export function machineScope(asked: string | null, permissions: readonly string[]): string | null {
  const named = (asked ?? "").split(" ").filter((scope) => permissions.includes(scope));
  return named.length === 0 ? null : named.join(" ");
}

/**
 * Of the scopes a token may have, those that its client asked for in this token request (RFC 6749
 * §6).
 */
export function limitScopes(scopes: readonly string[], asked: string | null): readonly string[] {
  if (asked === null || asked.trim() === "") return scopes;
  const wanted = new Set(asked.split(" "));
  return scopes.filter((scope) => wanted.has(scope));
}
