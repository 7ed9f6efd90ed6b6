/**
 * Revocation (RFC 7009). An access token or a refresh token of the client's comes in; its grant,
 * with all its tokens, ends here at once, elsewhere within seconds, and Auth0 is told. The answer
 * never says whether there was one.
 */
import { readAccessToken } from "../grants/access-token.ts";
import type { GrantRef } from "../grants/grant.ts";
import { endAtOnce } from "../grants/ending.ts";
import {
  grantName,
  type GrantRecord,
  readGrant,
  recordName,
  registrationNames,
} from "../grants/record.ts";
import { createAuthorizationServer } from "./authorization-server.ts";
import { authenticateClient, presentedClientId } from "../clients/authentication.ts";
import { isProven, readRefreshToken } from "./refresh-token.ts";
import { passOn, type TokenContext, type TokenRequest } from "./token-request.ts";

/** Answers a request with `token` and no `grant_type`. */
export async function answerRevocation(
  context: TokenContext,
  { request, form }: TokenRequest,
): Promise<Response> {
  const { parts, work, exchange } = context;
  const token = form.get("token") ?? "";
  const grant = readRefreshToken(token)?.grant ?? (await readAccessToken(token, parts.signingKeys));
  if (grant === undefined) return passOn(context, request);
  const clientId = presentedClientId(form, request.headers.get("Authorization"));
  await work.prefetch([grantName(grant), recordName(grant), ...registrationNames(clientId)]);
  const server = createAuthorizationServer(parts, { work, exchange });
  const refused = await authenticateClient(server, request, form);
  if (refused !== undefined) return refused;
  const record = await readGrant(work, grant);
  if (record !== undefined && record.clientId === clientId && (await isOurToken(token, record)))
    await endAtOnce(context, grant, record);
  return new Response(null, { headers: { "Cache-Control": "no-store" } });
}

/**
 * An access token has proven itself by its signature; a refresh token must by its proof, of
 * whatever age.
 */
async function isOurToken(token: string, record: GrantRecord & GrantRef): Promise<boolean> {
  const refreshToken = readRefreshToken(token);
  return refreshToken === undefined || (await isProven(refreshToken, record.proofKey));
}
