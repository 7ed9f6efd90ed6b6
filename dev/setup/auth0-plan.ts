/**
 * The Auth0 side as a plan: what the tenant has already, and what this server needs, go in; the
 * requests of the Management API that are missing come out. Nothing is created twice, nothing that
 * somebody else set is taken away. Pure.
 */
export interface Wanted {
  readonly audience: string;
  /** Not known before the first deployment at workers.dev. */
  readonly callbackUrl: string | undefined;
  /** Auth0 sends invitations and stale bookmarks there; https only. */
  readonly loginUrl: string | undefined;
  readonly permissions: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** What was found; `undefined` when there is none yet. */
export interface Found {
  readonly api: Fields | undefined;
  readonly application: Fields | undefined;
  readonly role: Fields | undefined;
}

export interface Request {
  /** For whoever reads the plan. */
  readonly does: string;
  readonly method: "post" | "patch";
  readonly path: string;
  readonly body: Fields;
}

/** How it is called at Auth0, and found again. */
export const NAME = "auth0-mcp-worker";

const GRANTS = ["authorization_code", "refresh_token"];

/** The API and the application; the role needs an id first (`planRole`). */
export function planSettings(wanted: Wanted, found: Found): readonly Request[] {
  return [planApi(wanted, found.api), planApplication(wanted, found.application)].filter(
    (request) => request !== undefined,
  );
}

function planApi({ audience, permissions }: Wanted, api: Fields | undefined): Request | undefined {
  const switches = {
    enforce_policies: true,
    token_dialect: dialectOf(api),
    allow_offline_access: true,
    signing_alg: "RS256",
  };
  const scopes = listOf(api?.["scopes"]);
  const known = scopes.flatMap((scope) => (isFields(scope) ? [scope["value"]] : []));
  const missing = permissions.filter((name) => !known.includes(name));
  const added = missing.map((value) => ({ value, description: value }));
  if (api === undefined)
    return {
      does: `create the API ${audience} with ${listed(permissions)}`,
      method: "post",
      path: "resource-servers",
      body: { name: NAME, identifier: audience, ...switches, scopes: added },
    };
  const changed = differences(switches, api);
  if (missing.length === 0 && Object.keys(changed).length === 0) return undefined;
  return {
    does: `set ${listed([...Object.keys(changed), ...missing])} in the API`,
    method: "patch",
    path: `resource-servers/${String(api["id"])}`,
    body: { ...changed, ...(missing.length === 0 ? {} : { scopes: [...scopes, ...added] }) },
  };
}

/** Both dialects will do, with permissions in them. */
function dialectOf(api: Fields | undefined): string {
  const dialect = String(api?.["token_dialect"] ?? "access_token");
  return dialect.endsWith("_authz") ? dialect : `${dialect}_authz`;
}

function planApplication(
  { callbackUrl, loginUrl }: Wanted,
  application: Fields | undefined,
): Request | undefined {
  const callbacks = listOf(application?.["callbacks"]);
  const grants = listOf(application?.["grant_types"]);
  const wanted = {
    ...(callbackUrl === undefined
      ? {}
      : { callbacks: callbacks.includes(callbackUrl) ? callbacks : [...callbacks, callbackUrl] }),
    grant_types: [...grants, ...GRANTS.filter((grant) => !grants.includes(grant))],
    ...(loginUrl === undefined ? {} : { initiate_login_uri: loginUrl }),
  };
  const fresh = {
    refresh_token: { rotation_type: "rotating", expiration_type: "expiring", leeway: 30 },
    jwt_configuration: { alg: "RS256" },
    oidc_conformant: true,
  };
  if (application === undefined)
    return {
      does: `create the application ${NAME}${callbackUrl === undefined ? "" : ` with the callback ${callbackUrl}`}`,
      method: "post",
      path: "clients",
      body: { name: NAME, app_type: "regular_web", ...fresh, ...wanted },
    };
  const changed = differences(wanted, application);
  if (Object.keys(changed).length === 0) return undefined;
  return {
    does: `set ${listed(Object.keys(changed))} in the application`,
    method: "patch",
    path: `clients/${String(application["client_id"])}`,
    body: changed,
  };
}

/** A role that has every permission of the tools. */
export function planRole(wanted: Wanted, { role }: Found): Request | undefined {
  if (role !== undefined || wanted.permissions.length === 0) return undefined;
  return {
    does: `create the role ${NAME}`,
    method: "post",
    path: "roles",
    body: { name: NAME, description: "Every permission of the tools of this MCP server" },
  };
}

/** Adding what a role has already changes nothing. */
export function planRolePermissions(wanted: Wanted, role: Fields): Request {
  return {
    does: `give the role ${listed(wanted.permissions)}`,
    method: "post",
    path: `roles/${String(role["id"])}/permissions`,
    body: {
      permissions: wanted.permissions.map((permission_name) => ({
        permission_name,
        resource_server_identifier: wanted.audience,
      })),
    },
  };
}

/** As a line of the Auth0 CLI. */
export function renderRequest({ method, path, body }: Request): string {
  return `auth0 api ${method} "${path}" --data '${JSON.stringify(body).replaceAll("'", String.raw`'\''`)}'`;
}

function differences(wanted: Fields, found: Fields): Fields {
  return Object.fromEntries(
    Object.entries(wanted).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(found[name]),
    ),
  );
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "no permission" : names.join(", ");
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
