/**
 * The token endpoint: exchange of a code, refresh, revocation. A form comes in; what kind of
 * request it is decides who answers. Everything that is none of the three is the library's to
 * refuse.
 */
import { readFields, readSmallBody, withBody } from "../edge/body.ts";
import { readNetwork } from "../edge/network.ts";
import { Refusal, REFUSALS } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { admitsMachines } from "../machine-variables.ts";
import { presentedClientId, withForm } from "../clients/authentication.ts";
import { isClientId, markOf } from "../clients/mark.ts";
import { waitWithPatience } from "../grants/patience.ts";
import { isBasic, straightenCredentials } from "../clients/credentials.ts";
import type { GrantRef } from "../grants/grant.ts";
import { admitMachine } from "./client-credentials.ts";
import { exchangeCode } from "./code-exchange.ts";
import { admitVouched, JWT_BEARER } from "./identity-assertion.ts";
import { repeatedParameter } from "./parameters.ts";
import type { Parts } from "../parts.ts";
import { answerRefresh } from "./refresh.ts";
import { readGrantRef, readRefreshToken } from "./refresh-token.ts";
import { withOurResource } from "./resource.ts";
import { answerRevocation } from "./revocation.ts";
import { assertNotBlocked } from "../switches.ts";
import { passOn, type TokenContext, type TokenRequest } from "./token-request.ts";

/** Answers `/token`, which is also the revocation endpoint (RFC 6749 §3.2, RFC 7009). */
export async function answerToken(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  let isOver = false;
  const isAwaited = (): boolean => !isOver;
  const context = { parts, exchange, work: parts.beginWork(), isAwaited };
  const answered = answerInOneWork(request, context);
  // What was begun with Auth0 goes on, though the client is told to come again.
  exchange.execution.waitUntil(answered.catch(() => undefined));
  return waitWithPatience(answered).finally(() => (isOver = true));
}

async function answerInOneWork(request: Request, context: TokenContext): Promise<Response> {
  try {
    if (request.method !== "POST") return await passOn(context, request);
    const network = readNetwork(request);
    const body = await readSmallBody(request);
    if (!isForm(request)) return await passOn(context, withBody(request, body));
    const token = { ...straighten(request, readForm(body), context.parts), network };
    return challengeBasic(request, await answerCounted(context, token));
  } finally {
    context.exchange.execution.waitUntil(context.work.discard());
  }
}

/**
 * A grant is counted by its own requests, an address by those that name none and those that fail:
 * one host asks for all its people from a few addresses, and is not to be locked out by their number.
 */
async function answerCounted(context: TokenContext, token: TokenRequest): Promise<Response> {
  const { limits } = context.exchange;
  const { form, request } = token;
  const grant = namedGrant(form);
  limits?.holdFailures("token");
  if (grant === undefined) await limits?.hold("token");
  else {
    const clientId = presentedClientId(form, request.headers.get("Authorization")) ?? "";
    await limits?.hold("grant", `${clientId} ${grant.userId} ${grant.grantId}`);
  }
  const status = (failure: unknown): number =>
    failure instanceof Refusal ? REFUSALS[failure.reason].status : 500;
  const answered = await answer(context, token).catch((error: unknown) => ({ error }));
  const isRefused = "error" in answered ? status(answered.error) < 500 : answered.status >= 400;
  if (grant !== undefined && isRefused) await limits?.countFailure("token");
  if ("error" in answered) throw answered.error;
  return answered;
}

/** The grant that a code or a token names, proven or not. */
function namedGrant(form: URLSearchParams): GrantRef | undefined {
  return (
    readGrantRef(form.get("code") ?? "") ??
    readRefreshToken(form.get("refresh_token") ?? form.get("token") ?? "")?.grant
  );
}

async function answer(context: TokenContext, token: TokenRequest): Promise<Response> {
  const { form } = token;
  const grantType = form.get("grant_type");
  const clientId = presentedClientId(form, token.request.headers.get("Authorization"));
  context.exchange.note({
    grant: kindOf(form),
    ...(clientId === undefined ? {} : { client: await markOf(clientId) }),
  });
  if (clientId !== undefined && !isClientId(clientId)) throw new Refusal("client_id_malformed");
  // It may still say that it does not want its tokens any more.
  if (grantType !== null) await assertNotBlocked(clientId ?? "", context.parts.switches);
  return repeatedParameter(form) === undefined
    ? answerKind(context, token)
    : passOn(context, token.request);
}

function answerKind(context: TokenContext, token: TokenRequest): Promise<Response> {
  const { form } = token;
  const grantType = form.get("grant_type");
  if (grantType === "authorization_code") return exchangeCode(context, token);
  if (grantType === "refresh_token") return answerRefresh(context, token);
  if (grantType === JWT_BEARER && context.parts.config.auth.machines.enterprises.length > 0)
    return admitVouched(context, token);
  if (grantType === "client_credentials" && admitsMachines(context.parts.config.auth.machines))
    return admitMachine(context, token);
  if (grantType === null && form.has("token")) return answerRevocation(context, token);
  return passOn(context, token.request);
}

/** The request as the library and we read it: one client, one resource, each in one spelling. */
function straighten(
  request: Request,
  sent: URLSearchParams,
  { config }: Parts,
): Omit<TokenRequest, "network"> {
  if (repeatedParameter(sent) !== undefined)
    return { request: withForm(request, sent), form: sent };
  const secretOf = (clientId: string): string | undefined =>
    config.auth.preregisteredClients.find(({ client_id }) => client_id === clientId)?.client_secret;
  const presented = straightenCredentials(
    { form: withOurResource(sent, config), authorization: request.headers.get("Authorization") },
    secretOf,
  );
  if (presented === undefined) {
    const flaw = { parameter: "client_id", problem: "is not the one of the Authorization header" };
    throw new Refusal("client_ambiguous", { flaw });
  }
  const { form, authorization } = presented;
  const straight = withForm(request, form);
  if (authorization === null) straight.headers.delete("Authorization");
  else straight.headers.set("Authorization", authorization);
  return { request: straight, form };
}

/** RFC 6749 §5.2: a client that tried HTTP Basic is challenged by it, whatever its header said. */
function challengeBasic(request: Request, response: Response): Response {
  const isTried = isBasic(request.headers.get("Authorization"));
  if (response.status !== 401 || !isTried || response.headers.has("WWW-Authenticate"))
    return response;
  const challenge = new Response(response.body, response);
  challenge.headers.set("WWW-Authenticate", 'Basic realm="OAuth"');
  return challenge;
}

const GRANT_TYPES = ["authorization_code", "refresh_token", "client_credentials"];

/** What is asked, for the log, in words of ours: the form's own could be anything. */
function kindOf(form: URLSearchParams): string {
  const grantType = form.get("grant_type");
  if (grantType === null) return form.has("token") ? "revocation" : "none";
  if (grantType === JWT_BEARER) return "jwt_bearer";
  return GRANT_TYPES.includes(grantType) ? grantType : "other";
}

/** RFC 6749 §4.1.3, §4.4.2, §6; RFC 7009 §2.1; RFC 7521 §4; RFC 7636 §4.5; RFC 8707 §2. */
const PARAMETERS: ReadonlySet<string> = new Set(
  (
    "grant_type code redirect_uri code_verifier refresh_token scope resource client_id " +
    "client_secret client_assertion client_assertion_type assertion token token_type_hint"
  ).split(" "),
);

/**
 * A parameter without a value counts as left out, and what nobody knows is ignored (RFC 6749 §3.2):
 * the provider library compares each with all the others, and 64 KB have ten thousand.
 */
function readForm(body: Uint8Array): URLSearchParams {
  const sent = [...readFields(body)];
  return new URLSearchParams(sent.filter(([name, value]) => value !== "" && PARAMETERS.has(name)));
}

function isForm(request: Request): boolean {
  return (
    request.headers.get("Content-Type")?.split(";")[0]?.trim().toLowerCase() ===
    "application/x-www-form-urlencoded"
  );
}
