/**
 * An OpenID provider as our identity provider, in one dialect or another. Configuration and the
 * outward parts go in, an IdentityProvider comes out. Every request is made and every answer judged
 * by oauth4webapi; every token is verified before it is believed.
 */
import * as oauth from "oauth4webapi";
import type { IdentityConfig } from "../config.ts";
import { Refusal } from "../errors.ts";
import { createAccounts } from "./accounts.ts";
import { verifyAccessToken } from "./access-token.ts";
import { AUTH0 } from "./auth0.ts";
import { refuseAt } from "./auth0-errors.ts";
import { createBrought } from "./brought-token.ts";
import { authorizationUrl, readMaxAge } from "./authorization-url.ts";
import type { Dialect } from "./dialect.ts";
import { readProfile, readSignIn, verifyIdToken } from "./id-token.ts";
import { askForMachine } from "./machine.ts";
import { isMachine } from "./machine-token.ts";
import { verifyLogoutToken } from "./logout-token.ts";
import type { Metadata } from "./metadata.ts";
import { createOidcDialect } from "./oidc.ts";
import { exchangeOnBehalfOf } from "./on-behalf-of.ts";
import type {
  Identity,
  IdentityProvider,
  SignInSecrets,
  UpstreamAnswer,
  UpstreamTokens,
} from "./provider.ts";
import { type Expectations, type SignedClaims, tokenInvalid } from "./signed-token.ts";
import { createTenant, expectationsOf, type Tenant } from "./tenant.ts";
import { asResponse, receive } from "./token-answer.ts";
import type { Outward } from "./upstream-fetch.ts";
import { deriveSessionId, deriveUserId } from "./user-id.ts";
import { revoke, userInfo } from "./userinfo.ts";

interface BrowserReturn {
  readonly callbackUrl: URL;
  readonly state: string;
  readonly secrets: SignInSecrets;
}

/** The provider behind the contract of provider.ts. Asks nothing of the network until it is used. */
export function createIdentityProvider(config: IdentityConfig, outward: Outward): IdentityProvider {
  const tenant = createTenant(config, dialectOf(config), outward);
  return {
    createSignInSecrets: () => ({
      nonce: oauth.generateRandomNonce(),
      codeVerifier: oauth.generateRandomCodeVerifier(),
    }),
    authorizationUrl: (request, secrets) => authorizationUrl(tenant, request, secrets),
    prepare: async () => void (await tenant.prepare()),
    redeemCode: (callbackUrl, state, secrets) =>
      redeemCode(tenant, { callbackUrl, state, secrets }),
    judgeSignIn: (answer, secrets) => judgeSignIn(tenant, answer, secrets),
    judgeRenewal: (answer, userId, organization) =>
      judgeRenewal(tenant, answer, { userId, organization }),
    renew: (refreshToken) => renew(tenant, refreshToken),
    machineTokens: (machine) => askForMachine(tenant, machine),
    ...createBrought(tenant),
    revoke: (refreshToken) => revoke(tenant, refreshToken),
    userInfo: (tokens) => userInfo(tenant, tokens),
    exchange: (tokens, api) => exchangeOnBehalfOf(tenant, tokens, api),
    accounts: {
      ...createAccounts(tenant),
      judgeReturn: (answer, secrets) => judgeAccountReturn(tenant, answer, secrets),
    },
    verifyLogoutToken: (token) => verifyLogoutToken(token, tenant.findKey, expectationsOf(tenant)),
    checkReachable: () => tenant.reread(),
  };
}

/** Auth0's, unless another is configured. */
export function dialectOf({ oidc }: IdentityConfig): Dialect {
  return oidc === undefined ? AUTH0 : createOidcDialect(oidc);
}

async function redeemCode(tenant: Tenant, browser: BrowserReturn): Promise<Redeemed> {
  const { config, client, authentication, tokenOptions, now } = tenant;
  const metadata = await tenant.prepare();
  const { callback, code } = judgeCallback(tenant, metadata, browser);
  const { codeVerifier } = browser.secrets;
  const { redirectUri } = config;
  const answer = await oauth
    .authorizationCodeGrantRequest(
      metadata,
      client,
      authentication,
      callback,
      redirectUri,
      codeVerifier,
      tokenOptions,
    )
    .then(async (response) => {
      const received = await receive(response);
      if (received === undefined)
        await processCode(tenant, { metadata, response }, browser.secrets);
      return received;
    })
    .catch(refuseAt("code", now));
  if (answer === undefined) throw tokenInvalid("no token response");
  return { ...answer, code };
}

type Redeemed = UpstreamAnswer & { readonly code: string };

async function judgeSignIn(
  tenant: Tenant,
  { body, code }: Redeemed,
  secrets: SignInSecrets,
): Promise<Identity> {
  const { config, findKey, now } = tenant;
  const metadata = await tenant.prepare();
  const answer = await processCode(tenant, { metadata, response: asResponse(body) }, secrets).catch(
    refuseAt("code", now),
  );
  const expected = expectationsOf(tenant, secrets.organization);
  const person = await verifyIdToken({ ...answer, code }, findKey, expected);
  const tokens = await acceptTokens(tenant, answer, expected);
  const { subjectOf } = tenant.dialect;
  if (subjectOf(tokens.claims) !== subjectOf(person)) throw tokenInvalid("other subject");
  return {
    userId: await deriveUserId(config.issuer, subjectOf(person)),
    ...(await readSession(person, config.issuer)),
    profile: readProfile(person),
    signIn: readSignIn(person, now()),
    tokens,
  };
}

/**
 * Who came back from a sign-in for their accounts, by the ID token; the access token is for the
 * provider's own API, which judges it.
 */
async function judgeAccountReturn(
  tenant: Tenant,
  { body, code }: Redeemed,
  secrets: SignInSecrets,
): Promise<{ readonly userId: string; readonly token: string }> {
  const metadata = await tenant.prepare();
  const answer = await processCode(tenant, { metadata, response: asResponse(body) }, secrets).catch(
    refuseAt("code", tenant.now),
  );
  const expected = expectationsOf(tenant, secrets.organization);
  const person = await verifyIdToken({ ...answer, code }, tenant.findKey, expected);
  const userId = await deriveUserId(tenant.config.issuer, tenant.dialect.subjectOf(person));
  return { userId, token: answer.access_token };
}

/**
 * Judges the browser's return (RFC 6749 §4.1.2, RFC 9207 §2.4): our state, their issuer, a code and
 * no error.
 */
function judgeCallback(tenant: Tenant, metadata: Metadata, { callbackUrl, state }: BrowserReturn) {
  try {
    const callback = oauth.validateAuthResponse(metadata, tenant.client, callbackUrl, state);
    const [code, ...others] = callback.getAll("code");
    if (code && others.length === 0) return { callback, code };
  } catch (error) {
    return refuseAt("authorize", tenant.now)(error);
  }
  throw new Refusal("identity_refused", { cause: new Error("not one code") });
}

/**
 * RFC 6749 §4.1.3. The ID token's nonce is checked, and `auth_time` when `max_age` was sent (OIDC
 * Core §3.1.3.7).
 */
function processCode(
  { client }: Tenant,
  { metadata, response }: { readonly metadata: Metadata; readonly response: Response },
  { nonce, maxAge: sentMaxAge }: SignInSecrets,
): Promise<oauth.TokenEndpointResponse> {
  const maxAge = readMaxAge(sentMaxAge);
  return oauth.processAuthorizationCodeResponse(metadata, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
    ...(maxAge === undefined ? {} : { maxAge }),
  });
}

/** RFC 6749 §6. */
async function renew(tenant: Tenant, refreshToken: string): Promise<UpstreamAnswer> {
  const { client, authentication, tokenOptions, now } = tenant;
  const metadata = await tenant.prepare();
  const answer = await oauth
    .refreshTokenGrantRequest(metadata, client, authentication, refreshToken, tokenOptions)
    .then(async (response) => {
      const received = await receive(response);
      if (received === undefined)
        await oauth.processRefreshTokenResponse(metadata, client, response);
      return received;
    })
    .catch(refuseAt("renew", now));
  if (answer === undefined) throw tokenInvalid("no token response");
  return { refreshToken, ...answer };
}

/** Who signed in, and to which organization. */
interface SignedIn {
  readonly userId: string;
  readonly organization: string | undefined;
}

/**
 * Everything of the sign-in holds at a renewal (OIDC Core §12.2): the same person, application and
 * organization, by the access token and by the ID token when there is one.
 */
async function judgeRenewal(
  tenant: Tenant,
  { body, refreshToken }: UpstreamAnswer,
  { userId, organization }: SignedIn,
): Promise<UpstreamTokens> {
  const { config, client, findKey, now } = tenant;
  const metadata = await tenant.prepare();
  const answer = await oauth
    .processRefreshTokenResponse(metadata, client, asResponse(body))
    .catch(refuseAt("renew", now));
  const expected = expectationsOf(tenant, organization);
  const renewed = {
    access_token: answer.access_token,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
  };
  const tokens = await acceptTokens(tenant, renewed, expected);
  const person =
    answer.id_token === undefined
      ? tokens.claims
      : await verifyIdToken({ ...answer, code: undefined }, findKey, expected);
  const subjects = [tokens.claims, person].map(tenant.dialect.subjectOf);
  for (const subject of subjects)
    if ((await deriveUserId(config.issuer, subject)) !== userId)
      throw new Refusal("identity_subject_changed");
  return tokens;
}

/** Believes a token response only after its access token has been verified. */
async function acceptTokens(
  tenant: Tenant,
  answer: Pick<oauth.TokenEndpointResponse, "access_token" | "refresh_token">,
  expected: Expectations,
): Promise<UpstreamTokens> {
  const { claims, permissions } = await verifyAccessToken(
    answer.access_token,
    tenant.findKey,
    expected,
  );
  if (isMachine(claims)) throw tokenInvalid("person", { judged: "access_token" });
  return {
    accessToken: answer.access_token,
    claims,
    expiresAt: claims.exp,
    ...(answer.refresh_token === undefined ? {} : { refreshToken: answer.refresh_token }),
    issuedAt: tenant.now(),
    permissions,
  };
}

async function readSession(
  { sid }: SignedClaims,
  issuer: string,
): Promise<Pick<Identity, "sessionId">> {
  return typeof sid === "string" ? { sessionId: await deriveSessionId(issuer, sid) } : {};
}
