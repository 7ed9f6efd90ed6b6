/**
 * The door of the resource server: a bearer token goes in, a caller comes out, or a challenge that
 * tells the client what to do. It accepts our own access tokens only and never touches the identity
 * provider's.
 */
import { OAuthError, OAuthResourceServer } from "@cloudflare/workers-oauth-provider";
import type { Config } from "../config.ts";
import { REFUSALS, Refusal } from "../errors.ts";
import { BASE_SCOPES, type SigningKeys, verifyAccessToken } from "../grants/access-token.ts";
import type { Grants, Standing } from "../grants/grant.ts";
import type { PermissionIndex } from "../grants/permission-index.ts";
import { type Caller, grantOf, signedInCaller, standingOf } from "./caller.ts";
import type { Trace } from "./context.ts";
import type { Auth } from "./tool-context.ts";
import type { Site } from "../site-definition.ts";

/**
 * Where the protected resource metadata of `/mcp` is (RFC 9728 §3.1); the path alone is an alias.
 */
export const METADATA_PATH = "/.well-known/oauth-protected-resource";

export interface GateParts {
  readonly config: Config;
  readonly site: Site;
  /** Both are needed unless sign-in is off. */
  readonly grants?: Grants;
  readonly signingKeys?: SigningKeys;
  readonly permissionIndex?: PermissionIndex;
  /** Epoch seconds. */
  now(): number;
}

/** Lets a request of ours in with its caller, or answers it itself. */
export type Gate<Passing> = (
  request: Request,
  passing: Passing,
  execution: ExecutionContext,
) => Promise<Response>;

const RETRY_AFTER_SECONDS = 5;

/**
 * The gate in front of `serve`; the metadata request gets its document. Throws `TypeError` when a
 * part is missing: a gate without its keys must not stand open.
 */
export function createGate<Passing extends { readonly exchange: Trace }>(
  { config, site, grants, signingKeys, permissionIndex, now }: GateParts,
  serve: (request: Request, passing: Passing, caller: Caller) => Promise<Response>,
): Gate<Passing> {
  if (grants === undefined || signingKeys === undefined || permissionIndex === undefined)
    throw new TypeError("sign-in is on: grants and signing keys are needed");
  const watch = { config, site, grants, signingKeys, permissionIndex, now };
  const server = new OAuthResourceServer<Passing, Caller>({
    resourceMetadata: {
      resource: config.resource,
      authorization_servers: [config.issuer],
      resource_name: site.title,
    },
    requiredScopes: [...BASE_SCOPES],
    handler: { fetch: (request, passing, { props }) => serve(request, passing, props) },
    validateToken:
      ({ exchange }) =>
      async (audience, token) => ({ props: await admit(token, watch, exchange), audience }),
  });
  return async (request, passing, execution) => {
    if (request.url === config.resource) checkCredential(request, passing.exchange);
    const response = await server.fetch(request, passing, execution);
    if (response.status === 401) await passing.exchange.limits?.hold("strangers");
    return request.url === config.resource
      ? inWords(response)
      : withLinks(response, describeResource(site, config));
  };
}

/** RFC 9728 §2: what people are told of the resource beside its name; the library knows only that. */
function describeResource({ links = {} }: Site, { issuer }: Config) {
  return {
    resource_documentation: links.documentation ?? `${issuer}/`,
    ...(links.privacy === undefined ? {} : { resource_policy_uri: links.privacy }),
    ...(links.terms === undefined ? {} : { resource_tos_uri: links.terms }),
  };
}

/** The metadata with more members, if it is the metadata and not a refusal. */
async function withLinks(response: Response, links: Record<string, string>): Promise<Response> {
  if (!response.ok || response.body === null) return response;
  const metadata: Record<string, unknown> = await response.json();
  return Response.json({ ...metadata, ...links }, { headers: response.headers });
}

/**
 * The library's challenge has no body. Clients that see only the body, MCP Inspector before 2.0
 * among them, know by the word "Unauthorized" that they have to sign in.
 */
function inWords(response: Response): Response {
  if (response.status !== 401 || response.body !== null) return response;
  const { text } = REFUSALS.access_token_missing;
  const body = { error: "unauthorized", error_description: `Unauthorized. ${text}` };
  return Response.json(body, { status: 401, headers: response.headers });
}

/** Where a client learns who issues tokens for us (RFC 9728 §3.1). */
export function metadataUrlOf({ issuer }: Config): string {
  return `${issuer}${METADATA_PATH}/mcp`;
}

/**
 * RFC 6750 §3.1: a challenge names an error only when a credential was presented. The library takes
 * an `Authorization` that is not one bearer token for none at all; it is a bad one.
 */
function checkCredential({ headers }: Request, exchange: Trace): void {
  const presented = headers.get("authorization");
  if (presented === null) exchange.note({ reason: "access_token_missing" });
  else if (!/^Bearer[\t ]+[^\s,]+$/i.test(presented)) headers.set("authorization", "Bearer -");
}

/** Whom `/mcp` counts: a person's calls through one client, from wherever they come. */
export function callerKey({ userId, clientId }: Pick<Auth, "userId" | "clientId">): string {
  return `${userId} ${clientId}`;
}

interface Watch extends GateParts {
  readonly grants: Grants;
  readonly signingKeys: SigningKeys;
  readonly permissionIndex: PermissionIndex;
}

/**
 * Our signature first: a forged token costs no store command. Then whether its grant still lives.
 */
async function admit(token: string, watch: Watch, exchange: Trace): Promise<Caller> {
  const { config, grants, signingKeys, permissionIndex, now } = watch;
  try {
    const expected = { issuer: config.issuer, resource: config.resource, now: now() };
    const claims = await verifyAccessToken(token, expected, signingKeys);
    if (typeof claims === "string") throw new Refusal(`access_token_${claims}`);
    exchange.note({ user: claims.sub });
    await exchange.limits?.hold(
      "calls",
      callerKey({ userId: claims.sub, clientId: claims.client_id }),
    );
    if (config.auth?.blockedClients.includes(claims.client_id)) throw new Refusal("client_blocked");
    if (!(await grants.isAlive(grantOf(claims)))) throw new Refusal("grant_ended");
    const standing = await standingOf(claims, grants, permissionIndex);
    if (standing === undefined) throw new Refusal("access_token_expired");
    const { blockedPermissions = [] } = config.auth ?? {};
    return signedInCaller(claims, withoutBlocked(standing, blockedPermissions), grants);
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal("internal_error");
    exchange.note({ ...refusal.facts, reason: refusal.reason });
    throw asOAuthError(refusal);
  }
}

/** Nobody has what is blocked, whatever the identity provider says. */
function withoutBlocked(standing: Standing, blocked: readonly string[]): Standing {
  const held = standing.held.filter((name) => !blocked.includes(name));
  return blocked.length === 0 ? standing : { ...standing, held };
}

/**
 * RFC 6750 §3.1. Only a bad credential is a 401, which makes a client sign in again; a fault of
 * ours is a 503.
 */
function asOAuthError({ reason, retryAfterSeconds }: Refusal): OAuthError {
  const { code, status, text: description } = REFUSALS[reason];
  if (code === "access_denied") return new OAuthError(code, { description, statusCode: status });
  if (code === "invalid_token" || code === "invalid_grant")
    return new OAuthError("invalid_token", { description });
  return new OAuthError("temporarily_unavailable", {
    description,
    statusCode: status === 429 ? 429 : 503,
    headers: { "Retry-After": String(retryAfterSeconds ?? RETRY_AFTER_SECONDS) },
  });
}
