/**
 * The authorization server as an MCP client meets it, step by step with the functions of the
 * official client. The refusal of the resource server goes in, tokens come out. Neither they nor a
 * code are ever printed.
 */
import {
  type AuthorizationServerMetadata,
  checkResourceAllowed,
  computeScopeUnion,
  discoverAuthorizationServerMetadata,
  discoverOAuthProtectedResourceMetadata,
  exchangeAuthorization,
  extractWWWAuthenticateParams,
  OAuthError,
  type OAuthProtectedResourceMetadata,
  type OAuthTokens,
  registerClient,
  resolveClientMetadata,
  startAuthorization,
  validateAuthorizationResponseIssuer,
} from "@modelcontextprotocol/client";
import { Obstacle } from "../obstacle.ts";
import type { Wish } from "./arguments.ts";
import { openBrowser } from "./browser.ts";
import { type Callback, listenForAnswer } from "./callback.ts";
import type { Steps } from "./steps.ts";
import { visit } from "./visitor.ts";

/** Everything between the first refusal and the first token. */
export async function authorize(wish: Wish, refusal: Response, steps: Steps): Promise<OAuthTokens> {
  const { resource, scope: advised, server } = await discover(wish.url, refusal, steps);
  const scope = wish.scope === undefined ? advised : { scope: wish.scope };
  const { issuer } = server;
  const state = crypto.randomUUID();
  const callback = await listenForAnswer(state);
  const { redirectUrl } = callback;
  const common = { metadata: server, resource, fetchFn: steps.fetch };
  try {
    const clientInformation = await steps.run(
      "registration",
      () =>
        registerClient(issuer, {
          ...common,
          clientMetadata: describeClient(redirectUrl),
          ...scope,
        }),
      ({ client_id }) => `client ${client_id}`,
    );
    const request = { ...common, ...scope, clientInformation, redirectUrl, state };
    const { authorizationUrl, codeVerifier } = await startAuthorization(issuer, request);
    const answer = await steps.run(
      "sign-in",
      async () => readAnswer(await signIn(wish, authorizationUrl, callback), server),
      () => describeSignIn(wish),
    );
    return await steps.run(
      "token",
      () =>
        exchangeAuthorization(issuer, {
          ...common,
          ...answer,
          clientInformation,
          codeVerifier,
          redirectUri: redirectUrl,
        }),
      describeTokens,
    );
  } finally {
    callback.close();
  }
}

interface Discovery {
  /** The resource indicator (RFC 8707), as the metadata spells it. */
  readonly resource: string;
  readonly scope: { readonly scope?: string };
  readonly server: AuthorizationServerMetadata;
}

/** Who issues tokens for this resource, as RFC 9728 and RFC 8414 have it found out. */
export async function discover(
  url: URL,
  refusal: Response,
  { run, fetch }: Steps,
): Promise<Discovery> {
  const challenge = extractWWWAuthenticateParams(refusal);
  const { resourceMetadataUrl } = challenge;
  const metadata = await run(
    "resource metadata",
    async () => {
      const where = resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl };
      return checkResource(await discoverOAuthProtectedResourceMetadata(url, where, fetch), url);
    },
    ({ resource }) => resource,
  );
  const server = await run(
    "server metadata",
    () => findServer(metadata.authorization_servers?.[0] ?? url.origin, fetch),
    ({ issuer }) => issuer,
  );
  const isRefreshable = server.scopes_supported?.includes("offline_access") === true;
  const scope = computeScopeUnion(
    challenge.scope ?? metadata.scopes_supported?.join(" "),
    isRefreshable ? "offline_access" : undefined,
  );
  return { resource: metadata.resource, scope: scope === undefined ? {} : { scope }, server };
}

/** RFC 9728 §3.3: metadata that describes another resource must not be used. */
function checkResource(
  metadata: OAuthProtectedResourceMetadata,
  url: URL,
): OAuthProtectedResourceMetadata {
  const { resource } = metadata;
  if (checkResourceAllowed({ requestedResource: url, configuredResource: resource }))
    return metadata;
  throw new Obstacle(
    `The server calls itself ${resource}, not ${url.href}.`,
    "Set RESOURCE_BASE_URL of the server to the address that clients use, or use its address with --url.",
  );
}

async function findServer(
  issuer: string,
  fetchFn: typeof fetch,
): Promise<AuthorizationServerMetadata> {
  const metadata = await discoverAuthorizationServerMetadata(issuer, { fetchFn });
  if (metadata !== undefined) return metadata;
  throw new Obstacle(`${issuer} publishes no authorization server metadata.`);
}

function describeClient(redirectUrl: URL) {
  const clientMetadata = {
    client_name: "npm run try",
    redirect_uris: [redirectUrl.href],
    token_endpoint_auth_method: "none",
  };
  return resolveClientMetadata({ redirectUrl, clientMetadata });
}

/** The answer to the authorization request, once somebody has given it. */
async function signIn(
  { person, holds }: Wish,
  start: URL,
  { answer, redirectUrl }: Callback,
): Promise<URLSearchParams> {
  if (person === undefined) {
    console.log(`\n  Sign in with your browser. If it does not open, go to\n  ${start.href}\n`);
    openBrowser(start);
    return answer;
  }
  await visit(start, { until: redirectUrl, press: ["allow"], signIn: { person, holds } });
  return answer;
}

function describeSignIn({ person, holds }: Wish): string {
  if (person === undefined) return "in the browser, allowed";
  const held = holds && (holds.length === 0 ? "nothing" : holds.join(", "));
  return `${person}${held === undefined ? "" : `, who now holds ${held}`}, allowed`;
}

/**
 * The code of an answer that comes from this server: RFC 9207 §2.4 has `iss` judged before anything
 * else.
 */
function readAnswer(answer: URLSearchParams, server: AuthorizationServerMetadata) {
  const iss = answer.get("iss") ?? undefined;
  validateAuthorizationResponseIssuer({
    iss,
    expectedIssuer: server.issuer,
    issParameterSupported: isIssuerPromised(server),
  });
  const authorizationCode = answer.get("code");
  if (authorizationCode === null)
    throw new OAuthError(answer.get("error") ?? "no code", answer.get("error_description") ?? "");
  return { authorizationCode, ...(iss === undefined ? {} : { iss }) };
}

function isIssuerPromised(server: AuthorizationServerMetadata): boolean {
  return (
    "authorization_response_iss_parameter_supported" in server &&
    server.authorization_response_iss_parameter_supported === true
  );
}

export function describeTokens({
  token_type,
  expires_in,
  refresh_token,
  scope,
}: OAuthTokens): string {
  const life = expires_in === undefined ? "" : ` for ${expires_in} s`;
  const renewal = refresh_token === undefined ? "not renewable" : "renewable";
  return `${token_type}${life}, ${renewal}: ${scope ?? "what was asked"}`;
}
