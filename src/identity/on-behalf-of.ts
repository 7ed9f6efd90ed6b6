/**
 * A token for another API in the person's name: Auth0's On-Behalf-Of token exchange (RFC 8693). The
 * person's access token for our API and the other API go in; its token comes out. Asked for by the
 * Custom API Client of our API, never by the application that signs people in, and never with a
 * token of ours.
 */
import { decodeJwt } from "jose";
import {
  ClientSecretPost,
  genericTokenEndpointRequest,
  processGenericTokenEndpointResponse,
  type TokenEndpointResponse,
} from "oauth4webapi";
import { Refusal } from "../errors.ts";
import { refuseAt } from "./auth0-errors.ts";
import type { OtherApi, OtherToken, UpstreamTokens } from "./provider.ts";
import { tokenInvalid } from "./signed-token.ts";
import type { Tenant } from "./tenant.ts";

const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

/** RFC 8693 §2.1. Refuses with a reason of the place `exchange`. */
export async function exchangeOnBehalfOf(
  tenant: Tenant,
  { accessToken, claims }: Pick<UpstreamTokens, "accessToken" | "claims">,
  { audience, scopes }: OtherApi,
): Promise<OtherToken> {
  const answer = await askAsApiClient(tenant, TOKEN_EXCHANGE, {
    subject_token: accessToken,
    subject_token_type: ACCESS_TOKEN,
    requested_token_type: ACCESS_TOKEN,
    audience,
    ...(scopes.length === 0 ? {} : { scope: scopes.join(" ") }),
  });
  if (!speaksFor(answer.access_token, { audience, subject: claims["sub"] }))
    throw tokenInvalid("subject", { judged: "access_token", phase: "exchange" });
  return readToken(answer, { now: tenant.now(), scopes });
}

/** One question of the Custom API Client at the token endpoint. */
export async function askAsApiClient(
  { config: { apiClient }, client, tokenOptions, now, readMetadata }: Tenant,
  grantType: string,
  form: Readonly<Record<string, string>>,
): Promise<TokenEndpointResponse> {
  if (apiClient === undefined) throw new Refusal("api_client_missing", { facts: MISSING });
  const metadata = await readMetadata();
  const asker = { ...client, client_id: apiClient.clientId };
  const proof = ClientSecretPost(apiClient.clientSecret);
  return genericTokenEndpointRequest(metadata, asker, proof, grantType, { ...form }, tokenOptions)
    .then((response) => processGenericTokenEndpointResponse(metadata, asker, response))
    .catch(refuseAt("exchange", now));
}

const MISSING = { variable: "AUTH0_API_CLIENT_ID, AUTH0_API_CLIENT_SECRET" };

/**
 * Whether a token that says for whom and what it is speaks for this person at this API (RFC 9068 §4,
 * RFC 8693 §1.1). One that says nothing came from the token endpoint, for what we asked. Pure.
 */
export function speaksFor(
  token: string,
  wanted: { readonly audience: string; readonly subject: unknown },
): boolean {
  const claims = readClaims(token);
  if (claims === undefined) return true;
  return [claims.aud].flat().includes(wanted.audience) && claims.sub === wanted.subject;
}

/**
 * The token of an answer. A token that is bound to a key (RFC 9449) would open nothing for a tool,
 * which has none.
 */
export function readToken(
  { access_token: token, token_type: type, expires_in, scope }: TokenEndpointResponse,
  { now, scopes }: { readonly now: number; readonly scopes: readonly string[] },
): OtherToken {
  if (type !== "bearer") throw tokenInvalid("token_type", { phase: "exchange" });
  const given = scope?.split(" ").filter(Boolean);
  // RFC 6749 §5.1: no `scope` in the answer means that all of it was given.
  return { token, expiresAt: now + (expires_in ?? 0), scopes: given ?? scopes };
}

function readClaims(token: string) {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}
