/**
 * The door of the resource server: a bearer token goes in, a caller comes out, or a challenge that
 * tells the client what to do. It accepts our own access tokens, and the identity provider's only
 * where the operator lists whose.
 */
import { OAuthResourceServer } from "@cloudflare/workers-oauth-provider";
import { markOf } from "../clients/mark.ts";
import type { Config } from "../config.ts";
import { createKeptAnswers } from "../edge/kept-answers.ts";
import { type Reason, REFUSALS, Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { BASE_SCOPES, type SigningKeys } from "../grants/access-token.ts";
import type { Grants, Standing } from "../grants/grant.ts";
import { organizationIn } from "../organizations.ts";
import {
  broughtCaller,
  type BroughtTokens,
  createBroughtJudge,
  isOfBrought,
  refuseBrought,
} from "./brought-caller.ts";
import type { PermissionIndex } from "../grants/permission-index.ts";
import { type Caller, standingOf } from "./caller.ts";
import { bearerOf, callerKey, type Credential, createCredentials } from "./credential.ts";
import { asOAuthError } from "./refusal.ts";
import type { Site } from "../site-definition.ts";
import { assertClientOn, assertNotDown, type SwitchedOff, type Switches } from "../switches.ts";

/** Below it is the protected resource metadata, at the path of the resource (RFC 9728 §3.1). */
export const METADATA_PATH = "/.well-known/oauth-protected-resource";

export interface GateParts {
  readonly config: Config;
  readonly site: Site;
  /** These are needed unless sign-in is off. */
  readonly grants?: Grants;
  readonly signingKeys?: SigningKeys;
  readonly permissionIndex?: PermissionIndex;
  readonly switches?: Switches;
  /** Judges the identity provider's own tokens, where they may be brought. */
  readonly brought?: BroughtTokens;
  /** Epoch seconds. */
  now(): number;
}

/** Who comes in, and what everybody else is told. */
export interface Gate {
  /** The caller behind a request's credential, or the answer that refuses it. Reads no body. */
  admit(request: Request, exchange: Exchange): Promise<Caller | Response>;
  /** Answers a request for the resource's metadata (RFC 9728), under the name that it has there. */
  describe(request: Request, exchange: Exchange): Promise<Response>;
}

/**
 * The gate. The library words its challenges and the metadata. Throws `TypeError` when a part is
 * missing: a gate without its keys must not stand open.
 */
export function createGate(parts: GateParts): Gate {
  const watch = openWatch(parts);
  const { config, site } = watch;
  const server = new OAuthResourceServer<Refused, never>({
    resourceMetadata: {
      resource: config.resource,
      authorization_servers: [config.issuer],
      resource_name: site.title,
    },
    requiredScopes: [...BASE_SCOPES],
    handler: { fetch: () => Promise.reject(new TypeError("nobody comes in this way")) },
    validateToken: (refused) => () => Promise.reject(asOAuthError(refused)),
  });
  const answers = createKeptAnswers<Reason | "metadata">();
  return {
    async admit({ headers }, exchange) {
      const judged = await judge(headers.get("authorization"), watch, exchange);
      if (!("reason" in judged)) return judged;
      exchange.note({ ...judged.facts, reason: judged.reason });
      if (isStranger(judged)) await exchange.limits?.hold("strangers");
      if (isOfBrought(judged)) return refuseBrought(judged);
      const refuse = () => challenge(server, config, { refused: judged, exchange });
      return isStranger(judged) ? answers(judged.reason, refuse) : refuse();
    },
    async describe({ method, headers }, { execution }) {
      const describe = async () => {
        const request = new Request(metadataUrlOf(config), { method, headers });
        const described = await server.fetch(request, NOTHING, execution);
        return withLinks(described, describeResource(site, config));
      };
      return method === "GET" && !headers.has("origin")
        ? answers("metadata", describe)
        : describe();
    },
  };
}

function openWatch(parts: GateParts): Watch {
  const { brought, config, grants, now, permissionIndex, signingKeys, site, switches } = parts;
  if (!grants || !signingKeys || !permissionIndex || !switches)
    throw new TypeError("sign-in is on: grants, signing keys and switches are needed");
  const judgeCredential = createCredentials({ config, grants, signingKeys, now });
  const known = { config, site, now, grants, permissionIndex, switches, judgeCredential };
  // An organization's address is for whoever signed in to it here.
  return brought === undefined || organizationIn(config.resource) !== undefined
    ? known
    : { ...known, brought, judgeBrought: createBroughtJudge(brought, now) };
}

/** A reason to refuse, with what else the client may be told. */
type Refused = Pick<Refusal, "reason" | "retryAfterSeconds" | "facts">;

const NOTHING: Refused = { reason: "internal_error", retryAfterSeconds: undefined, facts: {} };

/** Whose credential does not hold hears the same as everybody else like that: a 401. */
function isStranger({ reason }: Refused): boolean {
  const { code, status } = REFUSALS[reason];
  return status === 401 || code === "invalid_grant";
}

/** RFC 6750 §3.1: a challenge names an error only when a credential was presented. */
async function challenge(
  server: OAuthResourceServer<Refused, never>,
  { resource }: Config,
  { refused, exchange }: { readonly refused: Refused; readonly exchange: Exchange },
): Promise<Response> {
  const headers = new Headers();
  if (refused.reason !== "access_token_missing") headers.set("authorization", "Bearer -");
  const request = new Request(resource, { method: "POST", headers });
  return inWords(await server.fetch(request, refused, exchange.execution));
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
export function metadataUrlOf({ issuer, resource }: Config): string {
  return `${issuer}${METADATA_PATH}${new URL(resource).pathname}`;
}

interface Watch extends GateParts {
  readonly grants: Grants;
  readonly permissionIndex: PermissionIndex;
  readonly switches: Switches;
  readonly judgeCredential: ReturnType<typeof createCredentials>;
  readonly judgeBrought?: ReturnType<typeof createBroughtJudge>;
}

/**
 * Our signature first: a forged token costs no store command. Then whether its grant still lives.
 */
async function judge(
  credential: string | null,
  watch: Watch,
  exchange: Exchange,
): Promise<Caller | Refused> {
  try {
    const judged = credential === null ? "missing" : await watch.judgeCredential(credential);
    if (typeof judged !== "string") return await admitBearer(judged, watch, exchange);
    const token = bearerOf(credential ?? "");
    if (judged === "malformed" && watch.brought?.claimsToBeOurs(token) === true)
      return await admitBrought(token, watch, exchange);
    await assertNotDown(watch.switches);
    return { ...NOTHING, reason: `access_token_${judged}` };
  } catch (error) {
    return error instanceof Refusal ? error : NOTHING;
  }
}

/** Whoever brings a token of the identity provider's that is accepted here. Asks no store. */
async function admitBrought(
  token: string,
  { judgeBrought, now, switches }: Watch,
  exchange: Exchange,
): Promise<Caller | Refused> {
  if (judgeBrought === undefined) return { ...NOTHING, reason: "access_token_malformed" };
  const brought = await judgeBrought(token);
  const { userId, clientId, kind, actors, held } = brought;
  exchange.note({
    user: userId,
    client: await markOf(clientId),
    caller: kind,
    isBrought: true,
    ...(actors > 0 ? { actors } : {}),
  });
  await exchange.limits?.hold("calls", callerKey({ userId, clientId }));
  const off = await switches.current();
  assertClientOn(off, clientId);
  const standing = withoutBlocked(
    { held, granted: brought.granted, withheld: [] },
    { off, exchange },
  );
  return broughtCaller({ ...brought, ...standing }, now());
}

/** Whoever a good token speaks for: unless its client is blocked, and as long as its grant lives. */
async function admitBearer(
  { claims, client, grant, counted, callerWith }: Credential,
  { grants, permissionIndex: index, now, switches }: Watch,
  exchange: Exchange,
): Promise<Caller | Refused> {
  exchange.note({ user: claims.sub, client, caller: claims.kind });
  await exchange.limits?.hold("calls", counted);
  // Where the store is asked about ends, what is off is heard beside.
  const isAlive = await grants.isAlive(grant);
  const off = await switches.current(claims.off === undefined ? claims.iat : undefined);
  assertClientOn(off, claims.client_id);
  if (!isAlive)
    return {
      ...NOTHING,
      reason: grants.wasNarrowed(grant) ? "access_token_narrowed" : "grant_ended",
    };
  const standing = await standingOf(claims, grants, { index, now: now() });
  return standing === undefined
    ? { ...NOTHING, reason: "access_token_expired" }
    : callerWith(withoutBlocked(standing, { off, exchange }));
}

/** Nobody has what is blocked, whatever the identity provider says. */
function withoutBlocked(
  standing: Standing,
  { off, exchange }: { readonly off: SwitchedOff; readonly exchange: Exchange },
): Standing {
  const blocked = off.permissions.filter((name) => standing.held.includes(name));
  if (blocked.length === 0) return standing;
  exchange.note({ blockedPermissions: blocked.join(" ") });
  return { ...standing, held: standing.held.filter((name) => !blocked.includes(name)) };
}
