/**
 * What a tool is given. A caller, a request and what stands behind every tool go in; a ToolContext
 * comes out, that knows no token of the request.
 */
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ServerContext,
} from "@modelcontextprotocol/server";
import * as z from "zod";
import type { Exchange } from "../exchange.ts";
import type { Caller } from "./caller.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Asked } from "./message.ts";
import type { Use } from "./offer.ts";
import { tokenFor } from "./other-apis.ts";
import type { Services } from "./services.ts";
import { createState } from "./state.ts";
import type { Ask, ClientFacts, ToolContext } from "./tool-context.ts";
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
  about: { readonly use: Pick<Use<unknown>, "name" | "stateName">; readonly ask: Ask },
): ToolContext {
  const { caller, exchange, mayStream, services } = serving;
  const { organization } = caller.auth;
  const secrets = [...services.secrets];
  const { name, stateName = name } = about.use;
  let trips = 0;
  return {
    auth: {
      ...caller.auth,
      get permissions() {
        return caller.auth.permissions;
      },
      async accessToken() {
        const tokens = await caller.auth.accessToken();
        secrets.push(tokens.token);
        return tokens;
      },
      async tokenFor(api) {
        const given = await tokenFor(caller.auth, api, exchange);
        secrets.push(given.token);
        return given;
      },
    },
    env: services.env,
    client: clientOf(serving, invocation),
    signal: invocation.signal,
    requestId: exchange.requestId,
    log: createToolLog(name, exchange, secrets),
    ask: about.ask,
    state: createState(
      // What is remembered of somebody in one organization is nothing to another.
      { userId: caller.auth.userId, tool: [organization, stateName].filter(Boolean).join(" ") },
      {
        records: services.records,
        hash: sha256,
        now: services.now,
        noteTrip: () => exchange.note({ stateTrips: (trips += 1) }),
      },
    ),
    waitUntil: (work) => exchange.execution.waitUntil(work),
    progress: mayStream ? progressOf(invocation) : () => Promise.resolve(),
    access: () => accessOf(serving),
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

const declared = z.unknown().optional();

const envelopeSchema = z.object({
  [CLIENT_CAPABILITIES_META_KEY]: z.object({
    elicitation: z.object({ form: declared, url: declared }).optional(),
    sampling: declared,
    roots: declared,
  }),
});

/** Whether the client opens a page that a server names (MCP 2026-07-28, client/elicitation). */
export function opensPages({ envelope }: Pick<Invocation, "envelope">): boolean {
  const can = envelopeSchema.safeParse(envelope).data?.[CLIENT_CAPABILITIES_META_KEY];
  return can?.elicitation?.url !== undefined;
}

/** Only the newest revision lets a server ask: an older client would never hear of it. */
export function clientOf(
  { exchange, asked }: Serving,
  { envelope }: Pick<Invocation, "envelope">,
): ClientFacts {
  const can = envelopeSchema.safeParse(envelope).data?.[CLIENT_CAPABILITIES_META_KEY];
  const { elicitation } = can ?? {};
  // An empty `elicitation` means forms (client/elicitation, capabilities).
  const byForm =
    elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
  return {
    family: exchange.clientFamily,
    revision: asked.revision,
    canAsk: {
      person: byForm,
      model: can?.sampling !== undefined,
      roots: can?.roots !== undefined,
    },
  };
}

/**
 * MCP 2026-07-28, patterns/progress: only for a request that named a token, and strictly
 * increasing.
 */
function progressOf(request: Invocation): ToolContext["progress"] {
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
