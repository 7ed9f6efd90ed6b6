/**
 * oidc-provider, set up as an ordinary Auth0 tenant: one Regular Web Application, one API. The parts of the tenant go
 * in, a provider that speaks the dialect comes out. Decides nothing the certified library can decide.
 */
import { decodeJwt } from "jose";
import {
  type AccessToken,
  type Account,
  type Configuration,
  type Context,
  errors,
  Provider,
  type StructuredToken,
} from "oidc-provider";
import type { Answers } from "./answers.ts";
import { accessTokenClaims, OPENID_SCOPES, profileClaims } from "./claims.ts";
import {
  audienceOf,
  authorizeDialect,
  discoveryDialect,
  resourceOf,
  tokenDialect,
} from "./dialect.ts";
import type { Keyring } from "./keys.ts";
import { login, loginPath } from "./login.ts";
import type { Logout, LogoutSession } from "./logout.ts";
import { messagePage, signOutPage } from "./pages.ts";
import type { Directory } from "./people.ts";
import type { Records } from "./records.ts";
import { userInfo } from "./userinfo.ts";

const DAY_SECONDS = 86_400;
const SESSION_COOKIE = "tenant_session";

/** What a tenant is made of. */
export interface Parts {
  readonly issuer: string;
  readonly audience: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly callbackUrls: readonly string[];
  readonly directory: Directory;
  readonly keyring: Keyring;
  readonly records: Records;
  readonly answers: Answers;
  readonly logout: Logout;
}

/** A provider over the keys the keyring has now; a rotation needs a new one. */
export function createProvider(parts: Parts): Provider {
  const provider = new Provider(parts.issuer, configure(parts));
  return provider
    .use(parts.answers.middleware)
    .use(authorizeDialect(SESSION_COOKIE))
    .use(tokenDialect)
    .use(discoveryDialect)
    .use(userInfo({ ...parts, provider }))
    .use(login(provider, parts.directory));
}

function configure(parts: Parts): Configuration {
  return {
    adapter: parts.records.adapter,
    claims: {
      openid: ["sub"],
      profile: ["name", "nickname", "picture", "updated_at"],
      email: ["email", "email_verified"],
    },
    clientAuthMethods: ["client_secret_basic", "client_secret_post"],
    clientBasedCORS: () => false,
    clients: [application(parts)],
    conformIdTokenClaims: false,
    cookies: {
      names: {
        session: SESSION_COOKIE,
        interaction: "tenant_interaction",
        resume: "tenant_resume",
      },
    },
    extraParams: ["organization", "connection"],
    features: features(parts),
    fetch: (_, { body }) =>
      parts.logout.deliverLogoutToken(parts.logout.createLogoutToken(sessionOf(body))),
    findAccount: (_, sub) => findAccount(sub, parts.directory),
    formats: { customizers: { jwt: (_, token, jwt) => speakAuth0(token, jwt, parts) } },
    interactions: { url: (_, interaction) => loginPath(interaction) },
    jwks: { keys: parts.keyring.all() },
    pkce: { required: () => false },
    renderError,
    responseTypes: ["code"],
    rotateRefreshToken: true,
    routes: ROUTES,
    scopes: OPENID_SCOPES,
    ttl: {
      AccessToken: parts.answers.accessTokenTtlSeconds,
      AuthorizationCode: 60,
      Grant: 30 * DAY_SECONDS,
      IdToken: 36_000,
      Interaction: 3600,
      RefreshToken: 30 * DAY_SECONDS,
      Session: 3 * DAY_SECONDS,
    },
  };
}

const ROUTES = {
  authorization: "/authorize",
  end_session: "/oidc/logout",
  jwks: "/.well-known/jwks.json",
  revocation: "/oauth/revoke",
  token: "/oauth/token",
  userinfo: "/userinfo",
};

/** The one Regular Web Application. It gets a `sid` because it takes part in back-channel logout. */
function application({
  clientId,
  clientSecret,
  callbackUrls,
  issuer,
}: Parts): Configuration["clients"][number] {
  return {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: callbackUrls,
    post_logout_redirect_uris: callbackUrls.map((url) => new URL("/", url).href),
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "client_secret_post",
    backchannel_logout_uri: issuer,
    backchannel_logout_session_required: true,
  };
}

function features({ audience, directory }: Parts): Configuration["features"] {
  return {
    backchannelLogout: { enabled: true },
    devInteractions: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo(_, resource) {
        if (resource !== resourceOf(audience))
          throw new errors.AccessDenied(`Service not found: ${audienceOf(resource)}`);
        const scope = [...OPENID_SCOPES, ...directory.allPermissions()].join(" ");
        return { audience, scope, accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } };
      },
    },
    revocation: {
      enabled: true,
      allowedPolicy: (_, client, token) => token.clientId === client.clientId,
    },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => void (ctx.body = signOutPage(form)),
      postLogoutSuccessSource: (ctx) =>
        void (ctx.body = messagePage("You are signed out", "You may close this page.")),
    },
  };
}

/** A blocked person is nobody: their refresh tokens are dead. */
function findAccount(sub: string, directory: Directory): Account | undefined {
  const person = directory.findBySubject(sub);
  if (person === undefined || directory.isBlocked(person)) return undefined;
  return { accountId: sub, claims: () => profileClaims(person, new Set(OPENID_SCOPES)) };
}

/** Auth0's default token dialect: `typ: JWT`, and the claims of `accessTokenClaims`. */
function speakAuth0(
  token: AccessToken,
  jwt: StructuredToken,
  { issuer, audience, directory }: Parts,
): void {
  const person = directory.findBySubject(token.accountId);
  jwt.header = { typ: "JWT" };
  jwt.payload = accessTokenClaims(jwt.payload, {
    issuer,
    audience,
    permissions: person === undefined ? [] : directory.permissionsOf(person),
    isRefreshed: token.gty?.endsWith("refresh_token") ?? false,
  });
}

/** The session that oidc-provider's own logout token names; ours goes out in its place. */
function sessionOf(form: URLSearchParams): LogoutSession {
  const { sub, sid } = decodeJwt<{ sid?: string }>(form.get("logout_token") ?? "");
  return { sub: sub ?? "", ...(sid === undefined ? {} : { sid }) };
}

/** What never goes back to the callback is said on a page of the tenant's own. */
function renderError(
  ctx: Context,
  out: { readonly error: string; readonly error_description?: string },
): void {
  ctx.type = "html";
  if (out.error === "invalid_redirect_uri") {
    ctx.status = 403;
    ctx.body = messagePage(
      "Callback URL mismatch",
      "The provided redirect_uri is not in the list of allowed callback URLs.",
    );
  } else {
    ctx.body = messagePage(
      "Oops!, something went wrong",
      `${out.error}: ${out.error_description ?? ""}`,
    );
  }
}
