/**
 * A person who is there: something asks for a recent sign-in, or one with a second factor. A caller
 * and what they ask for go in; who they are by their newest sign-in comes out, and else what leads to
 * a better one: a challenge for clients that read it (RFC 9470), words and a page for the others.
 */
import { inputRequired, type InputRequiredResult } from "@modelcontextprotocol/server";
import type { Config } from "../config.ts";
import { REFUSALS } from "../errors.ts";
import { type Approval, APPROVAL_TTL_SECONDS, approvalName } from "../grants/approval.ts";
import { describeWanted, type Freshness, SECOND_FACTOR, strictest } from "../grants/freshness.ts";
import type { Caller } from "./caller.ts";
import { type Catalogue, findResource } from "./catalogue.ts";
import { opensPages } from "./client-facts.ts";
import type { Invocation, Serving } from "./context.ts";
import { metadataUrlOf } from "./gate.ts";
import type { Asked } from "./message.ts";
import { noteOutcome } from "./outcome.ts";
import type { Judged } from "./permissions.ts";
import { jsonRpcRefusal } from "./refusal.ts";

/** The caller of one request. */
export interface Known {
  readonly caller: Caller;
  /** What their sign-in falls short of, for what this request asks. */
  readonly wanted?: Freshness;
  readonly readsChallenges?: boolean;
}

/**
 * The caller by their newest sign-in. Nothing is looked up unless something that is asked for needs a
 * better one than the token's.
 */
export function freshen(
  caller: Caller,
  asked: Asked,
  catalogue: Catalogue,
): Known | Promise<Known> {
  if (catalogue.freshness.size === 0) return { caller };
  const judged = judgedBy(asked, catalogue);
  const wanted = wantedOf(judged, caller);
  return wanted === undefined ? { caller } : renew(caller, judged, wanted);
}

async function renew(caller: Caller, judged: readonly Judged[], wanted: Freshness): Promise<Known> {
  const renewed = await caller.renewed(wanted);
  const still = wantedOf(judged, renewed.caller);
  return still === undefined ? { caller: renewed.caller } : { ...renewed, wanted: still };
}

/** Everything of this server that a request asks for. */
function judgedBy({ subjects }: Asked, catalogue: Catalogue): readonly Judged[] {
  const at = <Item>(method: string, find: (name: string) => Item | undefined) =>
    [...(subjects.get(method) ?? [])].flatMap((name) => find(name) ?? []);
  return [
    ...at("tools/call", (name) => catalogue.tools.get(name)?.item),
    ...at("prompts/get", (name) => catalogue.prompts.get(name)?.item),
    ...at("resources/read", (uri) => findResource(catalogue, uri)?.judged),
  ];
}

function wantedOf(judged: readonly Judged[], caller: Caller): Freshness | undefined {
  return strictest(
    judged.flatMap((each) => {
      const verdict = caller.judge(each);
      return verdict.verdict === "stale" ? verdict.wanted : [];
    }),
  );
}

/** RFC 9470 §3. Whoever asks again with these parameters, and the same scopes, goes through. */
export function challengeFor(wanted: Freshness, caller: Caller, config: Config): string {
  const { maxAgeSeconds, mfa } = wanted;
  const parameters = {
    error: "insufficient_user_authentication",
    error_description: REFUSALS.sign_in_too_old.text,
    ...(mfa ? { acr_values: SECOND_FACTOR } : {}),
    ...(maxAgeSeconds === undefined ? {} : { max_age: String(maxAgeSeconds) }),
    scope: caller.auth.scopes.join(" "),
    resource_metadata: metadataUrlOf(config),
  };
  const written = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`);
  return `Bearer ${written.join(", ")}`;
}

/** The answer for a client that reads challenges: RFC 9470 §3 says it with a 401. */
export function refuseStale(
  { caller, wanted = { mfa: false } }: Known,
  exchange: Serving["exchange"],
  config: Config,
): Response {
  noteOutcome(exchange, "stale");
  const challenge = challengeFor(wanted, caller, config);
  return jsonRpcRefusal("sign_in_too_old", exchange, { "WWW-Authenticate": challenge });
}

/**
 * Any other client gets its answer in words, and may read the challenge beside it (RFC 9110 §11.6.1: a
 * challenge in another response says that other credentials might change it).
 */
export function withChallenge(response: Response, challenge: string): Response {
  const challenged = new Response(response.body, response);
  challenged.headers.set("WWW-Authenticate", challenge);
  return challenged;
}

/** What of a request of the SDK decides how somebody is led to a page. */
type Asking = Pick<Invocation, "envelope"> & {
  readonly inputResponses?: Readonly<Record<string, unknown>> | undefined;
};

/**
 * Leads the person to the page where they sign in again, after which the same call goes through: by
 * their client where it opens pages, else by words for the model.
 */
export async function leadToSignIn(
  serving: Serving,
  { title, wanted }: { readonly title: string; readonly wanted: Freshness },
  request: Asking,
): Promise<{ readonly question: InputRequiredResult } | { readonly text: string }> {
  const { caller, services, exchange, issuer } = serving;
  noteOutcome(exchange, "stale");
  exchange.note({ reason: "sign_in_too_old" });
  const needed = `The person has to sign in ${describeWanted(wanted)} first.`;
  if (caller.grantId === undefined) return { text: `${needed} This application cannot do that.` };
  const id = await caller.bind(`fresh\n${JSON.stringify(wanted)}\n${title}`);
  const approval: Approval = {
    userId: caller.auth.userId,
    grantId: caller.grantId,
    nonce: crypto.randomUUID(),
    until: services.now() + APPROVAL_TTL_SECONDS,
    tool: title,
    questions: [],
    wanted,
    answers: {},
    isAnswered: false,
  };
  await services.records.write([
    { put: approvalName(id), text: JSON.stringify(approval), ttlSeconds: APPROVAL_TTL_SECONDS },
  ]);
  const url = `${issuer}/approve/${id}`;
  // Asked once: who opened the page and did not sign in is told in words.
  if (opensPages(request) && request.inputResponses?.[QUESTION] === undefined) {
    const asked = inputRequired.elicitUrl({ message: needed, url });
    return { question: inputRequired({ inputRequests: { [QUESTION]: asked } }) };
  }
  return {
    text:
      `${needed} Give them this link: ${url} . When they have signed in there, make exactly the same ` +
      "call again. Until then nothing is done.",
  };
}

const QUESTION = "sign_in";
