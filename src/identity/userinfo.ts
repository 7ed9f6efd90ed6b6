/**
 * What the identity provider answers about somebody's token: the profile behind it, and its end. Tokens
 * go in; what was answered comes out.
 */
import * as oauth from "oauth4webapi";
import { refuseAt } from "./auth0-errors.ts";
import type { UpstreamTokens } from "./provider.ts";
import type { Tenant } from "./tenant.ts";

/** OIDC Core §5.3; an answer about somebody else is refused (§5.3.2). */
export async function userInfo(
  { client, options, now, readMetadata }: Tenant,
  tokens: UpstreamTokens,
): Promise<oauth.UserInfoResponse> {
  const metadata = await readMetadata();
  return oauth
    .userInfoRequest(metadata, client, tokens.accessToken, options)
    .then((response) =>
      oauth.processUserInfoResponse(metadata, client, String(tokens.claims["sub"]), response),
    )
    .catch(refuseAt("userinfo", now));
}

/** RFC 7009 §2.1. An unknown token is a revoked one (§2.2). */
export async function revoke(
  { client, authentication, options, now, readMetadata }: Tenant,
  refreshToken: string,
): Promise<void> {
  const metadata = await readMetadata();
  // Not every provider has one (RFC 8414 §2); its tokens then end by themselves.
  if (metadata.revocation_endpoint === undefined) return;
  await oauth
    .revocationRequest(metadata, client, authentication, refreshToken, options)
    .then(oauth.processRevocationResponse)
    .catch(refuseAt("revoke", now));
}
