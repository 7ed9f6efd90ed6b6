/**
 * The switches of the tenant's dashboard, in the words of Auth0's Management API. Settings go in;
 * the tenant behaves accordingly, and its Management API shows them to whoever has its token. The
 * defaults are those that docs/auth0-setup.md asks for.
 */
import type { Context, Middleware } from "oidc-provider";
import type { Shape } from "./forgery.ts";
import type { Directory } from "./people.ts";

/** A resource server, as far as a login depends on it. */
export interface ApiSettings {
  readonly signing_alg: "RS256" | "HS256";
  /** "Enable RBAC". */
  readonly enforce_policies: boolean;
  /** "Add Permissions in the Access Token" is the ending `_authz`. */
  readonly token_dialect:
    | "access_token"
    | "access_token_authz"
    | "rfc9068_profile"
    | "rfc9068_profile_authz";
  readonly allow_offline_access: boolean;
  readonly token_encryption: null | { readonly format: "compact-nested-jwe" };
  readonly subject_type_authorization: {
    readonly user: { readonly policy: "allow_all" | "require_client_grant" | "deny_all" };
  };
}

/** An application, as far as a login depends on it. */
export interface ApplicationSettings {
  readonly app_type: string;
  readonly grant_types: readonly string[];
  readonly jwt_configuration: { readonly alg: "RS256" | "HS256" };
  readonly refresh_token: {
    readonly rotation_type: "rotating" | "non-rotating";
    readonly leeway: number;
  };
  readonly organization_usage: "deny" | "allow" | "require";
  readonly require_pushed_authorization_requests: boolean;
  readonly initiate_login_uri?: string;
}

/** A grant of the application for the API, on behalf of people. */
export interface ClientGrant {
  readonly scope: readonly string[];
  readonly allow_all_scopes?: boolean;
}

/** What somebody has changed in the dashboard. */
export interface Changes {
  /** Without one, an API that asks for it (per-app authorization) keeps the application out. */
  readonly clientGrant?: ClientGrant;
  readonly api?: Partial<ApiSettings>;
  readonly application?: Partial<ApplicationSettings>;
  readonly tenant?: Readonly<Record<string, unknown>>;
}

export interface Dashboard {
  readonly middleware: Middleware;
  /** Changes these settings and leaves the others. */
  change(changes: Changes): void;
  /** How token responses differ because of the settings. */
  shape(): Shape;
  rotates(): boolean;
  /** Everything as documented again. */
  clear(): void;
}

interface Registered {
  readonly audience: string;
  readonly clientId: string;
  readonly callbackUrls: readonly string[];
  readonly directory: Directory;
  /** Opens the Management API. */
  readonly managementToken?: string;
}

const API: ApiSettings = {
  signing_alg: "RS256",
  enforce_policies: true,
  token_dialect: "access_token_authz",
  allow_offline_access: true,
  token_encryption: null,
  subject_type_authorization: { user: { policy: "allow_all" } },
};

const APPLICATION: ApplicationSettings = {
  app_type: "regular_web",
  grant_types: ["authorization_code", "refresh_token"],
  jwt_configuration: { alg: "RS256" },
  refresh_token: { rotation_type: "rotating", leeway: 30 },
  organization_usage: "allow",
  require_pushed_authorization_requests: false,
};

/** A dashboard in which everything is as documented. */
export function createDashboard(registered: Registered): Dashboard {
  let api = API;
  let application = APPLICATION;
  let tenant: Readonly<Record<string, unknown>> = {};
  let clientGrant: ClientGrant | undefined;
  return {
    async middleware(ctx, next) {
      if (ctx.path.startsWith("/api/v2/"))
        return manage(ctx, registered, { api, application, tenant, clientGrant });
      const refusal =
        isAuthorizing(ctx, registered) && judgeRequest(ctx, { api, application, clientGrant });
      if (refusal) return sendBack(ctx, refusal);
      await next();
      if (ctx.path === "/oauth/token") refuseGrantType(ctx, application);
    },
    change(changes) {
      api = { ...api, ...changes.api };
      application = { ...application, ...changes.application };
      tenant = { ...tenant, ...changes.tenant };
      clientGrant = changes.clientGrant ?? clientGrant;
    },
    shape: () => shapeOf(api, application),
    rotates: () => application.refresh_token.rotation_type === "rotating",
    clear() {
      api = API;
      application = APPLICATION;
      tenant = {};
      clientGrant = undefined;
    },
  };
}

type Refusal = Readonly<Record<"error" | "error_description", string>>;

/** An authorization request that may be answered at its callback. */
function isAuthorizing({ path, query }: Context, { clientId, callbackUrls }: Registered): boolean {
  return (
    path === "/authorize" &&
    query["client_id"] === clientId &&
    callbackUrls.includes(String(query["redirect_uri"]))
  );
}

interface Settings {
  readonly api: ApiSettings;
  readonly application: ApplicationSettings;
  readonly clientGrant: ClientGrant | undefined;
}

function judgeRequest(
  { query }: Context,
  { api, application, clientGrant }: Settings,
): Refusal | undefined {
  const hasOrganization = query["organization"] !== undefined;
  const { policy } = api.subject_type_authorization.user;
  if (!application.grant_types.includes("authorization_code"))
    return grantTypeRefused("authorization_code");
  if (application.require_pushed_authorization_requests)
    return {
      error: "invalid_request",
      error_description: "Pushed Authorization Request is required for this client",
    };
  if (application.organization_usage === "require" && !hasOrganization)
    return {
      error: "invalid_request",
      error_description: "parameter organization is required for this client",
    };
  if (application.organization_usage === "deny" && hasOrganization)
    return {
      error: "invalid_request",
      error_description: "parameter organization is not allowed for this client",
    };
  if (policy === "deny_all" || (policy === "require_client_grant" && clientGrant === undefined))
    return {
      error: "unauthorized_client",
      error_description: "Client is not authorized to access this resource server",
    };
  return undefined;
}

function grantTypeRefused(grantType: string): Refusal {
  return {
    error: "unauthorized_client",
    error_description: `Grant type '${grantType}' not allowed for the client.`,
  };
}

function sendBack(ctx: Context, refusal: Refusal): void {
  const url = new URL(String(ctx.query["redirect_uri"]));
  for (const [name, value] of Object.entries({ ...refusal, state: ctx.query["state"] }))
    if (typeof value === "string") url.searchParams.set(name, value);
  ctx.redirect(url.href);
}

/** Whoever has proved to be the application is told which of its grant types is off. */
function refuseGrantType(ctx: Context, { grant_types }: ApplicationSettings): void {
  const grantType = String(ctx.oidc?.params?.["grant_type"]);
  const isStranger = ctx.status === 401;
  const isOthers = !["authorization_code", "refresh_token"].includes(grantType);
  if (isStranger || isOthers || grant_types.includes(grantType)) return;
  ctx.status = 403;
  ctx.body = grantTypeRefused(grantType);
}

function shapeOf(api: ApiSettings, application: ApplicationSettings): Shape {
  const sendsPermissions = api.enforce_policies && api.token_dialect.endsWith("_authz");
  const givesRefreshTokens =
    api.allow_offline_access && application.grant_types.includes("refresh_token");
  return {
    ...(sendsPermissions ? {} : { permissions: "absent" }),
    ...(givesRefreshTokens ? {} : { refreshToken: "none" }),
    ...(application.jwt_configuration.alg === "HS256" ? { idToken: "hs256" } : {}),
    ...accessTokenShape(api),
  };
}

function accessTokenShape(api: ApiSettings): Shape {
  if (api.token_encryption !== null) return { accessToken: "jwe" };
  if (api.signing_alg === "HS256") return { accessToken: "hs256" };
  return api.token_dialect.startsWith("rfc9068") ? { accessToken: "rfc9068" } : {};
}

/** `GET /api/v2/…` for what belongs to this one application and API. */
function manage(
  ctx: Context,
  registered: Registered,
  settings: Settings & { readonly tenant: Readonly<Record<string, unknown>> },
): void {
  const { managementToken, audience, clientId, callbackUrls, directory } = registered;
  const resources: Readonly<Record<string, unknown>> = {
    [`/api/v2/resource-servers/${encodeURIComponent(audience)}`]: {
      ...settings.api,
      identifier: audience,
      scopes: directory.allPermissions().map((value) => ({ value })),
    },
    [`/api/v2/clients/${encodeURIComponent(clientId)}`]: {
      ...settings.application,
      client_id: clientId,
      callbacks: callbackUrls,
    },
    "/api/v2/tenants/settings": settings.tenant,
    "/api/v2/client-grants": settings.clientGrant === undefined ? [] : [settings.clientGrant],
  };
  const isKnown = managementToken && ctx.get("authorization") === `Bearer ${managementToken}`;
  const resource = isKnown ? resources[ctx.path] : undefined;
  const status = isKnown ? 404 : 401;
  ctx.status = resource === undefined ? status : 200;
  ctx.body = resource ?? {
    statusCode: status,
    error: status === 401 ? "Unauthorized" : "Not Found",
  };
}
