/**
 * The way back from the identity provider. A browser returns with its answer; a grant and a code
 * for the client come out. A state works once, in the browser it was made for; a login that we
 * cannot use ends here, by name.
 */
import type { AuthRequest } from "@cloudflare/workers-oauth-provider";
import * as z from "zod";
import { warnOnce } from "../edge/log.ts";
import { redirect } from "../edge/redirect.ts";
import { Refusal, type Reason } from "../errors.ts";
import { explainFailure, renderRefusal } from "../edge/failure.ts";
import type { Exchange } from "../exchange.ts";
import {
  chooseSuperfluous,
  grantOf,
  listConnections,
  MOST_CONNECTIONS,
  putConnection,
} from "../grants/connections.ts";
import {
  connectionsName,
  endGrant,
  type GrantRecord,
  readGrant,
  recordName,
  registrationNames,
} from "../grants/record.ts";
import { revokeUpstream } from "../grants/ending.ts";
import type { GrantRef } from "../grants/grant.ts";
import type { Identity } from "../identity/provider.ts";
import { randomText } from "../keys.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import { createAuthorizationServer, type AuthorizationServer } from "./authorization-server.ts";
import { asRefusals, errorRedirect, redirectFaults } from "./authorize.ts";
import type { Parts } from "../parts.ts";
import { readGrantRef } from "./refresh-token.ts";
import { chooseGranted, grantedScopes } from "./scopes.ts";

/** What the consent form left for us under the state. */
const secretsSchema = z.object({
  nonce: z.string(),
  codeVerifier: z.string(),
  maxAge: z.string().exactOptional(),
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
  const { api } = createAuthorizationServer(parts, { work, exchange });
  const resumed = await asRefusals(api.finishUpstream(request));
  const asked = resumed.request;
  return redirectFaults({ asked, exchange, headers: resumed.headers }, async () => {
    const secrets = secretsSchema.parse(resumed.data);
    const url = new URL(request.url);
    try {
      const identity = await parts.identity.finishSignIn(
        url,
        url.searchParams.get("state") ?? "",
        secrets,
      );
      exchange.note({ user: identity.userId });
      if (identity.tokens.refreshToken === undefined)
        warnOnce("offline_access_off", OFFLINE_ACCESS);
      const location = await grant({ parts, work, api, exchange }, asked, identity);
      return redirect(location, resumed.headers);
    } catch (error) {
      if (!(error instanceof Refusal) || !SHOWN_ON_A_PAGE.has(error.reason)) throw error;
      exchange.note(explainFailure(error));
      const returnTo = {
        href: errorRedirect(asked, error.reason),
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
  readonly exchange: Exchange;
}

/**
 * Writes the grant, with its tokens and its place among the person's connections, and returns the
 * client's redirect.
 */
async function grant(
  context: SignInContext,
  asked: AuthRequest,
  identity: Identity,
): Promise<string> {
  const { parts, work, api } = context;
  await work.prefetch(registrationNames(asked.clientId), {
    fields: connectionsName(identity.userId),
  });
  const granted = chooseGranted(asked.scope, parts.permissions);
  const scope = grantedScopes(
    asked.scope,
    { held: identity.tokens.permissions, granted },
    parts.permissions,
  );
  const client = await api.lookupClient(asked.clientId);
  const { redirectTo } = await api.completeAuthorization({
    request: asked,
    userId: identity.userId,
    scope: [...scope],
    metadata: {},
    props: {},
    // Another installation of this client, or another sign-in of this one, goes on undisturbed.
    revokeExistingGrants: false,
  });
  const ref = readGrantRef(new URL(redirectTo).searchParams.get("code") ?? "");
  if (ref === undefined) throw new TypeError("the provider library made a code we cannot read");
  const now = parts.now();
  const record: GrantRecord = {
    ...ref,
    clientId: asked.clientId,
    clientName: client?.clientName ?? asked.clientId,
    ...(identity.sessionId === undefined ? {} : { sessionId: identity.sessionId }),
    profile: identity.profile,
    tokens: identity.tokens,
    granted,
    proofKey: randomText(32),
    createdAt: now,
    expiresAt: now + UNUSED_GRANT_TTL_SECONDS,
  };
  work.put(recordName(ref), JSON.stringify(record), UNUSED_GRANT_TTL_SECONDS);
  putConnection(work, record, { now, scopes: scope });
  const { ended, records } = await makeRoom(context, identity.userId);
  await work.commit();
  for (const old of ended) parts.keeper.sightings.noteEnded(old);
  for (const old of records) revokeUpstream(context, old);
  return redirectTo;
}

interface Room {
  readonly ended: readonly GrantRef[];
  /** The records of those that still lived. */
  readonly records: readonly GrantRecord[];
}

/** Ends the connections that are too many; Auth0 is to be told of those that still lived. */
async function makeRoom({ parts, work }: SignInContext, userId: string): Promise<Room> {
  const now = parts.now();
  const connections = await listConnections(work, userId);
  const superfluous = chooseSuperfluous(connections, { now, most: MOST_CONNECTIONS });
  const ended = superfluous.map((connection) => grantOf(userId, connection));
  const living = superfluous
    .filter((connection) => connection.expiresAt > now)
    .map((connection) => grantOf(userId, connection));
  if (living.length > 0) await work.prefetch(living.map(recordName));
  const records = await Promise.all(living.map((ref) => readGrant(work, ref)));
  for (const ref of ended) endGrant(work, ref);
  return { ended, records: records.filter((record) => record !== undefined) };
}
