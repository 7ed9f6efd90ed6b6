/**
 * Revocation (RFC 7009). An access token or a refresh token of the client's comes in; its grant,
 * with all its tokens, ends here at once, elsewhere within seconds, and Auth0 is told. The answer
 * never says whether there was one.
 */
import { authenticateClient, presentedClientId } from "../clients/authentication.ts";
import { Refusal } from "../errors.ts";
import { readAccessToken, type SigningKeys } from "../grants/access-token.ts";
import { endAtOnce } from "../grants/ending.ts";
import { grantName, type GrantRecord, readGrant, registrationNames } from "../grants/record.ts";
import { isFromMachine } from "./client-credentials.ts";
import { createAuthorizationServer } from "./authorization-server.ts";
import { readHint } from "./refresh-hint.ts";
import { isProven, readRefreshToken } from "./refresh-token.ts";
import { passOn, type TokenContext, type TokenRequest } from "./token-request.ts";

/** Answers a request with `token` and no `grant_type`. */
export async function answerRevocation(
  context: TokenContext,
  token: TokenRequest,
): Promise<Response> {
  const { parts, work, exchange } = context;
  const { request, form } = token;
  const presented = form.get("token") ?? "";
  const grant =
    readRefreshToken(presented)?.grant ?? (await readAccessToken(presented, parts.signingKeys));
  if (grant === undefined) return passOn(context, request);
  const clientId = presentedClientId(form, request.headers.get("Authorization"));
  const records = registrationNames(clientId);
  await work.prefetch({ records, collections: [grantName(grant)] });
  const standing = await readGrant(work, grant, parts.now());
  const record = standing?.record;
  const refused = await authenticate(context, token, record);
  if (refused !== undefined) return refused;
  if (
    record !== undefined &&
    record.clientId === clientId &&
    (await isOurToken(presented, record, parts.hintKeys))
  ) {
    const { refreshToken } = record.tokens;
    await endAtOnce(parts, { work, execution: exchange.execution }, [
      { ...grant, generation: standing?.generation ?? 0, refreshToken },
    ]);
    exchange.note({ reason: "grant_revoked", user: grant.userId });
  }
  return new Response(null, { headers: { "Cache-Control": "no-store" } });
}

/** Whoever revokes authenticates (RFC 7009 §2.1); the library knows no machine. */
async function authenticate(
  context: TokenContext,
  token: TokenRequest,
  record: GrantRecord | undefined,
): Promise<Response | undefined> {
  if (record?.kind === "machine") {
    if (await isFromMachine(context, token, record)) return undefined;
    throw new Refusal("machine_refused");
  }
  const { request, form } = token;
  return authenticateClient(createAuthorizationServer(context.parts, context), request, form);
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
