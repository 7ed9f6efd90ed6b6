/**
 * `/userinfo` as Auth0 has it: opened by an access token for any API whose second audience it is,
 * or by an opaque one. A bearer token comes in, the profile its scopes open goes out; an unverified
 * token never passes.
 */
import { createLocalJWKSet, jwtVerify } from "jose";
import type { Context, Middleware, Provider } from "oidc-provider";
import { profileClaims, scopesOf, userInfoAudience } from "./claims.ts";
import type { Keyring } from "./keys.ts";
import type { Directory } from "./people.ts";

interface Bearer {
  readonly sub: string;
  readonly scopes: ReadonlySet<string>;
  /** What the token says of the organization that the person signed in to. */
  readonly organization: Readonly<Record<string, unknown>>;
}

interface Parts {
  readonly provider: Provider;
  readonly issuer: string;
  readonly keyring: Keyring;
  readonly directory: Directory;
  /** Any token with `openid` opens it (OIDC Core §5.3). */
  readonly isPlain?: boolean;
}

/** Serves `/userinfo`. */
export function userInfo(parts: Parts): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== "/userinfo") return next();
    const [, token] = /^Bearer (\S+)$/i.exec(ctx.get("authorization")) ?? [];
    const bearer = token === undefined ? undefined : await verify(token, parts);
    const person = bearer && parts.directory.findBySubject(bearer.sub);
    if (bearer === undefined || person === undefined) return refuse(ctx, 401, "Unauthorized");
    if (!bearer.scopes.has("openid")) return refuse(ctx, 403, "access_denied");
    ctx.body = { ...profileClaims(person, bearer.scopes), ...bearer.organization };
  };
}

async function verify(
  token: string,
  { provider, issuer, keyring, isPlain = false }: Parts,
): Promise<Bearer | undefined> {
  const opaque = await provider.AccessToken.find(token);
  if (opaque !== undefined)
    return { sub: opaque.accountId, scopes: scopesOf(opaque.scope), organization: {} };
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(keyring.published()), {
      issuer,
      algorithms: ["RS256"],
    });
    const isForUs = isPlain || [payload.aud].flat().includes(userInfoAudience(issuer));
    const { sub = "", scope, org_id, org_name } = payload;
    const organization = org_id === undefined ? {} : { org_id, org_name };
    return { sub, scopes: isForUs ? scopesOf(scope) : new Set(), organization };
  } catch {
    return undefined;
  }
}

function refuse(ctx: Context, status: 401 | 403, error: string): void {
  ctx.status = status;
  if (status === 401) ctx.set("WWW-Authenticate", 'Bearer realm="Users", error="invalid_token"');
  ctx.body = { error, error_description: error };
}
