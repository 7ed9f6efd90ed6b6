/**
 * Issuing: what a client gets after all has been judged. A grant's record goes in; our signed access
 * token, the refresh token with our proof, and the client's JSON come out. Nothing is written.
 */
import type { TokenExchangeCallbackResult } from "@cloudflare/workers-oauth-provider";
import * as z from "zod";
import { showsCredentials } from "../clients/authentication.ts";
import type { AuthConfig } from "../config.ts";
import { Refusal } from "../errors.ts";
import { signAccessToken } from "../grants/access-token.ts";
import { withheldTools } from "../grants/frozen.ts";
import { latestEndOf } from "../grants/lifetime.ts";
import { grantName, type GrantRecord, type StandingGrant } from "../grants/record.ts";
import { renewalTimeOf } from "../grants/renewal.ts";
import { grantedPermissions, heldPermissions } from "../grants/writing.ts";
import { randomText } from "../keys.ts";
import { organizationAt } from "../organizations.ts";
import type { Parts } from "../parts.ts";
import { DEFAULT_IDLE_SECONDS } from "../grants/connections.ts";
import { assertNotBlocked, isAnythingOff } from "../switches.ts";
import { writeHint } from "./refresh-hint.ts";
import { proveRefreshToken } from "./refresh-token.ts";
import { limitScopes } from "./scopes.ts";
import type { TokenRequest } from "./token-request.ts";

/** The library's successful token response (RFC 6749 §5.1). */
export const tokenResponseSchema = z.object({
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
  { accessTokenTtlSeconds, sessionMaxSeconds }: Lives,
  now: number,
): TokenExchangeCallbackResult & { readonly accessTokenTTL: number } {
  const sessionSeconds = latestEndOf(record, sessionMaxSeconds) - now;
  if (sessionSeconds < SHORTEST_TTL_SECONDS) throw new Refusal("session_over");
  const canLast = record.tokens.refreshToken !== undefined;
  const upstreamSeconds = canLast ? DEFAULT_IDLE_SECONDS : record.tokens.expiresAt - now;
  if (upstreamSeconds < SHORTEST_TTL_SECONDS) throw new Refusal("identity_grant_ended");
  const leftSeconds = Math.min(sessionSeconds, upstreamSeconds);
  return {
    accessTokenTTL: Math.min(accessTokenTtlSeconds, leftSeconds),
    refreshTokenTTL: leftSeconds,
    refreshTokenIdleTTL: leftSeconds,
  };
}

/** How long the operator lets things live. */
type Lives = Pick<AuthConfig, "accessTokenTtlSeconds" | "sessionMaxSeconds">;

/** Whether there is no more to be had of a grant, however it was used. Refuses with `session_over`. */
export function assertNotOver(record: GrantRecord, { config, now }: Parts): void {
  const leftSeconds = latestEndOf(record, config.auth.sessionMaxSeconds) - now();
  if (leftSeconds < SHORTEST_TTL_SECONDS) throw new Refusal("session_over");
}

/**
 * An organization or a client that is not served any more, or not right now, keeps its grants:
 * whether it comes back only the operator knows. Refuses with `organization_off` or `client_blocked`.
 */
export async function assertServed(
  { clientId, resource }: GrantRecord,
  { config, switches }: Parts,
): Promise<void> {
  await assertNotBlocked(clientId, switches);
  if (resource !== undefined && organizationAt(resource, config) === undefined)
    throw new Refusal("organization_off");
}

/** When a grant ends unless it is refreshed; epoch seconds. */
export function endOf(record: GrantRecord, { sessionMaxSeconds }: Lives, now: number): number {
  const { tokens, idleSeconds = DEFAULT_IDLE_SECONDS } = record;
  const upstreamEnd = tokens.refreshToken === undefined ? tokens.expiresAt : Infinity;
  return Math.min(now + idleSeconds, upstreamEnd, latestEndOf(record, sessionMaxSeconds));
}

/**
 * RFC 6749 §5.2, §6: what was granted may be asked for in part; asking for nothing of it is an error
 * of the client's, said before anything happens.
 */
export function assertScope(
  record: GrantRecord,
  scope: string | null,
  { permissions, now }: Pick<Parts, "permissions" | "now">,
): void {
  const asked = (scope ?? "").trim();
  const scopes = [...record.scopes, ...grantedPermissions(record, permissions, now())];
  if (asked !== "" && limitScopes(scopes, asked).length === 0)
    throw new Refusal("scope_not_granted");
}

interface Asked {
  /** The scopes that the client asked for in this token request, if it named any. */
  readonly scope: string | null;
  readonly refreshToken: string | undefined;
  readonly expiresInSeconds: number;
}

/** Makes the answer of the token endpoint for a grant as it stands. */
export async function issueTokens(
  parts: Parts,
  record: GrantRecord,
  asked: Asked,
): Promise<Record<string, unknown>> {
  const { config, permissions, permissionIndex } = parts;
  const { resource = config.resource } = record;
  const now = parts.now();
  const allowed = grantedPermissions(record, permissions, now);
  const scopes = limitScopes([...record.scopes, ...allowed], asked.scope);
  const chosen = new Set(scopes);
  const granted = allowed.filter((name) => chosen.has(name));
  const withheld = withheldTools(record, granted, parts.changing);
  const partly = new Set(withheld.flatMap((tool) => tool.permissions));
  const accessToken = await signAccessToken(
    {
      iss: config.issuer,
      aud: resource,
      sub: record.userId,
      kind: record.kind,
      client_id: record.clientId,
      scope: record.scopes.filter((name) => chosen.has(name)).join(" "),
      permissions: {
        list: permissionIndex.list,
        held: permissionIndex.encode(heldPermissions(record, permissions)),
        granted: permissionIndex.encode(granted),
        ...(granted.length < allowed.length ? { narrowed: true } : {}),
        ...(withheld.length > 0 ? { withheld: withheld.map(({ name }) => name) } : {}),
        ...limitedOf(record, { granted, now, permissionIndex }),
      },
      ...signInOf(record),
      ...(isAnythingOff(await parts.switches.known()) ? { off: true } : {}),
      // Tokens up to the moment of a narrowing count for nothing; this one comes after it.
      iat: Math.max(now, (record.narrowedAt ?? 0) + 1),
      exp: now + asked.expiresInSeconds,
      jti: randomText(16),
      grant_id: record.grantId,
      grant_record: await parts.vault.pointerTo(grantName(record)),
    },
    parts.signingKeys,
  );
  return {
    access_token: accessToken,
    token_type: "Bearer",
    expires_in: asked.expiresInSeconds,
    ...(asked.refreshToken === undefined ? {} : { refresh_token: asked.refreshToken }),
    // Official clients ask again only for what they think they do not have.
    scope: scopes.filter((name) => !partly.has(name)).join(" "),
    resource,
  };
}

/** When the person signed in, as far as that is known (RFC 9068 §2.2.1). */
function signInOf({ signIn = {} }: GrantRecord) {
  const { at, mfaAt } = signIn;
  return {
    ...(at === undefined ? {} : { auth_time: at }),
    ...(mfaAt === undefined ? {} : { mfa_time: mfaAt }),
  };
}

/** Which of the granted permissions end before the grant does, and when. */
function limitedOf(
  { limited }: GrantRecord,
  {
    granted,
    now,
    permissionIndex,
  }: Pick<Parts, "permissionIndex"> & {
    readonly granted: readonly string[];
    readonly now: number;
  },
) {
  const names = granted.filter((name) => limited?.names.includes(name));
  if (limited === undefined || now >= limited.until || names.length === 0) return {};
  return { limited: { bits: permissionIndex.encode(names), until: limited.until } };
}

/**
 * A refresh token as its client will hold it: the library's, our proof, and, for a client that has
 * shown nothing but its name, what the token says of itself.
 */
export async function sealRefreshToken(
  { hintKeys }: Parts,
  inner: string,
  { record, generation, token }: StandingGrant & { readonly token: TokenRequest },
): Promise<string> {
  const proven = await proveRefreshToken(inner, record.proofKey);
  if (showsCredentials(token.form, token.request.headers.get("Authorization"))) return proven;
  const hint = { generation: generation + 1, renewalAt: renewalTimeOf(record.tokens) };
  return `${proven}.${await writeHint({ inner, clientId: record.clientId }, hint, hintKeys)}`;
}

/** A token response with the headers of the library's (RFC 6749 §5.1: never cached). */
export function tokenResponse(body: unknown, headers: Headers): Response {
  const copied = new Headers(headers);
  copied.delete("Content-Length");
  copied.set("Content-Type", "application/json");
  copied.set("Cache-Control", "no-store");
  return new Response(JSON.stringify(body), { headers: copied });
}
