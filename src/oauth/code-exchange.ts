/**
 * The exchange of an authorization code. A form with a code comes in; tokens go out, once: of
 * several exchanges of one code one is first, and any other ends what that one made (OAuth 2.1
 * §4.1.3), unless the first was told to come again and this is its next try.
 */
import { authenticateClient, presentedClientId } from "../clients/authentication.ts";
import { Refusal } from "../errors.ts";
import { endAtOnce } from "../grants/ending.ts";
import type { GrantRef } from "../grants/grant.ts";
import {
  grantName,
  type GrantRecord,
  readGrant,
  registrationNames,
  type StandingGrant,
} from "../grants/record.ts";
import { scopesOf, writeGrant } from "../grants/writing.ts";
import { hashText, randomText } from "../keys.ts";
import type { Outcome } from "../storage/changes.ts";
import {
  type AuthorizationServer,
  CLIENT_TTL_SECONDS,
  createAuthorizationServer,
} from "./authorization-server.ts";
import {
  assertScope,
  assertServed,
  sealRefreshToken,
  endOf,
  issueTokens,
  lifetimes,
  tokenResponse,
  tokenResponseSchema,
} from "./issue.ts";
import { placeOf } from "./refresh-place.ts";
import { readGrantRef } from "./refresh-token.ts";
import { passOn, type TokenContext, type TokenRequest, withoutScope } from "./token-request.ts";
import { noteUnanswered, takeUnanswered, UNANSWERED_TTL_SECONDS } from "./unanswered.ts";

/** The first exchange that meets another one looks again, and finds its code used. */
const MOST_TRIES = 2;

/** Answers `grant_type=authorization_code`. */
export async function exchangeCode(context: TokenContext, token: TokenRequest): Promise<Response> {
  const { work } = context;
  const grant = readGrantRef(token.form.get("code") ?? "");
  if (grant === undefined) return passOn(context, token.request);
  const clientId = presentedClientId(token.form, token.request.headers.get("Authorization"));
  const records = registrationNames(clientId);
  await work.prefetch({ records, collections: [grantName(grant)] });
  for (let tries = 1; ; tries++) {
    const answer = await exchangeOnce({ ...context, token, grant, records });
    if (answer !== "overtaken") return answer;
    if (tries >= MOST_TRIES) throw new Refusal("grant_busy", { retryAfterSeconds: 2 });
  }
}

interface CodeExchange extends TokenContext {
  readonly token: TokenRequest;
  readonly grant: GrantRef;
  /** The client's registration. */
  readonly records: readonly string[];
}

async function exchangeOnce(exchange: CodeExchange): Promise<Response | "overtaken"> {
  const { parts, work, token, grant } = exchange;
  const now = parts.now();
  const standing = await readGrant(work, grant, now);
  const repeated = standing && (await answerAgain(exchange, standing.record));
  if (repeated !== undefined) return repeated;
  if (standing !== undefined) await assertServed(standing.record, parts);
  const server = createAuthorizationServer(parts, exchange, async () => {
    if (standing === undefined) throw new Refusal("grant_ended");
    assertScope(standing.record, token.form.get("scope"), parts);
    return lifetimes(standing.record, parts.config.auth, now);
  });
  const response = await server.fetch(withoutScope(token));
  if (!response.ok) {
    await endReplayed(exchange, server, standing);
    return response;
  }
  const provider = server.grantText();
  if (standing === undefined || provider === undefined)
    throw new TypeError("the provider library exchanged a code without its grant");
  return write(exchange, response, {
    record: { ...standing.record, provider },
    generation: standing.generation + 1,
  });
}

/**
 * The answer that never went out, for the same client with the same code and verifier, once.
 * Undefined for everybody else: then it is a replay.
 */
async function answerAgain(
  { parts, work, exchange, token }: CodeExchange,
  { clientId, userId, latest }: GrantRecord,
): Promise<Response | undefined> {
  const { form, request } = token;
  if (latest?.answerId === undefined || latest.asked !== (await askedOf(token))) return undefined;
  if (parts.now() - latest.at >= UNANSWERED_TTL_SECONDS) return undefined;
  if (presentedClientId(form, request.headers.get("Authorization")) !== clientId) return undefined;
  const server = createAuthorizationServer(parts, { work, exchange });
  const refused = await authenticateClient(server, request, form);
  if (refused !== undefined) return refused;
  if (!(await takeUnanswered(work, latest.answerId))) return undefined;
  await work.commit();
  exchange.note({ repeated: true, user: userId });
  return tokenResponse(latest.body, new Headers());
}

/** What an exchange asks for, its code and verifier among it: the hash of all that the client sent. */
function askedOf({ form }: TokenRequest): Promise<string> {
  const names = ["code", "code_verifier", "redirect_uri", "resource", "scope"];
  return hashText(JSON.stringify(names.map((name) => form.get(name))));
}

/** The library has met a used code again: whatever the first use made ends. */
async function endReplayed(
  { parts, work, exchange }: CodeExchange,
  { endedGrants }: AuthorizationServer,
  standing: StandingGrant | undefined,
): Promise<void> {
  if (endedGrants.length === 0 || standing === undefined) return;
  const { refreshToken } = standing.record.tokens;
  const { generation } = standing;
  await endAtOnce(
    parts,
    { work, execution: exchange.execution },
    endedGrants.map((grant) => ({ ...grant, generation, refreshToken })),
  );
  exchange.note({ reason: "code_replayed" });
}

async function write(
  exchange: CodeExchange,
  response: Response,
  { record, generation }: StandingGrant,
): Promise<Response | "overtaken"> {
  const { parts, work, token, records } = exchange;
  const now = parts.now();
  const answered = tokenResponseSchema.parse(await response.json());
  const place = await placeOf(token, record.proofKey);
  const refreshToken =
    answered.refresh_token &&
    (await sealRefreshToken(parts, answered.refresh_token, {
      record,
      generation: generation - 1,
      token,
    }));
  const first = { ...record, places: [place], expiresAt: endOf(record, parts.config.auth, now) };
  const expiresInSeconds = answered.expires_in;
  const scope = token.form.get("scope");
  const body = await issueTokens(parts, first, { scope, refreshToken, expiresInSeconds });
  const { clientFamily } = token.network;
  const answer = { answerId: randomText(12), asked: await askedOf(token), body, clientFamily };
  const latest = { ...answer, ...(refreshToken && { refreshToken }), usedId: "", at: now };
  const standing = { record: { ...first, latest }, generation };
  writeGrant(work, standing, { now, scopes: scopesOf(first, parts.permissions) });
  for (const name of records) work.prolong(name, CLIENT_TTL_SECONDS);
  const outcome = await commitAwaited(exchange, answer.answerId);
  if (outcome === "overtaken") return "overtaken";
  if (outcome === "ended") throw new Refusal("grant_ended");
  parts.keeper.noteRecord(standing);
  exchange.exchange.note({ user: record.userId });
  return tokenResponse(body, response.headers);
}

/** Commits as long as the client waits. If it does not hear of it, its next try is answered. */
async function commitAwaited(context: TokenContext, answerId: string): Promise<Outcome> {
  if (!context.isAwaited()) throw new Refusal("identity_unavailable", { retryAfterSeconds: 5 });
  try {
    const outcome = await context.work.commit();
    if (!context.isAwaited()) await noteUnanswered(context, answerId);
    return outcome;
  } catch (error) {
    await noteUnanswered(context, answerId);
    throw error;
  }
}
