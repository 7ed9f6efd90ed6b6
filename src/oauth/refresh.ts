/**
 * Refresh (OAuth 2.1 §4.3). A refresh token comes in; newer tokens go out, the same ones to
 * everybody who asks with it within a minute: a race or a lost answer logs nobody out. A later use
 * of it is theft, and ends the grant.
 */
import type { TokenExchangeCallbackResult } from "@cloudflare/workers-oauth-provider";
import * as z from "zod";
import { REFUSALS, Refusal } from "../errors.ts";
import { endAtOnce, revokeUpstream } from "../grants/ending.ts";
import { holdGrant } from "../grants/holding.ts";
import {
  grantName,
  type GrantRecord,
  readGrant,
  recordName,
  registrationNames,
  rotationName,
} from "../grants/record.ts";
import { isRenewalDue } from "../grants/renewal.ts";
import {
  type AuthorizationServer,
  createAuthorizationServer,
  type TokenExchange,
} from "./authorization-server.ts";
import { authenticateClient, presentedClientId, withForm } from "../clients/authentication.ts";
import { type Issuance, issue, lifetimes, tokenResponse } from "./issue.ts";
import {
  hashToken,
  isProven,
  judgeRefreshToken,
  type PresentedRefreshToken,
  readRefreshToken,
} from "./refresh-token.ts";
import type { TokenContext, TokenRequest } from "./token-request.ts";

/** How long the answer to a refresh can be had again. */
const REPLAY_SECONDS = 60;

/** The latest answer that was given, for whoever asks the same again. */
const rotationSchema = z.object({
  /** The hash of the token that was used. */
  tokenId: z.string(),
  clientId: z.string(),
  /** What was asked beside the token. */
  asked: z.string(),
  body: z.record(z.string(), z.unknown()),
  /** Epoch seconds; the store's own clock is not trusted. */
  givenAt: z.int(),
});

/** What the library keeps about the newest refresh token of a grant. */
const tokenIdsSchema = z.object({ refreshTokenId: z.string().optional() });

interface Refresh extends TokenContext {
  readonly token: TokenRequest;
  readonly presented: PresentedRefreshToken;
  /** The hash of the presented token. */
  readonly tokenId: string;
  readonly clientId: string | undefined;
}

/** Answers `grant_type=refresh_token`. */
export async function answerRefresh(context: TokenContext, token: TokenRequest): Promise<Response> {
  const presented = readRefreshToken(token.form.get("refresh_token") ?? "");
  if (presented === undefined) return refuseUnknown(context, token);
  const clientId = presentedClientId(token.form, token.request.headers.get("Authorization"));
  const refresh: Refresh = {
    ...context,
    token,
    presented,
    clientId,
    tokenId: await hashToken(presented.inner),
  };
  await holdGrant(context.work, presented.grant, {
    names: namesOf(refresh),
    isSettled: () => isSettled(refresh),
  });
  const given = await readRotation(refresh);
  if (given !== undefined) return repeatAnswer(refresh, given);
  const record = await readGrant(context.work, presented.grant);
  switch (await judge(refresh, record)) {
    case "unknown":
      return refuseUnknown(context, token);
    case "reused":
      return endReused(refresh, record);
    case "current":
      return rotate(refresh, record);
  }
}

function namesOf({ presented: { grant }, clientId }: Refresh): string[] {
  return [grantName(grant), recordName(grant), rotationName(grant), ...registrationNames(clientId)];
}

/**
 * Whoever does not have the hold waits for the answer of the one who has it, or for the end of the
 * grant.
 */
async function isSettled(refresh: Refresh): Promise<boolean> {
  return (
    (await readRotation(refresh)) !== undefined ||
    !refresh.work.hasRead(grantName(refresh.presented.grant))
  );
}

/** The answer to this token, as long as it may be had again and its grant lives. */
async function readRotation({ work, presented: { grant }, tokenId, parts }: Refresh) {
  const text = await work.get(rotationName(grant));
  const given = text === undefined ? undefined : rotationSchema.safeParse(JSON.parse(text)).data;
  if (given?.tokenId !== tokenId || !work.hasRead(grantName(grant))) return undefined;
  return parts.now() - given.givenAt < REPLAY_SECONDS ? given : undefined;
}

async function readTokenIds({ work, presented }: Refresh) {
  const text = await work.get(grantName(presented.grant));
  return text === undefined ? undefined : tokenIdsSchema.parse(JSON.parse(text));
}

async function judge(refresh: Refresh, record: GrantRecord | undefined) {
  const isOurs = record !== undefined && (await isProven(refresh.presented, record.proofKey));
  return judgeRefreshToken({ id: refresh.tokenId, isProven: isOurs }, await readTokenIds(refresh));
}

/**
 * The same answer again, for the same client asking for the same; it authenticates as it would have
 * to.
 */
async function repeatAnswer(
  refresh: Refresh,
  given: z.infer<typeof rotationSchema>,
): Promise<Response> {
  const { token, exchange, clientId } = refresh;
  const refused = await authenticateClient(serverOf(refresh), token.request, token.form);
  if (refused !== undefined) return refused;
  if (given.clientId !== clientId || given.asked !== askedOf(token))
    return refuseUnknown(refresh, token);
  exchange.note({ repeated: true });
  return tokenResponse(given.body, new Headers());
}

/**
 * A token that was used before: stolen, or kept by a client that forgot its newer one. Nobody can
 * tell; all ends.
 */
async function endReused(refresh: Refresh, record: GrantRecord | undefined): Promise<Response> {
  const { parts, token, exchange, presented, clientId } = refresh;
  const refused = await authenticateClient(serverOf(refresh), token.request, token.form);
  if (refused !== undefined) return refused;
  if (record === undefined || record.clientId !== clientId) return refuseUnknown(refresh, token);
  await endAtOnce(refresh, presented.grant, record);
  exchange.note({
    reason: "refresh_token_reused",
    // Theft, or a client that kept an old token: the newer ones went to which kind of client, how
    // long ago?
    issuedTo: record.lastIssue?.clientFamily ?? "nobody",
    secondsAgo: parts.now() - (record.lastIssue?.at ?? record.createdAt),
  });
  const { code, status, text } = REFUSALS.refresh_token_reused;
  return Response.json({ error: code, error_description: text }, { status });
}

async function rotate(refresh: Refresh, record: GrantRecord | undefined): Promise<Response> {
  const { parts, work, token, presented, exchange } = refresh;
  const used = record?.tokens.refreshToken;
  let issuance: Issuance | undefined;
  const server = serverOf(refresh, async (options) => {
    if (record === undefined) throw new Refusal("grant_ended");
    issuance = { record: await renewIfDue(refresh, record), exchange: options };
    return lifetimes(issuance.record, parts.config.auth.accessTokenTtlSeconds, parts.now());
  });
  const form = new URLSearchParams(token.form);
  form.set("refresh_token", presented.inner);
  const response = await server.fetch(withForm(token.request, form));
  if (!response.ok || issuance === undefined) return response;
  const body = await issue(refresh, response, { issuance, token });
  const rotation = {
    tokenId: refresh.tokenId,
    clientId: issuance.record.clientId,
    asked: askedOf(token),
    body,
    givenAt: parts.now(),
  };
  // In place of the answer before: the client got that one, since it uses the token that came with
  // it.
  work.put(rotationName(presented.grant), JSON.stringify(rotation), REPLAY_SECONDS);
  await commitRotation(refresh, issuance.record, used);
  exchange.note({ user: presented.grant.userId });
  return tokenResponse(body, response.headers);
}

async function commitRotation(
  refresh: Refresh,
  record: GrantRecord,
  used: string | undefined,
): Promise<void> {
  const { parts, work, presented } = refresh;
  try {
    await work.commit();
  } catch (error) {
    // The grant was ended meanwhile: Auth0's newer tokens must not outlive it.
    if (error instanceof Refusal && error.reason === "grant_conflict")
      revokeUpstream(refresh, record);
    throw error;
  }
  if (used !== undefined) parts.keeper.renewals.noteSaved(used);
  parts.keeper.sightings.noteAlive(presented.grant, parts.now());
  parts.keeper.forgetRecord(presented.grant);
}

/**
 * Auth0's tokens, renewed when they are an hour old or about to end; when Auth0 says it is over, it
 * is over here.
 */
async function renewIfDue(refresh: Refresh, record: GrantRecord): Promise<GrantRecord> {
  const { parts, exchange } = refresh;
  const { refreshToken } = record.tokens;
  if (refreshToken === undefined || !isRenewalDue(record.tokens, parts.now())) return record;
  try {
    exchange.note({ renewed: true });
    return { ...record, tokens: await parts.keeper.renewals.renew(refreshToken) };
  } catch (error) {
    if (error instanceof Refusal && error.reason === "identity_grant_ended")
      await endAtOnce(refresh, record, undefined);
    throw error;
  }
}

/** The library refuses a token it cannot read, after it has judged the client. */
function refuseUnknown(context: TokenContext, { request, form }: TokenRequest): Promise<Response> {
  const unreadable = new URLSearchParams(form);
  unreadable.set("refresh_token", "unknown");
  return createAuthorizationServer(context.parts, context).fetch(withForm(request, unreadable));
}

function serverOf(
  { parts, work, exchange }: Refresh,
  onTokenExchange?: (options: TokenExchange) => Promise<TokenExchangeCallbackResult>,
): AuthorizationServer {
  return createAuthorizationServer(parts, { work, exchange }, onTokenExchange);
}

/** What a refresh asks for beside its token. */
function askedOf({ form }: TokenRequest): string {
  return JSON.stringify([form.get("scope") ?? "", form.getAll("resource")]);
}
