/**
 * One use of something on offer, from its input to its outcome: around it the team's `around`,
 * before it the person's approval, after it the answer or the question. Every error ends here.
 */
import type { InputRequiredResult, ServerContext } from "@modelcontextprotocol/server";
import * as z from "zod";
import { type Asker, createAsker, inputRequiredOf, type OpenState } from "./asking.ts";
import { ToolError } from "./answer.ts";
import { pageQuestion } from "./accounts.ts";
import { askElsewhere, loadAnswers } from "./approval.ts";
import { clientOf } from "./client-facts.ts";
import { contextOf, type Invocation, type Serving } from "./context.ts";
import type { Around } from "./definition.ts";
import type { Use } from "./offer.ts";
import { describeFailure, noteOutcome } from "./outcome.ts";
import { runInTime, TimedOut } from "./time-limit.ts";
import type { ToolContext } from "./tool-context.ts";

/** What a use came to. */
export type UseResult<Result> =
  | { readonly ended: "done"; readonly result: Result }
  | { readonly ended: "asked"; readonly question: InputRequiredResult }
  | { readonly ended: "failed"; readonly text: string; readonly error: unknown };

const approvalSchema = z.object({ approve: z.boolean().describe("Approve this") });

/** The person said no, or nothing. */
class Declined extends ToolError {}

/** What of a request of the SDK a use needs. */
interface Invoked {
  readonly mcpReq: Invocation & Pick<ServerContext["mcpReq"], "requestState" | "inputResponses">;
}

/** Runs a use for the caller of this request. Never throws. */
export async function perform<Result>(
  use: Use<Result>,
  serving: Serving,
  sdk: Invoked,
): Promise<UseResult<Result>> {
  const { exchange } = serving;
  const asker = askerOf(use, serving, sdk);
  const context = contextOf(serving, sdk.mcpReq, { use, ask: asker.ask });
  try {
    const result = await surrounded(use, serving, { context, asker });
    if (asker.pending().size === 0) {
      noteOutcome(exchange, isFailure(result) ? "tool_error" : "done");
      return { ended: "done", result };
    }
  } catch (error) {
    const question = pageQuestion(error, sdk.mcpReq);
    if (question !== undefined) {
      noteOutcome(exchange, "asked");
      return { ended: "asked", question };
    }
    if (asker.pending().size === 0) {
      const text = describeFailure(error, serving);
      if (error instanceof Declined) noteOutcome(exchange, "declined");
      if (error instanceof TimedOut) noteOutcome(exchange, "timed_out");
      return { ended: "failed", text, error };
    }
  }
  return ask(use, serving, { context, asker });
}

/** The questions of a use, to the client or to the person at our page. */
async function ask<Result>(
  use: Use<Result>,
  serving: Serving,
  { context, asker }: Running,
): Promise<UseResult<Result>> {
  noteOutcome(serving.exchange, "asked");
  try {
    if (!canAskClient(asker, serving, context)) {
      const error = await askElsewhere(asker, use, serving);
      return { ended: "failed", text: error.message, error };
    }
    const boundTo = await serving.caller.bind(serving.asked.content());
    const question = await inputRequiredOf(asker, boundTo, serving.services);
    return { ended: "asked", question };
  } catch (error) {
    return { ended: "failed", text: describeFailure(error, serving), error };
  }
}

/** Whether the client can be asked what is pending. A client of an older revision never can. */
function canAskClient(
  asker: Asker,
  { asked }: Serving,
  { client: { canAsk } }: ToolContext,
): boolean {
  if (!asked.hasEnvelope) return false;
  const asksPerson = [...asker.pending().values()].some(
    ({ method }) => method === "elicitation/create",
  );
  return canAsk.person || !asksPerson;
}

/** `isError` of a tool's own result. */
function isFailure(result: unknown): boolean {
  return (
    typeof result === "object" && result !== null && "isError" in result && result.isError === true
  );
}

interface Running {
  readonly context: ToolContext;
  readonly asker: Asker;
}

/** The use with `around` about it, where there is one. */
function surrounded<Result>(use: Use<Result>, serving: Serving, running: Running): Promise<Result> {
  const { around } = serving.catalogue;
  return around === undefined
    ? approvedRun(use, running.context, serving.isLocal)
    : runAround(use, serving, { ...running, around });
}

/** Only what `next` came to leaves. */
async function runAround<Result>(
  use: Use<Result>,
  { caller, isLocal }: Serving,
  { context, asker, around }: Running & { readonly around: Around },
): Promise<Result> {
  const { kind, name, input } = use;
  const { client, env, log, requestId, waitUntil } = context;
  const {
    accessToken: _,
    userInfo: __,
    tokenFor: ___,
    connectionToken: ____,
    ...facts
  } = caller.auth;
  const auth = { ...facts, permissions: caller.permissions() };
  const results: Result[] = [];
  await around({ kind, name, input, auth, client, env, log, requestId, waitUntil }, async () => {
    const result = await approvedRun(use, context, isLocal).catch((error: unknown) => {
      if (asker.pending().size > 0) return undefined;
      throw error;
    });
    if (result === undefined) return "asked";
    results.push(result);
    return isFailure(result) ? "failed" : "done";
  });
  const [result] = results;
  if (result === undefined) {
    if (asker.pending().size > 0) throw new ToolError("asked");
    throw new TypeError("around() neither awaited next() nor threw a ToolError");
  }
  return result;
}

/** The run, after the person approved what the tool says it will do. */
function approvedRun<Result>(
  use: Use<Result>,
  context: ToolContext,
  isLocal: boolean,
): Promise<Result> {
  const run = (): Promise<Result> => runInTime(use, context, isLocal);
  return use.confirm === undefined ? run() : approve(use.confirm(), context).then(run);
}

/** Throws unless the person says yes. */
async function approve(question: Promise<string>, context: ToolContext): Promise<void> {
  const message = await question;
  const reply = await context.ask({ message, schema: approvalSchema, name: "confirm" });
  if (reply.action !== "accept" || !reply.content.approve)
    throw new Declined("The person did not approve this, so nothing was done.");
}

const CLAIM_TTL_SECONDS = 900;

function askerOf(use: Use<unknown>, serving: Serving, { mcpReq }: Invoked): Asker {
  const { services } = serving;
  const sent = {
    state: mcpReq.requestState<OpenState>(),
    responses: mcpReq.inputResponses ?? {},
  };
  const hasSent = sent.state !== undefined || mcpReq.inputResponses !== undefined;
  return createAsker({
    loadRound: () =>
      hasSent || clientOf(serving, mcpReq).canAsk.person
        ? Promise.resolve(sent)
        : loadAnswers(serving),
    isReadOnly: use.isReadOnly,
    claim: (nonce) => services.records.claimOnce(`asked:${nonce}`, CLAIM_TTL_SECONDS),
  });
}
