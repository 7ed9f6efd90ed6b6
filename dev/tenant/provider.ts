/**
 * oidc-provider, set up as an ordinary Auth0 tenant: one Regular Web Application, one API. The
 * parts of the tenant go in, a provider that speaks the dialect comes out. Decides nothing the
 * certified library can decide.
 */
import { decodeJwt } from "jose";
import {
  type AccessToken,
  type Account,
  type Configuration,
  type Context,
  Provider,
  type StructuredToken,
} from "oidc-provider";
import { SECOND_FACTOR } from "../../src/grants/freshness.ts";
import type { Answers } from "./answers.ts";
import {
  accountAudience,
  type AccountStore,
  addTokenVault,
  connectedAccounts,
} from "./accounts.ts";
import { accessTokenClaims, OPENID_SCOPES, organizationClaims, profileClaims } from "./claims.ts";
import type { Dashboard } from "./dashboard.ts";
import {
  authorizeDialect,
  discoveryDialect,
  pass,
  plainAuthorize,
  pushDialect,
  tokenDialect,
} from "./dialect.ts";
import { addTokenExchange, type ApiClient, apiClient } from "./exchange.ts";
import type { Keyring } from "./keys.ts";
import { login } from "./login.ts";
import { loginPath } from "./login-path.ts";
import type { Logout, LogoutSession } from "./logout.ts";
import type { Machines } from "./machines.ts";
import { callbackMismatchPage, errorPage, signedOutPage, signOutPage } from "./pages.ts";
import type { Directory } from "./people.ts";
import type { Records } from "./records.ts";
import { apis, application } from "./registration.ts";
import { userInfo } from "./userinfo.ts";

const DAY_SECONDS = 86_400;

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
  readonly accounts: AccountStore;
  readonly apiClient?: ApiClient;
  readonly otherApis?: Readonly<Record<string, readonly string[]>>;
  /** Without Auth0's dialect. */
  readonly isPlain?: boolean;
  readonly dashboard: Dashboard;
  readonly logout: Logout;
  readonly machines: Machines;
}

/** A provider over the keys the keyring has now; a rotation needs a new one. */
export function createProvider(parts: Parts): Provider {
  const provider = new Provider(parts.issuer, configure(parts));
  if (parts.apiClient !== undefined) {
    addTokenExchange(provider, parts);
    addTokenVault(provider, parts);
  }
  return provider
    .use(parts.answers.middleware)
    .use(parts.machines.middleware)
    .use(parts.dashboard.middleware)
    .use(parts.isPlain ? plainAuthorize(COOKIES.session) : authorizeDialect(COOKIES.session))
    .use(parts.isPlain ? pass : pushDialect)
    .use(parts.isPlain ? pass : tokenDialect)
    .use(parts.isPlain ? pass : discoveryDialect)
    .use(connectedAccounts(parts))
    .use(userInfo({ ...parts, provider }))
    .use(login(provider, parts.directory));
}

function configure(parts: Parts): Configuration {
  return {
    acrValues: [SECOND_FACTOR],
    adapter: (model) => parts.records.adapter(model),
    claims: CLAIMS,
    clientAuthMethods: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
    clientBasedCORS: () => false,
    clients: [application(parts), ...(parts.apiClient ? [apiClient(parts.apiClient)] : [])],
    conformIdTokenClaims: false,
    cookies: { names: COOKIES },
    extraParams: ["organization", "connection"],
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: true },
      resourceIndicators: apis(parts),
      revocation: {
        enabled: true,
        allowedPolicy: (_, client, { clientId }) => clientId === client.clientId,
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => void (ctx.body = signOutPage(form)),
        postLogoutSuccessSource: (ctx) => void (ctx.body = signedOutPage()),
      },
    },
    fetch: (_, { body }) =>
      parts.logout.deliverLogoutToken(parts.logout.createLogoutToken(sessionOf(body))),
    findAccount: (ctx, sub) => findAccount(ctx, sub, parts.directory),
    formats: {
      customizers: {
        jwt: (ctx, token, jwt) =>
          parts.isPlain
            ? speakPlainly(token, jwt, parts)
            : speakAuth0(token, jwt, { ...parts, organization: organizationIn(ctx) }),
      },
    },
    interactions: { url: (_, interaction) => loginPath(interaction) },
    jwks: { keys: parts.keyring.all() },
    pkce: { required: () => false },
    renderError: (ctx, out) => show(ctx, out.error, out.error_description),
    responseTypes: ["code"],
    rotateRefreshToken: () => parts.dashboard.rotates(),
    routes: ROUTES,
    scopes: OPENID_SCOPES,
    ttl: {
      AccessToken: () => parts.answers.accessTokenTtlSeconds(),
      AuthorizationCode: 60,
      Grant: 30 * DAY_SECONDS,
      IdToken: 36_000,
      Interaction: 3600,
      RefreshToken: 30 * DAY_SECONDS,
      Session: 3 * DAY_SECONDS,
    },
  };
}

const COOKIES = {
  session: "tenant_session",
  interaction: "tenant_interaction",
  resume: "tenant_resume",
};

/** The claims each scope opens, in the ID token and at `/userinfo`. */
const CLAIMS = {
  openid: ["sub", "amr", "org_id", "org_name"],
  profile: ["name", "nickname", "picture", "updated_at"],
  email: ["email", "email_verified"],
};

const ROUTES = {
  authorization: "/authorize",
  end_session: "/oidc/logout",
  jwks: "/.well-known/jwks.json",
  pushed_authorization_request: "/oauth/par",
  revocation: "/oauth/revoke",
  token: "/oauth/token",
  userinfo: "/userinfo",
};

/** The organization that the person of this request signed in to, as tokens say it. */
function organizationIn(ctx: Context): Readonly<Record<string, string>> {
  return organizationClaims(ctx.oidc?.entities.Grant?.getOIDCScope());
}

/** A blocked person is nobody: their refresh tokens are dead. */
function findAccount(ctx: Context, sub: string, directory: Directory): Account | undefined {
  const person = directory.findBySubject(sub);
  if (person === undefined || directory.isBlocked(person)) return undefined;
  const profile = profileClaims(person, new Set(OPENID_SCOPES));
  // The grant is known only when they are asked for.
  return { accountId: sub, claims: () => ({ ...profile, ...organizationIn(ctx) }) };
}

/** Auth0's default token dialect: `typ: JWT`, and the claims of `accessTokenClaims`. */
function speakAuth0(
  token: AccessToken,
  jwt: StructuredToken,
  {
    issuer,
    audience,
    directory,
    organization,
  }: Parts & { readonly organization: Readonly<Record<string, string>> },
): void {
  const person = directory.findBySubject(token.accountId);
  jwt.header = { typ: "JWT" };
  if (jwt.payload["aud"] === accountAudience(issuer)) return;
  jwt.payload = accessTokenClaims(jwt.payload, {
    issuer,
    audience,
    organization,
    permissions: person === undefined ? [] : directory.permissionsOf(person),
    isRefreshed: token.gty?.endsWith("refresh_token") ?? false,
  });
}

/** RFC 9068, with the permissions in a claim of its own. */
function speakPlainly(token: AccessToken, jwt: StructuredToken, { directory }: Parts): void {
  const person = directory.findBySubject(token.accountId);
  const permissions = person === undefined ? [] : directory.permissionsOf(person);
  jwt.payload = { ...jwt.payload, permissions };
}

/** The session that oidc-provider's own logout token names; ours goes out in its place. */
function sessionOf(form: URLSearchParams): LogoutSession {
  const { sub, sid } = decodeJwt<{ sid?: string }>(form.get("logout_token") ?? "");
  return { sub: sub ?? "", ...(sid === undefined ? {} : { sid }) };
}

/** What never goes back to the callback is said on a page of the tenant's own. */
function show(ctx: Context, error: string, description = ""): void {
  const isMismatch = error === "invalid_redirect_uri";
  if (isMismatch) ctx.status = 403;
  ctx.type = "html";
  ctx.body = isMismatch ? callbackMismatchPage() : errorPage(`${error}: ${description}`);
}
