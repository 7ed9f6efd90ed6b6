/**
 * The authorization request. What a client asks of `/authorize` comes in; a validated request, or
 * an error on its way back to the client, comes out. Never redirects to an address that was not
 * validated.
 */
import {
  AuthorizationError,
  authorizationErrorRedirect,
  type AuthRequest,
  CimdFetchError,
} from "@cloudflare/workers-oauth-provider";
import { explainFailure } from "../edge/failure.ts";
import { nameRequest, redirect } from "../edge/redirect.ts";
import { type Reason, REFUSALS, Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { AuthorizationServer } from "./authorization-server.ts";
import { repeatedParameter } from "./parameters.ts";
import type { Parts } from "../parts.ts";
import { isClientId, markOf } from "../clients/mark.ts";
import { assertNotBlocked } from "../switches.ts";
import { describeMismatch, judgeRedirectUri } from "../clients/redirect-uri.ts";
import {
  explainRefusedRequest,
  judgeAuthorizationRequest,
  type RequestError,
} from "./authorization-request.ts";
import { withOurResource } from "./resource.ts";
import { takeHints, withHints } from "./hints.ts";
import { narrowScopes } from "./scopes.ts";

/** How a request was made, and who notes what becomes of it. */
interface Reading {
  readonly parts: Parts;
  readonly exchange: Exchange;
}

/**
 * Validates an authorization request (OAuth 2.1 §4.1.1). What it comes to is the request with its
 * client's hints, or the redirect that tells the client what is wrong with it.
 */
export async function readAuthorization(
  request: Request,
  api: AuthorizationServer["api"],
  reading: Reading,
): Promise<AuthRequest | Response> {
  const { searchParams } = new URL(request.url);
  reading.exchange.note({ client: await markOf(searchParams.get("client_id") ?? "") });
  assertAnswerable(searchParams, reading.parts);
  const { switches } = reading.parts;
  const clientId = searchParams.get("client_id") ?? "";
  await assertNotBlocked(clientId, switches);
  const asked = await parseRequest(api, request, reading);
  await assertNotBlocked(clientId, switches);
  return asked instanceof Response ? asked : withHints(asked, searchParams);
}

interface KnownClient {
  readonly asked: AuthRequest;
  readonly exchange: Exchange;
  /** The cookies that end with this answer, whatever it is. */
  readonly headers?: Headers;
}

/**
 * From here on the client is known: a failure goes back to it as an OAuth error (OAuth 2.1
 * §4.1.2.1).
 */
export async function redirectFaults(
  { asked, exchange, headers = new Headers() }: KnownClient,
  run: () => Promise<Response>,
): Promise<Response> {
  exchange.note({ client: await markOf(asked.clientId) });
  try {
    return await run();
  } catch (error) {
    const failure = explainFailure(error);
    exchange.note({ ...failure });
    const location = nameRequest(explainTo(asked, failure), exchange.requestId);
    return redirect(location, new Headers(headers));
  }
}

/** The client's own address with the error of a refusal. */
export function errorRedirect(asked: AuthRequest, reason: Reason): string {
  const { code, text } = REFUSALS[reason];
  const known =
    (["access_denied", "temporarily_unavailable"] as const).find((name) => name === code) ??
    "server_error";
  return authorizationErrorRedirect(asked, known, text);
}

/** The same, in the words of OIDC Core §3.1.2.6 for a client that wanted nobody to be asked. */
function explainTo(asked: AuthRequest, { reason, upstreamError }: Failure): string {
  const location = errorRedirect(asked, reason);
  if (reason !== "interaction_required" || !isSilentOnly(asked)) return location;
  const url = new URL(location);
  url.searchParams.set("error", String(upstreamError ?? reason));
  return url.href;
}

interface Failure {
  readonly reason: Reason;
  /** Auth0's own code. */
  readonly upstreamError?: string | number;
}

/** Whether a client allows no page at all (OIDC Core §3.1.2.1). */
export function isSilentOnly(asked: AuthRequest): boolean {
  return takeHints(asked).prompt?.split(" ").includes("none") ?? false;
}

/** What is to be told, if a page is allowed; refuses with `interaction_required` when it is not. */
export function mayTell<Told>(asked: AuthRequest, told: Told | undefined): Told | undefined {
  if (told !== undefined && isSilentOnly(asked)) throw new Refusal("interaction_required");
  return told;
}

/** The library's refusals of handles and states as ours: used, expired, or of another browser. */
export async function asRefusals<Value>(answer: Promise<Value>): Promise<Value> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AuthorizationError) throw new Refusal("authorization_expired");
    throw error;
  }
}

/**
 * Validates the request; an error that the client may hear is a redirect to it, every other one is
 * a page.
 */
async function parseRequest(
  api: AuthorizationServer["api"],
  request: Request,
  { parts, exchange }: Reading,
): Promise<AuthRequest | Response> {
  const url = new URL(request.url);
  const query = withOurResource(url.searchParams, parts.config);
  try {
    url.search = query.toString();
    const asked = await api.parseAuthRequest(new Request(url, request));
    const error = judgeAuthorizationRequest(query);
    if (error !== undefined) return sendBack(asked, error, exchange);
    return { ...asked, scope: [...narrowScopes(asked.scope, parts.permissions)] };
  } catch (error) {
    if (error instanceof CimdFetchError) throw parts.documents.explain(error.metadataUrl);
    if (!(error instanceof AuthorizationError)) throw error;
    const { redirectUri, state } = error;
    if (redirectUri === undefined) throw await explainUnknown(api, query);
    const sender = { redirectUri, ...(state && { state }), issuer: parts.config.issuer };
    const flawed = judgeAuthorizationRequest(query) ?? explainRefusedRequest(error.code);
    return sendBack(sender, flawed, exchange);
  }
}

/** The client's own validated address, with the error and the name of the parameter that is wrong. */
function sendBack(
  sender: { readonly redirectUri: string; readonly state?: string; readonly issuer?: string },
  { code, flaw }: RequestError,
  exchange: Exchange,
): Response {
  exchange.note({ reason: "authorization_invalid", error: code, ...flaw });
  const description = `${flaw.parameter} ${flaw.problem}.`;
  const { redirectTo } = new AuthorizationError(code, { ...sender, description });
  if (redirectTo === undefined) throw new Refusal("authorization_invalid", { flaw });
  return redirect(nameRequest(redirectTo, exchange.requestId), new Headers());
}

/** Nobody is sent anywhere: the client is not known, or the address is none of its own. */
async function explainUnknown(
  api: AuthorizationServer["api"],
  query: URLSearchParams,
): Promise<Refusal> {
  const clientId = query.get("client_id") ?? "";
  const client = clientId === "" ? null : await api.lookupClient(clientId);
  if (client === null) {
    const problem = clientId === "" ? "is missing" : "is not known here";
    return new Refusal("client_unknown", { flaw: { parameter: "client_id", problem } });
  }
  const problem = describeMismatch(query.get("redirect_uri") ?? "", client.redirectUris);
  return new Refusal("authorization_invalid", { flaw: { parameter: "redirect_uri", problem } });
}

/**
 * A request that could be read in two ways, or that names an address we send nothing to, not even an
 * error, ends here.
 */
function assertAnswerable(query: URLSearchParams, { config: { auth } }: Parts): void {
  if (!isClientId(query.get("client_id") ?? "-")) {
    const flaw = { parameter: "client_id", problem: "is too long, or not printable" };
    throw new Refusal("client_unknown", { flaw });
  }
  const repeated = repeatedParameter(query);
  if (repeated !== undefined) {
    const flaw = {
      parameter: /^\w{1,64}$/.exec(repeated)?.[0] ?? "a parameter",
      problem: "stands twice",
    };
    throw new Refusal("authorization_invalid", { flaw });
  }
  const own = auth.preregisteredClients.find(
    ({ client_id }) => client_id === query.get("client_id"),
  );
  const allowed = [...auth.allowedRedirectUris, ...(own?.redirect_uris ?? [])];
  const { verdict, problem, variable } = judgeRedirectUri(query.get("redirect_uri") ?? "", allowed);
  if (verdict === "usable" || problem === undefined) return;
  const flaw = { parameter: "redirect_uri", problem, ...(variable && { variable }) };
  throw new Refusal("authorization_invalid", { flaw });
}
