/**
 * Refresh (OAuth 2.1 §4.3). A refresh token comes in; newer tokens go out. A lost answer can be had
 * again for a minute, a window that stayed behind gets the current tokens, and any other use of an
 * old token is theft and ends the grant. Nothing is claimed or written before the token is proven
 * and its client known.
 */
import * as z from "zod";
import { authenticateClient, presentedClientId, withForm } from "../clients/authentication.ts";
import { REFUSALS, Refusal } from "../errors.ts";
import { endAtOnce } from "../grants/ending.ts";
import { holdGrant, holdOn } from "../grants/holding.ts";
import {
  grantName,
  type GrantRecord,
  readGrant,
  registrationNames,
  type StandingGrant,
} from "../grants/record.ts";
import { endsGrant, isRenewalDue } from "../grants/renewal.ts";
import type { Claiming } from "../storage/reading.ts";
import { createAuthorizationServer } from "./authorization-server.ts";
import { assertNotOver, assertScope, assertServed, tokenResponse } from "./issue.ts";
import { type RefreshHint, readHint } from "./refresh-hint.ts";
import { placeOf } from "./refresh-place.ts";
import {
  findSuperseded,
  hashToken,
  isProven,
  judgeRefreshToken,
  readRefreshToken,
} from "./refresh-token.ts";
import { assertResource } from "./resource.ts";
import { advance, askedOf, keepTokens, type Refresh } from "./rotation.ts";
import type { TokenContext, TokenRequest } from "./token-request.ts";

/** How long the answer to a refresh can be had again. */
const REPLAY_SECONDS = 60;

/** Each time another request was first, the grant is read and judged again. */
const MOST_TRIES = 6;

/** What the library keeps about the newest refresh token of a grant. */
const tokenIdsSchema = z.object({ refreshTokenId: z.string().optional() });

type Verdict = "current" | "sibling" | "repeated" | "reused" | "unknown";

/** Answers `grant_type=refresh_token`. */
export async function answerRefresh(context: TokenContext, token: TokenRequest): Promise<Response> {
  const presented = readRefreshToken(token.form.get("refresh_token") ?? "");
  if (presented === undefined) return refuseUnknown(context, token);
  const clientId = presentedClientId(token.form, token.request.headers.get("Authorization"));
  const tokenId = await hashToken(presented.inner);
  const refresh: Refresh = { ...context, token, presented, clientId, tokenId };
  const hint = await hintOf(refresh);
  if (hint === "forged") return refuseUnknown(context, token);
  await context.work.prefetch({
    records: registrationNames(clientId),
    collections: [grantName(presented.grant)],
    ...earlyHold(refresh, hint),
  });
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const answer = await answerOnce(refresh);
    if (answer !== "again") return answer;
  }
  throw new Refusal("grant_busy", { retryAfterSeconds: 2 });
}

/** What the token says of itself, if it does. */
async function hintOf(refresh: Refresh): Promise<RefreshHint | "unsigned" | "forged" | undefined> {
  const { parts, presented, clientId = "" } = refresh;
  return presented.hint === undefined
    ? undefined
    : readHint({ inner: presented.inner, clientId }, presented.hint, parts.hintKeys);
}

/**
 * The holder of a token that we signed for a public client is known already: when a renewal is due,
 * the hold on its generation is taken in the trip that reads. An old token holds an old generation,
 * which stops nobody.
 */
function earlyHold(
  { parts, presented }: Refresh,
  hint: RefreshHint | "unsigned" | undefined,
): { readonly claim?: Claiming } {
  if (hint === undefined || hint === "unsigned" || parts.now() < hint.renewalAt) return {};
  return { claim: holdOn(presented.grant, hint.generation) };
}

async function answerOnce(refresh: Refresh): Promise<Response | "again"> {
  const { parts, token, clientId, presented } = refresh;
  const read = await readGrant(refresh.work, presented.grant, parts.now());
  if (read === undefined) return refuseEnded(refresh);
  const verdict = read.record.provider ? await judge(refresh, read.record) : "unknown";
  if (verdict === "unknown" || read.record.clientId !== clientId)
    return refuseUnknown(refresh, token);
  await assertServed(read.record, parts);
  assertNotOver(read.record, parts);
  const standing = carry(refresh, read);
  const isDue = isRenewalDue(standing.record.tokens, parts.now());
  // The library authenticates whoever it rotates for; everybody else is authenticated here.
  const isLibrarys = verdict === "current" && !isDue;
  const refused = isLibrarys ? undefined : await authenticate(refresh);
  if (refused !== undefined) return refused;
  if (verdict === "reused") return endReused(refresh, standing);
  if (verdict === "repeated") return repeatAnswer(refresh, standing);
  assertResource(token.form, standing.record.resource ?? parts.config.resource);
  assertScope(standing.record, token.form.get("scope"), parts);
  return isDue
    ? renewAndAdvance(refresh, standing, verdict)
    : advance(refresh, { standing, verdict });
}

function authenticate({ parts, work, exchange, token }: Refresh): Promise<Response | undefined> {
  const server = createAuthorizationServer(parts, { work, exchange });
  return authenticateClient(server, token.request, token.form);
}

async function judge(refresh: Refresh, record: GrantRecord): Promise<Verdict> {
  const { parts, token, presented, tokenId } = refresh;
  const { superseded, places, latest } = record;
  const now = parts.now();
  const isOurs = await isProven(presented, record.proofKey);
  const isNewest = latest !== undefined && latest.usedId === tokenId;
  if (isOurs && isNewest && now - latest.at < REPLAY_SECONDS && latest.asked === askedOf(token))
    return "repeated";
  const { refreshTokenId: currentId } = tokenIdsSchema.parse(JSON.parse(record.provider));
  return judgeRefreshToken(
    { id: tokenId, isProven: isOurs },
    { currentId, superseded, places },
    {
      place: await placeOf(token, record.proofKey),
      now,
      reuseSeconds: parts.config.auth.refreshReuseSeconds,
    },
  );
}

function carry({ carried }: Refresh, { record, generation }: StandingGrant): StandingGrant {
  return { record: carried === undefined ? record : { ...record, tokens: carried }, generation };
}

/** The same answer again, for the same client asking for the same. */
async function repeatAnswer(refresh: Refresh, standing: StandingGrant): Promise<Response> {
  if (refresh.carried !== undefined) await keepTokens(refresh, standing, refresh.carried);
  refresh.exchange.note({ repeated: true, user: standing.record.userId });
  return tokenResponse(standing.record.latest?.body, new Headers());
}

/**
 * A token that was used before, by who was not where the client is: stolen, or kept by a client that
 * forgot its newer one. Nobody can tell; all ends.
 */
async function endReused(refresh: Refresh, standing: StandingGrant): Promise<Response> {
  const { record } = standing;
  const { parts, exchange, presented, tokenId } = refresh;
  await end(refresh, standing, record.tokens.refreshToken);
  const use = findSuperseded(tokenId, record.superseded);
  const place = await placeOf(refresh.token, record.proofKey);
  exchange.note({
    reason: "refresh_token_reused",
    user: presented.grant.userId,
    // Theft, or a client that kept an old token: the newer ones went to which kind of client, how
    // long ago, and where was each of the two?
    issuedTo: record.latest?.clientFamily ?? "nobody",
    secondsAgo: parts.now() - (use?.at ?? record.createdAt),
    generationsAgo: use === undefined ? "many" : record.superseded.indexOf(use) + 1,
    supersededAt: use?.wasNew === true ? "new place" : "known place",
    presentedAt: record.places.includes(place) ? "known place" : "new place",
  });
  const { code, status, text } = REFUSALS.refresh_token_reused;
  const headers = { "Cache-Control": "no-store" };
  return Response.json({ error: code, error_description: text }, { status, headers });
}

/** Holds the grant, so that Auth0 is asked once, and goes on with what it gave. */
async function renewAndAdvance(
  refresh: Refresh,
  { record, generation }: StandingGrant,
  verdict: "current" | "sibling",
): Promise<Response | "again"> {
  const { parts, work, presented, clientId, exchange } = refresh;
  const records = registrationNames(clientId);
  if (!work.owns(holdOn(presented.grant, generation).name))
    await holdGrant(work, presented.grant, { records, isSettled: () => isSettled(refresh) });
  const held = await readGrant(work, presented.grant, parts.now());
  if (held?.generation !== generation || (await isSettled(refresh))) return "again";
  exchange.note({ renewed: true });
  const renewed = await parts.keeper.renewals.renew(record).catch(async (error: unknown) => {
    // Auth0 has ended it: there is nothing to tell it.
    if (endsGrant(error)) await end(refresh, held, undefined);
    throw error;
  });
  if (endsGrant(renewed.problem)) await end(refresh, held, renewed.record.tokens.refreshToken);
  else if (renewed.problem !== undefined)
    await keepTokens(refresh, { record: renewed.record, generation }, record.tokens);
  if (renewed.problem !== undefined) throw renewed.problem;
  const standing = { record: renewed.record, generation };
  return advance(refresh, { standing, verdict, before: record.tokens });
}

/** Whether there is nothing left to ask Auth0 for. */
async function isSettled(refresh: Refresh): Promise<boolean> {
  const standing = await readGrant(refresh.work, refresh.presented.grant, refresh.parts.now());
  return standing === undefined || !isRenewalDue(standing.record.tokens, refresh.parts.now());
}

async function end(
  refresh: Refresh,
  { record: { userId, grantId }, generation }: StandingGrant,
  refreshToken: string | undefined,
): Promise<void> {
  const { parts, work, exchange } = refresh;
  await endAtOnce(parts, { work, execution: exchange.execution }, [
    { userId, grantId, generation, refreshToken },
  ]);
  exchange.note({ user: userId });
}

/** There is no such grant any more, which only its client is told. */
async function refuseEnded(refresh: Refresh): Promise<Response> {
  const refused = await authenticate(refresh);
  if (refused !== undefined) return refused;
  throw new Refusal("grant_ended");
}

/** The library refuses a token it cannot read, after it has judged the client. */
function refuseUnknown(context: TokenContext, { request, form }: TokenRequest): Promise<Response> {
  const unreadable = new URLSearchParams(form);
  if (form.has("refresh_token")) unreadable.set("refresh_token", "unknown");
  return createAuthorizationServer(context.parts, context).fetch(withForm(request, unreadable));
}
