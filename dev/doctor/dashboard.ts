/**
 * The switches of Auth0's dashboard, read with a token of the Management API when there is one. The
 * API's and the application's settings go in, a verdict for each switch comes out. Only reads.
 */
import { isAnswer, isObject, readObject } from "./answers.ts";
import { type Check, failure, ok, skipped, type Verdict, warning } from "./check.ts";
import type { Subject } from "./subject.ts";
import { MANAGEMENT_TOKEN } from "./own-variables.ts";

type Settings = Readonly<Record<string, unknown>>;

const area = "Auth0's settings";
const needs = ["issuer"];

export const DASHBOARD_CHECKS: readonly Check[] = [
  { id: "management", area, needs, examine: examineManagement },
  { id: "api", area, needs: ["management"], examine: examineApi },
  { id: "application", area, needs: ["management"], examine: examineApplication },
  { id: "client-grant", area, needs: ["management"], examine: examineClientGrant },
  { id: "permissions-exist", area, needs: ["management"], examine: examinePermissions },
  { id: "tenant-settings", area, needs: ["management"], examine: examineTenant },
];

/** What a setting should be, and what to say when it is not. */
interface Switch {
  readonly name: string;
  readonly isRight: (settings: Settings) => boolean;
  readonly severity: typeof failure | typeof warning;
  readonly says: string;
  readonly fix: string;
}

const API_SWITCHES: readonly Switch[] = [
  {
    name: "Signing Algorithm",
    isRight: ({ signing_alg }) => signing_alg !== "HS256",
    severity: failure,
    says: "the API signs with HS256",
    fix: "Auth0 → APIs → your API → Settings: Signing Algorithm RS256.",
  },
  {
    name: "Enable RBAC",
    isRight: ({ enforce_policies }) => enforce_policies === true,
    severity: failure,
    says: "Enable RBAC is off",
    fix: "Auth0 → APIs → your API → Settings → RBAC Settings: Enable RBAC on.",
  },
  {
    name: "Add Permissions in the Access Token",
    isRight: ({ token_dialect }) => String(token_dialect).endsWith("_authz"),
    severity: failure,
    says: "Add Permissions in the Access Token is off",
    fix: "Auth0 → APIs → your API → Settings → RBAC Settings: Add Permissions in the Access Token on.",
  },
  {
    name: "Allow Offline Access",
    isRight: ({ allow_offline_access }) => allow_offline_access === true,
    severity: failure,
    says: "Allow Offline Access is off: people sign in again whenever Auth0's access token ends",
    fix: "Auth0 → APIs → your API → Settings → Access Settings: Allow Offline Access on.",
  },
  {
    name: "token encryption",
    isRight: ({ token_encryption }) => !token_encryption,
    severity: failure,
    says: "access tokens of the API are encrypted",
    fix: "Auth0 → APIs → your API → Settings: Token Encryption off.",
  },
  {
    name: "user access",
    isRight: ({ subject_type_authorization: types }) => userPolicyOf(types) !== "deny_all",
    severity: failure,
    says: "the API denies access on behalf of people",
    fix: "Auth0 → APIs → your API → Settings → Application Access Policy: All apps for user access.",
  },
];

const APPLICATION_SWITCHES: readonly Switch[] = [
  {
    name: "Application Type",
    isRight: ({ app_type }) => app_type === "regular_web",
    severity: warning,
    says: "the application is no Regular Web Application",
    fix: "Auth0 → your application → Settings: Application Type Regular Web Application.",
  },
  {
    name: "Authorization Code",
    isRight: ({ grant_types }) => hasItem(grant_types, "authorization_code"),
    severity: failure,
    says: "the application may not use authorization codes",
    fix: "Auth0 → your application → Advanced → Grant Types: Authorization Code on.",
  },
  {
    name: "Refresh Token",
    isRight: ({ grant_types }) => hasItem(grant_types, "refresh_token"),
    severity: failure,
    says: "the application may not use refresh tokens",
    fix: "Auth0 → your application → Advanced → Grant Types: Refresh Token on.",
  },
  {
    name: "ID token algorithm",
    isRight: ({ jwt_configuration: jwt }) => !isObject(jwt) || jwt["alg"] !== "HS256",
    severity: failure,
    says: "the application signs ID tokens with HS256",
    fix: "Auth0 → your application → Advanced → OAuth: JSON Web Token Signature Algorithm RS256.",
  },
  {
    name: "rotation",
    isRight: ({ refresh_token: token }) => isObject(token) && token["rotation_type"] === "rotating",
    severity: warning,
    says: "Refresh Token Rotation is off: a refresh token that leaks is of use for ever",
    fix: "Auth0 → your application → Settings: Refresh Token Rotation on, Rotation Overlap Period 30 s.",
  },
  {
    name: "overlap",
    isRight: ({ refresh_token: token }) => !isObject(token) || isOverlapWide(token),
    severity: warning,
    says: "Rotation Overlap Period is shorter than 10 s: an answer that is lost ends a session",
    fix: "Auth0 → your application → Settings: Rotation Overlap Period 10 to 30 s.",
  },
  {
    name: "pushed requests",
    isRight: ({ require_pushed_authorization_requests: required }) => required !== true,
    severity: failure,
    says: "the application requires pushed authorization requests",
    fix: "Set AUTH0_PAR=true, or Auth0 → your application → Advanced → OAuth: Require Pushed Authorization Requests off.",
  },
];

const TENANT_SWITCHES: readonly Switch[] = [
  {
    name: "Refresh Token Revocation Deletes Grant",
    isRight: ({ flags }) => !isObject(flags) || flags["revoke_refresh_token_grant"] !== true,
    severity: warning,
    says: "Refresh Token Revocation Deletes Grant is on: cutting one connection of a person ends all of them",
    fix: "Auth0 → Settings → Advanced: Refresh Token Revocation Deletes Grant off.",
  },
];

async function examineManagement(subject: Subject): Promise<Verdict | undefined> {
  if (subject.config?.auth?.identity.oidc !== undefined)
    return skipped("the provider is not Auth0: its settings are yours to look at");
  if (subject.managementToken === undefined)
    return skipped(
      "the switches of the dashboard were not read",
      `--login finds most of them; or set ${MANAGEMENT_TOKEN} (Auth0 → APIs → Auth0 Management API → API Explorer; read:clients read:resource_servers read:client_grants read:tenant_settings).`,
    );
  const answer = await manage(subject, `clients/${encodeURIComponent(clientIdOf(subject))}`);
  if (isAnswer(answer) && answer.status === 200) return ok("the Management API can be read");
  return failure(
    `the Management API does not answer (${isAnswer(answer) ? answer.status : answer.failure})`,
    `${MANAGEMENT_TOKEN} has ended, lacks read:clients, or is of another tenant. Custom domains have none: leave it out.`,
  );
}

async function examineApi(subject: Subject): Promise<readonly Verdict[]> {
  return judgeSwitches(API_SWITCHES, readObject(await readApi(subject)), "the API");
}

async function examineApplication(subject: Subject): Promise<readonly Verdict[]> {
  const answer = await manage(subject, `clients/${encodeURIComponent(clientIdOf(subject))}`);
  const settings = readObject(answer);
  return [
    ...judgeSwitches(switchesOf(subject), settings, "the application"),
    ...judgeCallbacks(settings, subject.config?.auth?.identity.redirectUri ?? ""),
    ...judgeOrganization(settings, subject.config?.auth?.identity.organization),
  ];
}

async function examineTenant(subject: Subject): Promise<readonly Verdict[]> {
  return judgeSwitches(
    TENANT_SWITCHES,
    readObject(await manage(subject, "tenants/settings")),
    "tenant",
  );
}

/** Where the API asks for a grant of each application, ours has one, with what the tools need. */
async function examineClientGrant(subject: Subject): Promise<Verdict | undefined> {
  const api = readObject(await readApi(subject));
  if (userPolicyOf(api?.["subject_type_authorization"]) !== "require_client_grant")
    return undefined;
  const query = new URLSearchParams({
    audience: subject.config?.auth?.identity.audience ?? "",
    client_id: clientIdOf(subject),
    subject_type: "user",
  });
  const answer = await manage(subject, `client-grants?${query.toString()}`);
  if (!isAnswer(answer) || answer.status !== 200)
    return warning(
      "the API asks for a grant of each application (per-app authorization), which cannot be read",
      `Give ${MANAGEMENT_TOKEN} read:client_grants; or look at Auth0 → APIs → your API → Application Access.`,
    );
  return judgeClientGrant(answer.json, subject.permissions ?? []);
}

/** The grants of the application for the API, on behalf of people. */
export function judgeClientGrant(answer: unknown, required: readonly string[]): Verdict {
  const list = Array.isArray(answer) ? answer : isObject(answer) ? answer["client_grants"] : [];
  const grants = Array.isArray(list) ? list.filter(isObject) : [];
  const place = "Auth0 → APIs → your API → Application Access → your application → User Access";
  if (grants.length === 0)
    return failure(
      "the API asks for a grant of each application, and this one has none for people",
      `${place}: Authorized, with every permission of the tools.`,
    );
  const scopes = grants.flatMap(({ scope }) => (Array.isArray(scope) ? scope : []));
  const hasAll = grants.some(({ allow_all_scopes: all }) => all === true);
  const missing = hasAll ? [] : required.filter((name) => !scopes.includes(name));
  return missing.length === 0
    ? ok("the application is authorized for the API on behalf of people, with every permission")
    : failure(
        `the application's grant for the API lacks ${missing.join(", ")}`,
        `${place}: tick them.`,
      );
}

async function examinePermissions(subject: Subject): Promise<Verdict | undefined> {
  if (subject.permissions === undefined) return undefined;
  return judgePermissions(readObject(await readApi(subject)), subject.permissions);
}

/** The application's switches that must be set so, whatever else is configured. */
function switchesOf({ config }: Subject): readonly Switch[] {
  const pushes = config?.auth?.identity.pushesRequests === true;
  return APPLICATION_SWITCHES.filter(({ name }) => !(pushes && name === "pushed requests"));
}

/** One verdict for each switch that is wrong, or one that nothing is. */
export function judgeSwitches(
  switches: readonly Switch[],
  settings: Settings | undefined,
  what: string,
): readonly Verdict[] {
  if (settings === undefined)
    return [
      skipped(`the settings of ${what} cannot be read`, `${MANAGEMENT_TOKEN} lacks a scope.`),
    ];
  const wrong = switches.filter(({ isRight }) => !isRight(settings));
  if (wrong.length > 0) return wrong.map(({ severity, says, fix }) => severity(says, fix));
  return [ok(`${what}: ${switches.map(({ name }) => name).join(", ")}`)];
}

/** Whether a permission exists for everything that the tools ask for. */
export function judgePermissions(
  api: Settings | undefined,
  required: readonly string[],
): Verdict | undefined {
  const scopes = api?.["scopes"];
  if (!Array.isArray(scopes)) return undefined;
  const known = scopes.flatMap((scope: unknown) => (isObject(scope) ? [scope["value"]] : []));
  const missing = required.filter((name) => !known.includes(name));
  return missing.length === 0
    ? ok("every permission that a tool names exists at Auth0")
    : failure(
        `the API lacks ${missing.join(", ")}`,
        "Auth0 → APIs → your API → Permissions: add them (npm run setup prints the command), then give them to a role.",
      );
}

function judgeCallbacks(application: Settings | undefined, redirectUri: string): Verdict[] {
  const callbacks = application?.["callbacks"];
  if (!Array.isArray(callbacks)) return [];
  return [
    callbacks.includes(redirectUri)
      ? ok(`Allowed Callback URLs have ${redirectUri}`)
      : failure(
          `Allowed Callback URLs lack ${redirectUri}`,
          "Auth0 → your application → Settings → Allowed Callback URLs.",
        ),
  ];
}

function judgeOrganization(application: Settings | undefined, organization?: string): Verdict[] {
  const usage = application?.["organization_usage"];
  if (usage === "require" && organization === undefined)
    return [
      failure(
        "the application takes members of an organization only",
        "Set AUTH0_ORGANIZATION (org_…), or let individuals in: your application → Login Experience.",
      ),
    ];
  if (usage === "deny" && organization !== undefined)
    return [
      failure(
        "the application takes no organization",
        "Auth0 → your application → Login Experience: Business Users, or leave AUTH0_ORGANIZATION out.",
      ),
    ];
  return [];
}

function readApi(subject: Subject) {
  const audience = subject.config?.auth?.identity.audience ?? "";
  return manage(subject, `resource-servers/${encodeURIComponent(audience)}`);
}

function manage({ config, ask, managementToken }: Subject, path: string) {
  return ask(`${config?.auth?.identity.issuer}api/v2/${path}`, {
    headers: { Authorization: `Bearer ${managementToken}` },
  });
}

function clientIdOf({ config }: Subject): string {
  return config?.auth?.identity.clientId ?? "";
}

function userPolicyOf(types: unknown): unknown {
  const user = isObject(types) ? types["user"] : undefined;
  return isObject(user) ? user["policy"] : undefined;
}

function isOverlapWide(token: Settings): boolean {
  return token["rotation_type"] !== "rotating" || Number(token["leeway"] ?? 0) >= 10;
}

function hasItem(list: unknown, item: string): boolean {
  return Array.isArray(list) && list.includes(item);
}
