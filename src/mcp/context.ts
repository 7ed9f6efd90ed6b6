/**
 * What a tool is given and what becomes of its errors. A caller and a request of the SDK go in, a
 * ToolContext comes out. The message of an error that was not written for the client never leaves.
 */
import type { ServerContext } from "@modelcontextprotocol/server";
import { REFUSALS, Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { Caller } from "./caller.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Asked } from "./message.ts";
import { type ToolContext, ToolError } from "./tool.ts";

/** The part of an exchange that needs no request of the runtime. */
export type Trace = Pick<Exchange, "requestId" | "note" | "limits">;

/** Everything that one request is served with. */
export interface Serving {
  readonly catalogue: Catalogue;
  readonly caller: Caller;
  readonly exchange: Trace;
  readonly asked: Asked;
  /** The client reads event streams, so it can be told of progress. */
  readonly mayStream: boolean;
}

/** The context of one call. */
export function contextOf(serving: Serving, { mcpReq }: ServerContext): ToolContext {
  const { caller, catalogue, exchange, mayStream } = serving;
  return {
    auth: caller.auth,
    signal: mcpReq.signal,
    requestId: exchange.requestId,
    progress: mayStream ? progressOf(mcpReq) : () => Promise.resolve(),
    access: () =>
      [...catalogue.tools.values()].map(({ item: { name, title, permissions } }) => ({
        name,
        title,
        permissions,
        verdict: caller.judge(permissions).verdict,
      })),
  };
}

/**
 * What the client is told when something threw; the log gets the reason and the place in the code.
 */
export function describeFailure(error: unknown, exchange: Trace): string {
  if (error instanceof ToolError) return error.message;
  if (error instanceof Refusal) {
    exchange.note({ reason: error.reason });
    return REFUSALS[error.reason].text;
  }
  exchange.note({ reason: "tool_failed", failure: placeOf(error) });
  return `${REFUSALS.tool_failed.text} An operator can find it by the request id ${exchange.requestId}.`;
}

/**
 * MCP 2026-07-28, patterns/progress: only for a request that named a token, and strictly
 * increasing.
 */
function progressOf(request: ServerContext["mcpReq"]): ToolContext["progress"] {
  const progressToken = request._meta?.progressToken;
  let last = Number.NEGATIVE_INFINITY;
  return async (done, total, message) => {
    if (progressToken === undefined || done <= last) return;
    last = done;
    await request.notify({
      method: "notifications/progress",
      params: {
        progressToken,
        progress: done,
        ...(total === undefined ? {} : { total }),
        ...(message === undefined ? {} : { message }),
      },
    });
  };
}

/** The kind of an error and the first frame of its stack: code, never data. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const [, frame = ""] = /\n\s+at (.+)/.exec(error.stack?.replace(error.message, "") ?? "") ?? [];
  return `${error.name} at ${frame}`;
}
