/**
 * Asking a person whose client cannot ask: words for the model, and a page of ours where the
 * signed-in person answers, after which the same call goes through. Bound to the person, the grant,
 * the method and its arguments; an answer is used once.
 */
import {
  type Approval,
  APPROVAL_TTL_SECONDS,
  approvalName,
  type Question,
  loadApproval,
} from "../grants/approval.ts";
import { isJsonObject } from "../json.ts";
import { ToolError } from "./answer.ts";
import type { Asker, InputRequest, Round } from "./asking.ts";
import type { Serving } from "./context.ts";
import type { Use } from "./offer.ts";

/** What the person answered at our page since the same call was made before. Claims it. */
export async function loadAnswers(serving: Serving): Promise<Round> {
  const { records, now } = serving.services;
  const approval = await loadApproval(records, await idOf(serving), now());
  if (approval?.isAnswered !== true) return NOTHING;
  const isFirst = await records.claimOnce(`approved:${approval.nonce}`, APPROVAL_TTL_SECONDS * 2);
  if (!isFirst) return NOTHING;
  const { nonce, until, answers } = approval;
  return { state: { nonce, until, answers: { ...answers } }, responses: {}, isClaimed: true };
}

const NOTHING: Round = { state: undefined, responses: {}, isClaimed: true };

/** Keeps the questions for the page; what to tell the model comes out, as an error. */
export async function askElsewhere(
  asker: Asker,
  use: Use<unknown>,
  serving: Serving,
): Promise<ToolError> {
  const { caller, services, issuer } = serving;
  if ([...asker.pending().values()].some(({ method }) => method !== "elicitation/create"))
    return new ToolError(
      "This needs an application that a server can ask in the middle of a call (MCP 2026-07-28). Nothing was done.",
    );
  const questions = [...asker.pending()].map(([name, request]) => questionOf(name, request));
  const message = questions.map((question) => `“${question.message}”`).join(" ");
  if (caller.grantId === undefined)
    return new ToolError(`This application cannot ask a person: ${message} Nothing was done.`);
  if (caller.auth.kind === "machine")
    return new ToolError(
      `A person has to answer first, and a machine calls: ${message} Nothing was done.`,
    );
  const id = await idOf(serving);
  const until = services.now() + APPROVAL_TTL_SECONDS;
  const approval: Approval = {
    userId: caller.auth.userId,
    grantId: caller.grantId,
    nonce: crypto.randomUUID(),
    until,
    tool: use.title,
    questions,
    answers: { ...asker.answers() },
    isAnswered: false,
  };
  await services.records.write([
    { put: approvalName(id), text: JSON.stringify(approval), ttlSeconds: APPROVAL_TTL_SECONDS },
  ]);
  return new ToolError(
    `The person has to answer first, and this application cannot ask: ${message} ` +
      `Give them this link: ${issuer}/approve/${id} . When they have answered there, make exactly the same call again. ` +
      "Until then nothing is done.",
  );
}

function idOf({ caller, asked }: Serving): Promise<string> {
  return caller.bind(`approval\n${asked.content()}`);
}

function questionOf(name: string, request: InputRequest): Question {
  const params: Readonly<Record<string, unknown>> = { ...request.params };
  const schema = isJsonObject(params["requestedSchema"]) ? params["requestedSchema"] : {};
  const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  const required: unknown = schema["required"];
  return {
    name,
    message: String(params["message"] ?? ""),
    ...(typeof params["url"] === "string" ? { url: params["url"] } : {}),
    properties: Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [
        key,
        isJsonObject(value) ? { ...value } : {},
      ]),
    ),
    required: Array.isArray(required) ? required.map(String) : [],
  };
}
