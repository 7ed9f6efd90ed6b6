/**
 * What is registered at the tenant: one Regular Web Application and one API, as Auth0's dashboard
 * would have them. Options go in, oidc-provider's words for them come out.
 */
import type { JWK } from "jose";
import { type Configuration, errors } from "oidc-provider";
import { ACCOUNT_SCOPES, accountAudience } from "./accounts.ts";
import { OPENID_SCOPES } from "./claims.ts";
import { audienceOf, resourceOf } from "./dialect.ts";
import type { Directory } from "./people.ts";

interface Application {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly clientKey?: JWK;
  readonly callbackUrls: readonly string[];
}

interface Api {
  readonly issuer: string;
  readonly audience: string;
  readonly directory: Directory;
  readonly isPlain?: boolean;
}

/**
 * The application. It gets a `sid` because it takes part in back-channel logout; the address is
 * filled in later.
 */
export function application(options: Application): Configuration["clients"][number] {
  return {
    client_id: options.clientId,
    client_secret: options.clientSecret,
    redirect_uris: options.callbackUrls,
    post_logout_redirect_uris: options.callbackUrls.map((url) => new URL("/", url).href),
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    ...(options.clientKey === undefined
      ? { token_endpoint_auth_method: "client_secret_post" }
      : { token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [options.clientKey] } }),
    backchannel_logout_uri: options.issuer,
    backchannel_logout_session_required: true,
  };
}

/**
 * The one API, with RS256 and a scope for every permission; any other audience is refused in
 * Auth0's words.
 */
export function apis({
  issuer,
  audience,
  directory,
  isPlain = false,
}: Api): Configuration["features"]["resourceIndicators"] {
  return {
    enabled: true,
    useGrantedResource: () => true,
    getResourceServerInfo(_, resource) {
      if (resource === resourceOf(accountAudience(issuer)))
        return {
          audience: accountAudience(issuer),
          scope: ["openid", ...ACCOUNT_SCOPES].join(" "),
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256" } },
        };
      if (resource !== (isPlain ? audience : resourceOf(audience)))
        throw new errors.AccessDenied(
          `Service not found: ${isPlain ? resource : audienceOf(resource)}`,
        );
      const scope = [...OPENID_SCOPES, ...directory.allPermissions()].join(" ");
      return { audience, scope, accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } };
    },
  };
}
