/**
 * What a tool is given. A caller, a request and what stands behind every tool go in; a ToolContext
 * comes out, that knows no token of the request.
 */
import { type CallToolResult, type ServerContext } from "@modelcontextprotocol/server";
import type { Exchange } from "../exchange.ts";
import { hearStrays } from "../metering.ts";
import { connectionToken } from "./accounts.ts";
import type { Caller } from "./caller.ts";
import type { Catalogue } from "./catalogue.ts";
import { clientOf } from "./client-facts.ts";
import type { Asked } from "./message.ts";
import type { Use } from "./offer.ts";
import { namesIn, tokenFor } from "./other-apis.ts";
import type { Services } from "./services.ts";
import { createState } from "./state.ts";
import { failureOf } from "./outcome.ts";
import type { Ask, ToolContext } from "./tool-context.ts";
import { createToolLog } from "./tool-log.ts";
import { sha256 } from "./tool-meta.ts";
import type { UseResult } from "./use.ts";

/** The part of an exchange that needs no request of the runtime. */
export type Trace = Pick<Exchange, "requestId" | "note" | "clientFamily" | "limits"> & {
  readonly execution: Pick<ExecutionContext, "waitUntil">;
};

/** Everything that one request is served with. */
export interface Serving {
  readonly catalogue: Catalogue;
  readonly services: Services;
  readonly caller: Caller;
  readonly exchange: Trace;
  readonly asked: Asked;
  /** The client reads event streams, so it can be told of progress. */
  readonly mayStream: boolean;
  /** This server runs on its developer's machine. */
  readonly isLocal: boolean;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
  /** The tool has run already; what came of it. */
  readonly performed?: UseResult<CallToolResult>;
  /** Our own address: where a person answers whose client cannot ask. */
  readonly issuer: string;
}

/** What of a request of the SDK a context needs. */
export type Invocation = Pick<ServerContext["mcpReq"], "signal" | "_meta" | "notify"> & {
  /** What a request of 2026-07-28 says of its client. */
  readonly envelope?: unknown;
};

/** The context of one use. */
export function contextOf(
  serving: Serving,
  invocation: Invocation,
  about: { readonly use: Pick<Use<unknown>, "name" | "title" | "stateName">; readonly ask: Ask },
): ToolContext {
  const { exchange, mayStream, services } = serving;
  const secrets = [...services.secrets];
  const { name, stateName = name } = about.use;
  const log = createToolLog(name, exchange, secrets);
  hearStrays((error) =>
    log.error("something failed that was not awaited", failureOf(error, serving)),
  );
  return {
    auth: authOf(serving, about.use, secrets),
    env: services.env,
    client: clientOf(serving, invocation),
    signal: invocation.signal,
    requestId: exchange.requestId,
    log,
    ask: about.ask,
    state: stateOf(serving, stateName),
    // The line of the request is written by then.
    waitUntil: (work) =>
      exchange.execution.waitUntil(
        work.catch((error: unknown) =>
          log.error("work after the answer failed", failureOf(error, serving)),
        ),
      ),
    progress: mayStream ? progressOf(invocation) : () => Promise.resolve(),
    access: () => accessOf(serving),
  };
}

function stateOf({ caller, exchange, services }: Serving, tool: string): ToolContext["state"] {
  const { userId, organization } = caller.auth;
  let trips = 0;
  return createState(
    // What is remembered of somebody in one organization is nothing to another.
    { userId, tool: organization === undefined ? tool : `${organization} ${tool}` },
    {
      records: services.records,
      hash: sha256,
      now: services.now,
      noteTrip: () => exchange.note({ stateTrips: (trips += 1) }),
    },
  );
}

/** Who calls. Each token that a tool gets is one more that its log must not show. */
function authOf(
  serving: Serving,
  { title }: Pick<Use<unknown>, "title">,
  secrets: string[],
): ToolContext["auth"] {
  const { auth, permissions } = serving.caller;
  const hidden = <Given extends { readonly token: string }>(given: Given): Given => {
    secrets.push(given.token);
    return given;
  };
  return {
    ...auth,
    permissions: permissions(),
    accessToken: async () => hidden(await auth.accessToken()),
    tokenFor: async (api) => hidden(await tokenFor(auth, api, serving.exchange)),
    connectionToken: async (connection, { scopes } = {}) =>
      hidden(await connectionToken(serving, { title, connection, scopes: namesIn(scopes) })),
  };
}

/** Stands for `ask` where nothing can be asked: in lists and completions. */
export const CANNOT_ASK: Ask = Object.assign(refuseToAsk, {
  url: refuseToAsk,
  model: refuseToAsk,
  roots: refuseToAsk,
});

function refuseToAsk(): Promise<never> {
  return Promise.reject(new TypeError("A question can be asked only while something runs."));
}

function accessOf({ catalogue, caller }: Serving): ReturnType<ToolContext["access"]> {
  return [...catalogue.tools.values()].map(({ item }) => ({
    name: item.name,
    title: item.title,
    permissions: item.permissions,
    verdict: caller.judge(item).verdict,
  }));
}

/**
 * MCP 2026-07-28, patterns/progress: only for a request that named a token, and strictly
 * increasing.
 */
function progressOf(request: Invocation): ToolContext["progress"] {
  const progressToken = request._meta?.progressToken;
  let last = Number.NEGATIVE_INFINITY;
  return async (done, total, message) => {
    if (progressToken === undefined || !(done > last) || done === Infinity) return;
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
