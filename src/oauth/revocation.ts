/**
 * Revocation (RFC 7009). An access token or a refresh token of the client's comes in; its grant,
 * with all its tokens, ends here at once, elsewhere within seconds, and Auth0 is told. The answer
 * never says whether there was one.
 */
import { Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { readAccessToken } from "../grants/access-token.ts";
import type { GrantRef } from "../grants/grant.ts";
import {
  endGrant,
  grantName,
  type GrantRecord,
  readGrant,
  recordName,
  registrationNames,
} from "../grants/record.ts";
import { createAuthorizationServer } from "./authorization-server.ts";
import { authenticateClient, presentedClientId } from "./client-authentication.ts";
import type { OAuthParts } from "./parts.ts";
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
 * Ends a grant: here before the answer, at Auth0 after it. Without `record` Auth0 has nothing to be
 * told.
 */
export async function endAtOnce(
  context: TokenContext,
  grant: GrantRef,
  record: GrantRecord | undefined,
): Promise<void> {
  const { parts, work, exchange } = context;
  endGrant(work, grant);
  await work.commit();
  parts.keeper.sightings.noteEnded(grant);
  exchange.note({ reason: "grant_revoked", user: grant.userId });
  if (record !== undefined) revokeUpstream(context, record);
}

/**
 * Tells Auth0, after the response, that a refresh token is no longer wanted. It ends here either
 * way.
 */
export function revokeUpstream(
  { parts, exchange }: { readonly parts: OAuthParts; readonly exchange: Exchange },
  { tokens: { refreshToken } }: Pick<GrantRecord, "tokens">,
): void {
  if (refreshToken === undefined) return;
  exchange.execution.waitUntil(
    parts.identity.revoke(refreshToken).catch((error: unknown) => {
      console.warn(
        JSON.stringify({
          reason: "upstream_revocation_failed",
          requestId: exchange.requestId,
          fault: error instanceof Refusal ? error.reason : "unknown",
        }),
      );
    }),
  );
}

/**
 * An access token has proven itself by its signature; a refresh token must by its proof, of
 * whatever age.
 */
async function isOurToken(token: string, record: GrantRecord & GrantRef): Promise<boolean> {
  const refreshToken = readRefreshToken(token);
  return refreshToken === undefined || (await isProven(refreshToken, record.proofKey));
}
