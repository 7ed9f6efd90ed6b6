/**
 * The profile of a person, asked of the identity provider. Their tokens go in; what `/userinfo` says
 * of them, and of nobody else, comes out.
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
