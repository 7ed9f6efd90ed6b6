/**
 * Issuing: what a client gets after the library has said yes. The library's opaque access token is
 * replaced by our signed one, its refresh token gets our proof, and the grant's records are brought
 * up to date. Nothing is committed.
 */
import type { TokenExchangeCallbackResult } from "@cloudflare/workers-oauth-provider";
import * as z from "zod";
import { clientFamilyOf } from "../edge/log.ts";
import { Refusal } from "../errors.ts";
import { signAccessToken } from "../grants/access-token.ts";
import { putConnection } from "../grants/connections.ts";
import { type GrantRecord, recordName } from "../grants/record.ts";
import { randomText } from "../keys.ts";
import { GRANT_TTL_SECONDS, type TokenExchange } from "./authorization-server.ts";
import { proveRefreshToken } from "./refresh-token.ts";
import { grantedScopes, limitScopes } from "./scopes.ts";
import type { TokenContext, TokenRequest } from "./token-request.ts";

/** What the library learned while it judged the request, kept for the answer. */
export interface Issuance {
  readonly record: GrantRecord;
  readonly exchange: TokenExchange;
}

/** The library's successful token response (RFC 6749 §5.1). */
const tokenResponseSchema = z.object({
  token_type: z.literal("bearer"),
  expires_in: z.int(),
  refresh_token: z.string().exactOptional(),
  resource: z.string(),
});

/** The library accepts nothing shorter. */
const SHORTEST_TTL_SECONDS = 60;

/**
 * How long tokens may live. With a refresh token of Auth0's a grant lives on while it is used;
 * without one nothing of ours outlives Auth0's access token.
 */
export function lifetimes(
  record: GrantRecord,
  accessTokenTtlSeconds: number,
  now: number,
): TokenExchangeCallbackResult {
  if (record.tokens.refreshToken !== undefined)
    return {
      accessTokenTTL: accessTokenTtlSeconds,
      refreshTokenTTL: GRANT_TTL_SECONDS,
      refreshTokenIdleTTL: GRANT_TTL_SECONDS,
    };
  const leftSeconds = record.tokens.expiresAt - now;
  if (leftSeconds < SHORTEST_TTL_SECONDS) throw new Refusal("identity_grant_ended");
  return {
    accessTokenTTL: Math.min(accessTokenTtlSeconds, leftSeconds),
    refreshTokenTTL: leftSeconds,
    refreshTokenIdleTTL: leftSeconds,
  };
}

/**
 * Rewrites the library's answer and puts the grant's records into the unit of work. Returns the
 * client's JSON.
 */
export async function issue(
  { parts, work }: TokenContext,
  response: Response,
  { issuance, token }: { readonly issuance: Issuance; readonly token: TokenRequest },
): Promise<Record<string, unknown>> {
  const { record, exchange } = issuance;
  const now = parts.now();
  const granted = tokenResponseSchema.parse(await response.json());
  const { refreshToken, expiresAt: upstreamEnd } = record.tokens;
  const expiresAt = refreshToken === undefined ? upstreamEnd : now + GRANT_TTL_SECONDS;
  const clientFamily = clientFamilyOf(token.request.headers.get("User-Agent"));
  const current: GrantRecord = { ...record, lastIssue: { clientFamily, at: now }, expiresAt };
  work.replace(recordName(record), JSON.stringify(current), expiresAt - now);
  const held = record.tokens.permissions.filter((name) => parts.permissions.includes(name));
  const allowed = grantedScopes(
    exchange.scope,
    { held, granted: record.granted },
    parts.permissions,
  );
  putConnection(work, current, { now, scopes: allowed });
  const scopes = limitScopes(allowed, token.form.get("scope"));
  const accessToken = await signAccessToken(
    {
      iss: parts.config.issuer,
      aud: granted.resource,
      sub: record.userId,
      client_id: record.clientId,
      scope: scopes.join(" "),
      permissions: held,
      iat: now,
      exp: now + granted.expires_in,
      jti: randomText(16),
      grant_id: record.grantId,
      grant_record: await parts.vault.pointerTo(recordName(record)),
    },
    parts.signingKeys,
  );
  return {
    access_token: accessToken,
    token_type: "Bearer",
    expires_in: granted.expires_in,
    ...(granted.refresh_token === undefined
      ? {}
      : { refresh_token: await proveRefreshToken(granted.refresh_token, record.proofKey) }),
    scope: scopes.join(" "),
    resource: granted.resource,
  };
}

/** A token response with the headers of the library's (RFC 6749 §5.1: never cached). */
export function tokenResponse(body: unknown, headers: Headers): Response {
  const copied = new Headers(headers);
  copied.delete("Content-Length");
  copied.set("Content-Type", "application/json");
  copied.set("Cache-Control", "no-store");
  return new Response(JSON.stringify(body), { headers: copied });
}
