/**
 * An application registered at the local tenant: an ordinary OpenID Connect client by oauth4webapi,
 * as strict as the library is. A tenant goes in; requests, responses and verified tokens come out.
 */
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import type { PersonKey } from "../../dev/tenant/people.ts";
import { startTenant, type Tenant, type TenantOptions } from "../../dev/tenant/tenant.ts";
import { type CookieJar, signIn } from "./tenant.ts";

export const APPLICATION = {
  audience: "https://mcp.acme.test/api",
  clientId: "local-application",
  clientSecret: "the secret of the local application",
  callbackUrls: ["http://localhost:8787/auth/callback"],
  permissions: ["tool:get_user_info", "tool:send_report"],
} satisfies TenantOptions;

const REDIRECT_URI = "http://localhost:8787/auth/callback";
const INSECURE = { [oauth.allowInsecureRequests]: true };

/** A tenant for which `APPLICATION` is registered. */
export function startTestTenant(options: Partial<TenantOptions> = {}): Promise<Tenant> {
  return startTenant({ ...APPLICATION, ...options });
}

/** One sign-in under way. */
export interface Attempt {
  readonly url: URL;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

export interface TenantClient {
  /** The authorization server's metadata, as discovered. */
  readonly as: oauth.AuthorizationServer;
  /** An authorization request; `undefined` takes a parameter away. */
  begin(parameters?: Readonly<Record<string, string | undefined>>): Promise<Attempt>;
  /** The token endpoint's answer to the code of a callback. */
  redeem(attempt: Attempt, callback: URL): Promise<Response>;
  /**
   * The tokens of such an answer, checked as OpenID Connect Core §3.1.3.7 says, with the signature.
   */
  verify(attempt: Attempt, response: Response): Promise<oauth.TokenEndpointResponse>;
  refresh(refreshToken: string): Promise<Response>;
  /** The claims of an access token for our API, by the tenant's published keys. */
  claimsOf(accessToken: string): Promise<JWTPayload>;
  /** All of the above for one person. */
  signIn(
    person: PersonKey,
    parameters?: Readonly<Record<string, string>>,
    jar?: CookieJar,
  ): Promise<oauth.TokenEndpointResponse>;
}

/** The client of one tenant. */
export async function createTenantClient(
  { issuer }: Tenant,
  authentication = oauth.ClientSecretPost(APPLICATION.clientSecret),
): Promise<TenantClient> {
  const client = { client_id: APPLICATION.clientId };
  const discovery = await oauth.discoveryRequest(new URL(issuer), INSECURE);
  const as = await oauth.processDiscoveryResponse(new URL(issuer), discovery);
  const tenantClient: TenantClient = {
    as,
    begin: (parameters = {}) => begin(as, parameters),
    redeem(attempt, callback) {
      const answer = oauth.validateAuthResponse(as, client, callback, attempt.state);
      return oauth.authorizationCodeGrantRequest(
        as,
        client,
        authentication,
        answer,
        REDIRECT_URI,
        attempt.codeVerifier,
        INSECURE,
      );
    },
    async verify(attempt, response) {
      const checks = { expectedNonce: attempt.nonce, requireIdToken: true };
      const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, checks);
      await oauth.validateApplicationLevelSignature(as, response, INSECURE);
      return tokens;
    },
    refresh: (refreshToken) =>
      oauth.refreshTokenGrantRequest(as, client, authentication, refreshToken, INSECURE),
    async claimsOf(accessToken) {
      const expected = { issuer, audience: APPLICATION.audience, algorithms: ["RS256"] };
      return (await jwtVerify(accessToken, keysOf(issuer), expected)).payload;
    },
    async signIn(person, parameters, jar) {
      const attempt = await tenantClient.begin(parameters);
      return tenantClient.verify(
        attempt,
        await tenantClient.redeem(attempt, await signIn(attempt.url, person, jar)),
      );
    },
  };
  return tenantClient;
}

/** The keys the tenant publishes now. */
export function keysOf(issuer: string): ReturnType<typeof createRemoteJWKSet> {
  return createRemoteJWKSet(new URL(".well-known/jwks.json", issuer));
}

async function begin(
  as: oauth.AuthorizationServer,
  parameters: Readonly<Record<string, string | undefined>>,
): Promise<Attempt> {
  const codeVerifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const request = {
    response_type: "code",
    client_id: APPLICATION.clientId,
    redirect_uri: REDIRECT_URI,
    audience: APPLICATION.audience,
    scope: "openid profile email offline_access",
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: "S256",
    ...parameters,
  };
  const url = new URL(as.authorization_endpoint ?? "");
  for (const [name, value] of Object.entries(request))
    if (value !== undefined) url.searchParams.set(name, value);
  return { url, state, nonce, codeVerifier };
}
