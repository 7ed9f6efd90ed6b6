/**
 * Revocation (RFC 7009). An access token or a refresh token of the client's comes in; its grant,
 * with all its tokens, ends here at once, elsewhere within seconds, and Auth0 is told. The answer
 * never says whether there was one.
 */
import { authenticateClient, presentedClientId } from "../clients/authentication.ts";
import { readAccessToken, type SigningKeys } from "../grants/access-token.ts";
import { endAtOnce } from "../grants/ending.ts";
import { grantName, type GrantRecord, readGrant, registrationNames } from "../grants/record.ts";
import { createAuthorizationServer } from "./authorization-server.ts";
import { readHint } from "./refresh-hint.ts";
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
  const records = registrationNames(clientId);
  await work.prefetch({ records, collections: [grantName(grant)] });
  const server = createAuthorizationServer(parts, { work, exchange });
  const refused = await authenticateClient(server, request, form);
  if (refused !== undefined) return refused;
  const standing = await readGrant(work, grant, parts.now());
  const record = standing?.record;
  if (
    record !== undefined &&
    record.clientId === clientId &&
    (await isOurToken(token, record, parts.hintKeys))
  ) {
    const waitUntil = (more: Promise<unknown>) => exchange.execution.waitUntil(more);
    const { refreshToken } = record.tokens;
    await endAtOnce(parts, { work, waitUntil }, [
      { ...grant, generation: standing?.generation ?? 0, refreshToken },
    ]);
    exchange.note({ reason: "grant_revoked", user: grant.userId });
  }
  return new Response(null, { headers: { "Cache-Control": "no-store" } });
}

/**
 * An access token has proven itself by its signature; a refresh token must by its proof, of
 * whatever age.
 */
async function isOurToken(
  token: string,
  { clientId, proofKey }: GrantRecord,
  hintKeys: SigningKeys,
): Promise<boolean> {
  const refreshToken = readRefreshToken(token);
  if (refreshToken === undefined) return true;
  const { inner, hint } = refreshToken;
  const said = hint === undefined ? hint : await readHint({ inner, clientId }, hint, hintKeys);
  return said !== "forged" && (await isProven(refreshToken, proofKey));
}
