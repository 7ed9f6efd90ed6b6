/**
 * How a use ended, for the client and for the log. What was thrown goes in; words for the client
 * come out, and the log learns the kind. The message of an error that was not written for the client
 * leaves this machine never.
 */
import type { McpServer } from "@modelcontextprotocol/server";
import * as z from "zod";
import { isPassing, REFUSALS, Refusal } from "../errors.ts";
import { ToolError } from "./answer.ts";
import type { Serving, Trace } from "./context.ts";
import { type Asked, isMethod } from "./message.ts";
import type { Verdict } from "./permissions.ts";
import { hideCredentials } from "./tool-log.ts";

/**
 * What became of a JSON-RPC request, as the log says it. `refused`: the protocol was not kept;
 * `crashed`: an error that nobody meant.
 */
export type Outcome =
  | "done"
  | "asked"
  | "declined"
  | "tool_error"
  | "timed_out"
  | "arguments_invalid"
  | "unknown"
  | "denied"
  | "step_up"
  | "stale"
  | "unavailable"
  | "refused"
  | "crashed";

/** Tells the log how a request ended. In a batch, the last word is of what went worst. */
export function noteOutcome({ note }: Pick<Trace, "note">, outcome: Outcome): void {
  note({ outcome });
}

/** What the log learns of a request before it is served; what is served says how it ended. */
export function noteRequest({ subjects, revision }: Asked, { note }: Pick<Trace, "note">): void {
  const methods = [...subjects.keys()].map((method) => (isMethod(method) ? method : "other"));
  note({
    rpc: methods.length > 2 ? "batch" : methods.join(" "),
    revision,
    outcome: methods.includes("other") ? "refused" : "done",
  });
}

/** The SDK's own refusals: it says them by an HTTP status, and only there. */
export async function noteRefusal(
  response: Response,
  exchange: Pick<Trace, "note">,
): Promise<Response> {
  if (response.status !== 400 && response.status !== 404) return response;
  noteOutcome(exchange, "refused");
  const body = errorSchema.safeParse(
    await response
      .clone()
      .json()
      .catch(() => undefined),
  );
  if (body.success) exchange.note({ rpcCode: body.data.error.code });
  return response;
}

const errorSchema = z.object({ error: z.object({ code: z.int() }) });

/** The codes of the errors that a server sends (JSON-RPC 2.0 §5.1). */
export function noteAnswersOf(server: McpServer, { note }: Pick<Trace, "note">): McpServer {
  const connect = server.connect.bind(server);
  server.connect = (transport) => {
    const send = transport.send.bind(transport);
    transport.send = (message, options) => {
      if ("error" in message) note({ rpcCode: message.error.code });
      return send(message, options);
    };
    return connect(transport);
  };
  return server;
}

/** What the client is told when something threw. */
export function describeFailure(
  error: unknown,
  { exchange, isLocal, services }: Pick<Serving, "exchange" | "isLocal" | "services">,
): string {
  if (error instanceof ToolError) {
    noteOutcome(exchange, isPassing(error.cause) ? "unavailable" : "tool_error");
    if (isLocal) exchange.note(onThisMachine(error, services.secrets));
    return error.message;
  }
  if (error instanceof Refusal) {
    noteOutcome(exchange, "unavailable");
    exchange.note({ reason: error.reason });
    return REFUSALS[error.reason].text;
  }
  noteOutcome(exchange, "crashed");
  exchange.note({ reason: "tool_failed", ...failureOf(error, { isLocal, services }) });
  return `${REFUSALS.tool_failed.text} An operator can find it by the request id ${exchange.requestId}.`;
}

/** What the log says of something that threw. */
export function failureOf(
  error: unknown,
  { isLocal, services }: Pick<Serving, "isLocal" | "services">,
) {
  const failure = placeOf(error);
  return { failure, ...(isLocal ? onThisMachine(error, services.secrets) : {}) };
}

/** The kind of an error and the first frame of its stack: code, never data. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const [, frame] = /\n\s+at (.+)/.exec(error.stack?.replace(error.message, "") ?? "") ?? [];
  return frame === undefined ? error.name : `${error.name} at ${frame}`;
}

/** For the terminal of whoever is writing this tool: what was thrown, and what lies beneath. */
function onThisMachine(
  error: unknown,
  secrets: readonly string[],
): { readonly error: string; readonly stack?: string } {
  const [said = "", ...lines] = beneath(error, MOST_CAUSES).flatMap((cause, depth) => [
    `${depth === 0 ? "" : "caused by "}${sayError(cause)}`,
    ...(cause instanceof Error ? [framesOf(cause)] : []),
  ]);
  const stack = lines.filter((line) => line !== "").map((line) => hideCredentials(line, secrets));
  return {
    error: hideCredentials(said, secrets),
    ...(stack.length === 0 ? {} : { stack: stack.join("\n") }),
  };
}

const MOST_CAUSES = 4;

/** An error and its causes, or the errors that it is made of; the outermost first. */
function beneath(error: unknown, most: number): readonly unknown[] {
  if (most === 0 || !(error instanceof Error)) return [error];
  const causes: unknown[] = error instanceof AggregateError ? error.errors : [error.cause];
  const known = causes.filter((cause) => cause !== undefined);
  return [error, ...known.flatMap((cause) => beneath(cause, most - 1))].slice(0, most + 1);
}

function sayError(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  // Not its values: an object can hold anything, itself included.
  return error instanceof Object
    ? `an object that is no Error, with ${Object.keys(error).join(", ")}`
    : String(error);
}

function framesOf({ stack = "" }: Error): string {
  const at = stack.search(/^\s+at /m);
  return at < 0 ? "" : stack.slice(at);
}

/** Why a permission stands in the way, for a model and a person. */
export function explainRefusal(
  verdict: Exclude<Verdict, { verdict: "allowed" } | { verdict: "stale" }>,
  exchange: Pick<Trace, "note">,
): string {
  if (verdict.verdict === "step_up") {
    noteOutcome(exchange, "step_up");
    return REFUSALS.scope_insufficient.text;
  }
  noteOutcome(exchange, "denied");
  exchange.note({ reason: "permission_missing" });
  const missing = verdict.missing.join(", ");
  return `${REFUSALS.permission_missing.text} Missing: ${missing}. Ask an administrator to assign it in Auth0.`;
}
