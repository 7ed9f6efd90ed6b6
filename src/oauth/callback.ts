/**
 * The way back from the identity provider. A browser returns with its answer; a grant and a code
 * for the client come out. A state works once, in the browser it was made for; a login that we
 * cannot use ends here, by name.
 */
import type { AuthRequest } from "@cloudflare/workers-oauth-provider";
import * as z from "zod";
import { explainFailure, renderRefusal } from "../edge/failure.ts";
import { warnOnce } from "../edge/log.ts";
import { nameRequest, redirect } from "../edge/redirect.ts";
import { type Reason, Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { chooseLiving, listConnections, scopesNow } from "../grants/connections.ts";
import { abandonToken, tellLater } from "../grants/ending.ts";
import { type GrantRecord, registrationNames } from "../grants/record.ts";
import { scopesOf, writeGrant } from "../grants/writing.ts";
import type { Identity, SignInSecrets } from "../identity/provider.ts";
import { randomText } from "../keys.ts";
import type { Parts } from "../parts.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import { type AuthorizationServer, createAuthorizationServer } from "./authorization-server.ts";
import { choiceOf, type ConsentChoice, type Earlier, judgeReturn, limitedBy } from "./choice.ts";
import { onwardTo } from "./confirmation.ts";
import { readsChallenges } from "./hints.ts";
import { asRefusals, mayTell, errorRedirect, redirectFaults } from "./authorize.ts";
import { readGrantRef } from "./refresh-token.ts";
import { resourceOf, type Where, whereFrom } from "./resource.ts";
import { readBeside, tidy } from "./tidying.ts";

/** What the consent form left for us under the state. */
const secretsSchema = z.object({
  nonce: z.string(),
  codeVerifier: z.string(),
  maxAge: z.string().exactOptional(),
  organization: z.string().exactOptional(),
});

/** A grant whose code is never exchanged is gone after this time, as in the provider library. */
const UNUSED_GRANT_TTL_SECONDS = 600;

/**
 * Faults of the set-up, which only the operator can end: a page names the switch, and its button
 * tells the client. Every other refusal goes straight back to the client.
 */
const SHOWN_ON_A_PAGE: ReadonlySet<Reason> = new Set([
  "identity_permissions_missing",
  "identity_audience_unknown",
  "identity_organization_required",
  "identity_client_not_allowed",
  "identity_token_opaque",
  "identity_algorithm_refused",
]);

/** Without a refresh token of Auth0's, people sign in again each day. */
const OFFLINE_ACCESS = {
  switches: [
    "Auth0, Applications, APIs, your API, Settings: Allow Offline Access",
    "Auth0, Applications, your application, Advanced Settings, Grant Types: Refresh Token",
  ],
};

/** Answers `/auth/callback`. */
export async function finishSignIn(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const work = parts.beginWork();
  const { api, grantText } = createAuthorizationServer(parts, { work, exchange });
  // What Auth0 publishes is asked for beside the state; if it cannot be had, redeeming says so.
  const prepared = parts.identity.prepare().catch(() => undefined);
  const resumed = await asRefusals(api.finishUpstream(request)).catch(async (error: unknown) => {
    exchange.execution.waitUntil(work.discard());
    throw error;
  });
  await prepared;
  const asked = resumed.request;
  return redirectFaults({ asked, exchange, headers: resumed.headers }, async () => {
    const secrets = secretsSchema.parse(resumed.data);
    try {
      const context = { parts, work, api, grantText, exchange };
      const onward = await signIn(context, asked, { url: new URL(request.url), secrets });
      if (onward.cookie !== undefined) resumed.headers.append("Set-Cookie", onward.cookie);
      return redirect(onward.location, resumed.headers);
    } catch (error) {
      if (!(error instanceof Refusal) || !SHOWN_ON_A_PAGE.has(error.reason)) throw error;
      exchange.note(explainFailure(error));
      const returnTo = {
        href: nameRequest(errorRedirect(asked, error.reason), exchange.requestId),
        clientName: new URL(asked.redirectUri).host || "the application",
      };
      const { requestId } = exchange;
      return renderRefusal(error, { wants: "page", requestId, look: parts.look, returnTo });
    }
  });
}

interface SignInContext {
  readonly parts: Parts;
  readonly work: UnitOfWork;
  readonly api: AuthorizationServer["api"];
  readonly grantText: AuthorizationServer["grantText"];
  readonly exchange: Exchange;
}

interface BrowserReturn {
  readonly url: URL;
  readonly secrets: SignInSecrets;
}

/** Where the browser goes: to the client with its code, or first to what the person must be told. */
interface Onward {
  readonly location: string;
  readonly cookie?: string;
}

/**
 * Redeems Auth0's code and writes the grant. Whatever is refused afterwards, Auth0 is told that its
 * refresh token is not wanted.
 */
async function signIn(
  context: SignInContext,
  asked: AuthRequest,
  { url, secrets }: BrowserReturn,
): Promise<Onward> {
  const { parts, work, exchange } = context;
  const state = url.searchParams.get("state") ?? "";
  const [answer] = await Promise.all([
    parts.identity.redeemCode(url, state, secrets),
    work.prefetch({ records: registrationNames(asked.clientId) }).catch(() => undefined),
  ]);
  try {
    const identity = await parts.identity.judgeSignIn(answer, secrets);
    exchange.note({ user: identity.userId });
    if (identity.tokens.refreshToken === undefined) warnOnce("offline_access_off", OFFLINE_ACCESS);
    return await grant(context, asked, { ...identity, ...whereFrom(asked, secrets, parts.config) });
  } catch (error) {
    exchange.execution.waitUntil(abandonToken(parts, answer.refreshToken));
    throw error;
  }
}

/**
 * Writes the grant, with its tokens and its place among the person's connections, and returns the
 * client's redirect, or the way to the page that holds it back.
 */
async function grant(
  { parts, work, api, grantText, exchange }: SignInContext,
  asked: AuthRequest,
  identity: Identity & Partial<Where>,
): Promise<Onward> {
  const { permissions } = parts;
  const choice = choiceOf(asked, parts);
  const earlier = await readEarlier(work, { userId: identity.userId, asked }, parts);
  const telling = mayTell(asked, judgeReturn(choice, identity.tokens.permissions, earlier));
  const scopes = asked.scope.filter((scope) => !permissions.includes(scope));
  const client = await api.lookupClient(asked.clientId);
  const { redirectTo } = await api.completeAuthorization({
    request: asked,
    userId: identity.userId,
    scope: scopes,
    metadata: {},
    props: {},
    // Another installation of this client, or another sign-in of this one, goes on undisturbed.
    revokeExistingGrants: false,
  });
  const ref = readGrantRef(new URL(redirectTo).searchParams.get("code") ?? "");
  const provider = grantText();
  if (ref === undefined || provider === undefined)
    throw new TypeError("the provider library made a code we cannot read");
  const now = parts.now();
  const record: GrantRecord = {
    ...ref,
    ...whoSignedIn(identity),
    clientId: asked.clientId,
    clientName: client?.clientName ?? asked.clientId,
    provider,
    scopes,
    ...allowedBy(choice, asked, now),
    proofKey: randomText(32),
    superseded: [],
    places: [],
    createdAt: now,
    expiresAt: now + UNUSED_GRANT_TTL_SECONDS,
  };
  writeGrant(work, { record, generation: 1 }, { now, scopes: scopesOf(record, permissions) });
  const { refreshToken } = identity.tokens;
  tellLater(work, parts, { ...ref, refreshToken, dueAt: record.expiresAt });
  const { clientName, profile } = record;
  const facts = { redirectTo, grant: ref, clientName, profile, asked, telling };
  const onward = await onwardTo(work, parts, { ...facts, ...(refreshToken && { refreshToken }) });
  const beside = readBeside(work, parts, identity.userId);
  await work.commit({ isPatient: true });
  const tidying = tidy({ parts, exchange }, identity.userId, beside);
  exchange.execution.waitUntil(tidying.catch(() => undefined));
  return onward;
}

function allowedBy(choice: ConsentChoice, asked: AuthRequest, now: number) {
  return {
    granted: choice.ticked,
    changing: choice.changing,
    ...limitedBy(choice, now),
    ...(readsChallenges(asked) ? { readsChallenges: true } : {}),
  };
}

function whoSignedIn({
  sessionId,
  profile,
  signIn,
  tokens,
  ...identity
}: Identity & Partial<Where>) {
  const { resource, organization } = identity;
  return {
    kind: "person" as const,
    ...(resource === undefined ? {} : { resource }),
    ...(organization === undefined ? {} : { organization }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(signIn.at === undefined ? {} : { signIn }),
    profile,
    tokens,
  };
}

/** What this person allowed this client in connections that live, and whose code was exchanged. */
async function readEarlier(
  work: UnitOfWork,
  { userId, asked }: { readonly userId: string; readonly asked: AuthRequest },
  parts: Parts,
): Promise<Earlier> {
  const living = chooseLiving(await listConnections(work, userId), parts.now()).filter(
    ({ clientId, resource = parts.config.resource, expiresAt, lastUsedAt }) =>
      clientId === asked.clientId &&
      resource === resourceOf(asked, parts.config) &&
      expiresAt - lastUsedAt > UNUSED_GRANT_TTL_SECONDS,
  );
  const everything = parts.changing.map(({ name }) => name);
  return {
    exists: living.length > 0,
    ticked: living.flatMap((connection) => [
      ...scopesNow(connection, parts.now()),
      ...(connection.unheld ?? []),
    ]),
    changing: living.flatMap(({ changing = everything }) => changing),
  };
}
