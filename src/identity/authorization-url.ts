/**
 * The way of a browser to the identity provider. A sign-in and its secrets go in, the address to open
 * comes out; with pushed requests it says nothing but a reference.
 */
import * as oauth from "oauth4webapi";
import type { IdentityConfig } from "../config.ts";
import { refuseAt } from "./auth0-errors.ts";
import type { Metadata } from "./metadata.ts";
import type { SignInRequest, SignInSecrets } from "./provider.ts";
import type { Tenant } from "./tenant.ts";

/** OIDC Core §3.1.2.1 with PKCE (RFC 7636 §4.3). */
export async function authorizationUrl(
  tenant: Tenant,
  request: SignInRequest,
  secrets: SignInSecrets,
): Promise<string> {
  const { clientId, redirectUri } = tenant.config;
  const metadata = await tenant.readMetadata();
  const url = new URL(metadata.authorization_endpoint);
  const parameters = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    ...tenant.dialect.parametersOf(atOrganization(tenant.config, secrets), request),
    state: request.state,
    nonce: secrets.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(secrets.codeVerifier),
    code_challenge_method: "S256",
    login_hint: request.loginHint,
    max_age: readMaxAge(request.maxAge)?.toString(),
    acr_values: request.acrValues,
  };
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) url.searchParams.set(name, value);
  return tenant.config.pushesRequests === true ? push(tenant, metadata, url) : url.href;
}

/** RFC 9126: the parameters go straight to the provider; the browser carries a reference to them. */
async function push(tenant: Tenant, metadata: Metadata, url: URL): Promise<string> {
  const { client, authentication, options, now } = tenant;
  const { request_uri } = await oauth
    .pushedAuthorizationRequest(metadata, client, authentication, url.searchParams, options)
    .then((response) => oauth.processPushedAuthorizationResponse(metadata, client, response))
    .catch(refuseAt("authorize", now));
  const pushed = new URL(metadata.authorization_endpoint);
  pushed.searchParams.set("client_id", client.client_id);
  pushed.searchParams.set("request_uri", request_uri);
  return pushed.href;
}

/** A resource of an organization leads into that one, whatever is configured for the others. */
function atOrganization(config: IdentityConfig, { organization }: SignInSecrets): IdentityConfig {
  return organization === undefined ? config : { ...config, organization };
}

/** `max_age` in seconds; what is no such number is not sent, and so not expected. */
export function readMaxAge(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
