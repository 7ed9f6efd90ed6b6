/**
 * What this tenant's tokens say: Auth0's default dialect, not the RFC 9068 one. People and plain
 * claims go in, claims come out. Pure; signs nothing.
 */
import { type Organization, organizationOf, type Person } from "./people.ts";

/** The scopes of OpenID Connect that every Auth0 tenant knows. */
export const OPENID_SCOPES: readonly string[] = ["openid", "profile", "email", "offline_access"];

/** The profile a set of scopes opens, as in the ID token and at `/userinfo`. */
export function profileClaims(
  person: Person,
  scopes: ReadonlySet<string>,
): Record<string, unknown> {
  return {
    sub: person.sub,
    ...(scopes.has("profile") ? person.profile : {}),
    ...(scopes.has("email") ? { email: person.email, email_verified: true } : {}),
  };
}

const SCOPE_PREFIX = "organization:";

/** How a grant remembers the organization that the person signed in to. */
export function organizationScope({ name }: Organization): string {
  return SCOPE_PREFIX + name;
}

/** What tokens say of the organization of a grant; the tenant also tells its name. */
export function organizationClaims(grantedScope: unknown): Readonly<Record<string, string>> {
  const scope = [...scopesOf(grantedScope)].find((name) => name.startsWith(SCOPE_PREFIX));
  if (scope === undefined) return {};
  const { id, name } = organizationOf(scope.slice(SCOPE_PREFIX.length));
  return { org_id: id, org_name: name };
}

interface Issued {
  readonly issuer: string;
  readonly audience: string;
  readonly permissions: readonly string[];
  readonly organization: Readonly<Record<string, string>>;
  readonly isRefreshed: boolean;
}

/**
 * Rewrites the claims of an RFC 9068 access token as Auth0 has them: `azp` for `client_id`, no
 * `jti`, the address of `/userinfo` as second audience with `openid`, and the permissions the
 * person holds (`[]` for none).
 */
export function accessTokenClaims(
  claims: Readonly<Record<string, unknown>>,
  issued: Issued,
): Record<string, unknown> {
  const { jti: _, client_id: azp, ...rest } = claims;
  return {
    ...rest,
    azp,
    aud: scopesOf(claims["scope"]).has("openid")
      ? [issued.audience, userInfoAudience(issued.issuer)]
      : issued.audience,
    ...(issued.isRefreshed ? { gty: "refresh_token" } : {}),
    ...issued.organization,
    permissions: issued.permissions,
  };
}

/** The audience that opens `/userinfo`. */
export function userInfoAudience(issuer: string): string {
  return `${issuer}userinfo`;
}

/** The scopes of a space-separated list; none when it is anything else. */
export function scopesOf(scope: unknown): ReadonlySet<string> {
  return new Set(typeof scope === "string" ? scope.split(" ").filter(Boolean) : []);
}
