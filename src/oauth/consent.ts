/**
 * Consent. A validated authorization request comes in; the person is asked, before the identity
 * provider hears of anything; with a yes the browser goes on there, with a no back to the client.
 */
import type { AuthRequest } from "@cloudflare/workers-oauth-provider";
import { readOwnForm } from "../edge/form.ts";
import { nameRequest, redirect } from "../edge/redirect.ts";
import { Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { DEFAULT_IDLE_SECONDS } from "../grants/connections.ts";
import { organizationAt } from "../organizations.ts";
import { ConsentPage, type ConsentRequest, type Standing } from "../pages/consent.tsx";
import { renderPage } from "../pages/layout.tsx";
import { describePermissions } from "../pages/scope.ts";
import { readLimited, readTicked } from "../pages/ticked.ts";
import type { Parts } from "../parts.ts";
import {
  type Approval,
  coversSilently,
  mayBeRemembered,
  recallApproval,
  rememberApproval,
} from "./approvals.ts";
import { type AuthorizationServer, createAuthorizationServer } from "./authorization-server.ts";
import { asRefusals, isSilentOnly, readAuthorization, redirectFaults } from "./authorize.ts";
import { choiceOf, narrowed, wholeChoice, withChoice } from "./choice.ts";
import { type DecisionContext, decideOnce } from "./decision.ts";
import { signInWanted, takeHints } from "./hints.ts";
import { resourceOf } from "./resource.ts";
import { listScopes } from "./scopes.ts";

const SECONDS_PER_DAY = 86_400;

type Description = Awaited<ReturnType<AuthorizationServer["api"]["describeConsent"]>>;

interface Asking {
  readonly asked: AuthRequest;
  readonly description: Description;
  readonly approval: Approval | undefined;
  readonly parts: Parts;
}

/**
 * GET `/authorize`: validates the request and asks the person (OAuth 2.1 §4.1.1; MCP, Confused
 * Deputy Problem), unless they said that they need not be asked again.
 */
export async function askConsent(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const work = parts.beginWork();
  const { api } = createAuthorizationServer(parts, { work, exchange });
  const asked = await readAuthorization(request, api, { parts, exchange });
  if (asked instanceof Response) return asked;
  return redirectFaults({ asked, exchange }, async () => {
    const description = await api.describeConsent(asked);
    const approval = await recallApproval(request, asked, parts);
    const asking = { asked, description, approval, parts };
    const choice = wholeChoice(asked.scope, parts);
    if (approval !== undefined && isSilent(asking, approval)) {
      exchange.note({ consent: "remembered" });
      const ticked = choice.ticked.filter((name) => approval.ticked.includes(name));
      const silent = { ...choice, ...narrowed(ticked, parts.changing), isRemembered: true };
      const response = await sendToSignIn({ api, parts }, withChoice(asked, silent));
      await work.commit();
      return response;
    }
    if (isSilentOnly(asked)) throw new Refusal("interaction_required");
    const isDiffShown = approval !== undefined;
    const { handle, headers } = await api.beginConsent(
      withChoice(asked, { ...choice, isDiffShown }),
    );
    await work.commit();
    return renderPage(ConsentPage({ ...describe(asking), handle }), parts.look, { headers });
  });
}

/**
 * POST `/authorize`: takes the person's decision and sends the browser on, by 302 GET, never 307.
 */
export async function takeDecision(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const form = await readOwnForm(request, parts.config.issuer);
  return decideOnce(exchange, parts, (context) => decide(request, form, context));
}

async function decide(
  request: Request,
  form: URLSearchParams,
  { parts, work, exchange }: DecisionContext,
): Promise<Response> {
  const { api } = createAuthorizationServer(parts, { work, exchange });
  const handle = form.get("handle") ?? "";
  const decision = form.get("decision");
  if (decision !== "allow" && decision !== "switch") {
    const { redirectTo, headers } = await asRefusals(api.denyConsent(request, handle));
    await work.commit();
    exchange.note({ reason: "consent_denied" });
    return redirect(nameRequest(redirectTo, exchange.requestId), headers);
  }
  const { request: approved, headers } = await asRefusals(api.approveConsent(request, handle));
  return redirectFaults({ asked: approved, exchange, headers }, async () => {
    const { ticked, declined, asked } = takeChoice(approved, form, parts);
    const isSilent = form.has("remember");
    const remembered = { asked: approved, ticked, declined, isSilent };
    const cookie = await rememberApproval(request, remembered, parts);
    if (cookie !== undefined) headers.append("Set-Cookie", cookie);
    const isOtherAccount = decision === "switch";
    const response = await sendToSignIn({ api, parts }, asked, { headers, isOtherAccount });
    await work.commit();
    return response;
  });
}

/** Sends the browser to the identity provider. Only for a request that a person has approved. */
export async function sendToSignIn(
  { api, parts }: { readonly api: AuthorizationServer["api"]; readonly parts: Parts },
  asked: AuthRequest,
  {
    headers = new Headers(),
    isOtherAccount = false,
  }: { readonly headers?: Headers; readonly isOtherAccount?: boolean } = {},
): Promise<Response> {
  const { organization } = organizationAt(resourceOf(asked, parts.config), parts.config) ?? {};
  const secrets = {
    ...parts.identity.createSignInSecrets(),
    ...(organization === undefined ? {} : { organization }),
  };
  const { maxAge: _, acrValues: __, ...hints } = takeHints(asked);
  const wanted = signInWanted({ hints: takeHints(asked), scope: asked.scope }, parts.freshness);
  const { maxAge, acrValues } = wanted;
  const data = maxAge === undefined ? secrets : { ...secrets, maxAge };
  const upstream = await api.beginUpstream(asked, { data, headers });
  const request = {
    state: upstream.state,
    isForGrant: true,
    ...hints,
    ...(maxAge && { maxAge }),
    ...(acrValues && { acrValues }),
    // Auth0 would sign the same person in again without a word.
    ...(isOtherAccount && { prompt: "login" }),
  };
  return redirect(await parts.identity.authorizationUrl(request, secrets), upstream.headers);
}

/** The ticked and the declined, and the request with them. */
function takeChoice(approved: AuthRequest, form: URLSearchParams, parts: Parts) {
  const shown = choiceOf(approved, parts);
  const offered = describePermissions(shown.ticked, parts);
  const ticked = readTicked(form, offered);
  const limited = readLimited(form, offered, ticked);
  const { changing } = narrowed(ticked, parts.changing);
  const choice = {
    ...shown,
    ticked,
    limited,
    // Only what was on the page: a tool may have come while the person read it.
    changing: changing.filter((name) => shown.changing.includes(name)),
  };
  const declined = shown.ticked.filter((name) => !ticked.includes(name));
  // What ends by itself is asked about again: nothing is remembered of it.
  const lasting = ticked.filter((name) => !limited.includes(name));
  return { ticked: lasting, declined, asked: withChoice(approved, choice) };
}

function isSilent({ asked, description, parts }: Asking, approval: Approval): boolean {
  const standing = standingOf(asked, description, parts);
  return (
    mayBeRemembered(standing.kind !== "unverified", description) &&
    coversSilently(approval, wholeChoice(asked.scope, parts).ticked) &&
    takeHints(asked).prompt?.split(" ").includes("consent") !== true
  );
}

function standingOf(
  { clientId }: AuthRequest,
  { clientDomain }: Description,
  { config }: Parts,
): Standing {
  if (clientDomain !== undefined) return { kind: "verified", address: clientId };
  const isOperators = config.auth.preregisteredClients.some(({ client_id: id }) => id === clientId);
  return { kind: isOperators ? "operator" : "unverified" };
}

function describe({ asked, description, approval, parts }: Asking): Omit<ConsentRequest, "handle"> {
  const { ticked: offered } = wholeChoice(asked.scope, parts);
  const resource = resourceOf(asked, parts.config);
  const standing = standingOf(asked, description, parts);
  const isNamed = offered.some((name) => asked.scope.includes(name));
  const known = new Set(approval && [...approval.ticked, ...(isNamed ? [] : approval.declined)]);
  return {
    client: { name: description.clientName, standing, uri: description.clientUri },
    redirectIsLoopback: description.redirectIsLoopback,
    redirectUri: description.redirectUri,
    scopes: shownScopes(asked, offered),
    choices: describePermissions(offered, parts).map((facts) => ({
      ...facts,
      // What was declined stays so, unless the client asks for it by name.
      isTicked: isNamed || approval?.declined.includes(facts.name) !== true,
      isNew: approval !== undefined && !known.has(facts.name),
    })),
    openTools: parts.tools.filter((tool) => tool.permissions.length === 0),
    idleDays: DEFAULT_IDLE_SECONDS / SECONDS_PER_DAY,
    longestSeconds: parts.config.auth.sessionMaxSeconds,
    mayBeRemembered: mayBeRemembered(standing.kind !== "unverified", description),
    action: "/authorize",
    resource,
    organization: organizationAt(resource, parts.config)?.name,
  };
}

function shownScopes({ scope }: AuthRequest, offered: readonly string[]): readonly string[] {
  const others = listScopes([]).filter((name) => name === "offline_access" || scope.includes(name));
  return [...others, ...offered];
}
