/**
 * The MCP server of one request. The catalogue, a caller and what the request asks for go in; a
 * server comes out that knows no more than this request needs. What the caller may not use is never
 * registered with its `run`.
 */
import {
  type CallToolResult,
  type Implementation,
  McpServer,
  type McpServerOptions,
  ProtocolError,
  ProtocolErrorCode,
  type ScopeChallengeHandler,
} from "@modelcontextprotocol/server";
import { REFUSALS } from "../errors.ts";
import type { Site } from "../site-definition.ts";
import { contextOf, describeFailure, type Serving, type Trace } from "./context.ts";
import type { Verdict } from "./permissions.ts";
import { restateErrors } from "./restatement.ts";

/** What the server says of itself. */
export interface About {
  readonly info: Implementation;
  readonly instructions: string;
}

/** A list holds for its caller alone: permissions decide it. */
const PRIVATE_FOR_A_MINUTE = { ttlMs: 60_000, cacheScope: "private" } as const;

/** Isolates share no bus, so no change is ever announced. */
const UNANNOUNCED = { listChanged: false };

const PERMISSIONS_EXPLAINED =
  "Tools act for the signed-in person and are limited by the permissions that person holds. " +
  "When a tool says that a permission is missing, do not try again: tell the person which one and " +
  "that an administrator can assign it.";

const OPTIONS: McpServerOptions = {
  capabilities: { tools: UNANNOUNCED, prompts: UNANNOUNCED, resources: UNANNOUNCED },
  cacheHints: {
    "server/discover": PRIVATE_FOR_A_MINUTE,
    "tools/list": PRIVATE_FOR_A_MINUTE,
    "prompts/list": PRIVATE_FOR_A_MINUTE,
    "resources/list": PRIVATE_FOR_A_MINUTE,
    "resources/templates/list": PRIVATE_FOR_A_MINUTE,
  },
};

/** What a site at this address says of itself to clients; what holds of every server here is added. */
export function describeServer(site: Site, version: string, issuer: string): About {
  const { name, title, description, instructions = "" } = site;
  return {
    info: {
      name,
      title,
      version,
      description,
      websiteUrl: issuer,
      icons: [{ src: `${issuer}/favicon.svg`, mimeType: "image/svg+xml", sizes: ["any"] }],
    },
    instructions: `${instructions}\n\n${PERMISSIONS_EXPLAINED}`.trim(),
  };
}

/** Builds the server of one request; the SDK wants a fresh one each time, in both protocol eras. */
export function buildServer(serving: Serving, { info, instructions }: About): McpServer {
  const server = new McpServer(info, { ...OPTIONS, instructions });
  const { subjects } = serving.asked;
  offerLists(server, serving);
  for (const name of subjects.get("tools/call") ?? []) offerTool(server, serving, name);
  for (const name of subjects.get("prompts/get") ?? []) offerPrompt(server, serving, name);
  for (const uri of subjects.get("resources/read") ?? []) offerResource(server, serving, uri);
  return restateErrors(server);
}

/**
 * Shown is what is allowed or one authorization away; what only an administrator can give is
 * hidden.
 */
function offerLists({ server }: McpServer, { catalogue, caller, asked }: Serving): void {
  type Offer<Wire> = { item: { permissions: readonly string[] }; wire: Wire };
  const shown = <Wire>(offers: ReadonlyMap<string, Offer<Wire>>): Wire[] =>
    [...offers.values()]
      .filter(({ item }) => caller.judge(item.permissions).verdict !== "denied")
      .map(({ wire }) => wire);
  if (asked.subjects.has("tools/list"))
    server.setRequestHandler("tools/list", () => ({ tools: shown(catalogue.tools) }));
  if (asked.subjects.has("prompts/list"))
    server.setRequestHandler("prompts/list", () => ({ prompts: shown(catalogue.prompts) }));
  if (asked.subjects.has("resources/list"))
    server.setRequestHandler("resources/list", () => ({ resources: shown(catalogue.resources) }));
}

function offerTool(server: McpServer, serving: Serving, name: string): void {
  const offer = serving.catalogue.tools.get(name);
  if (offer === undefined) return;
  const { exchange, caller } = serving;
  exchange.note({ tool: name });
  const verdict = caller.judge(offer.item.permissions);
  if (verdict.verdict === "allowed") {
    server.registerTool(name, { inputSchema: offer.input }, (run, sdk) =>
      run(contextOf(serving, sdk)).catch((error: unknown) =>
        toolError(describeFailure(error, exchange)),
      ),
    );
  } else {
    const challenge = scopeChallenge(verdict, serving);
    server.registerTool(name, challenge, () => toolError(explainRefusal(verdict, exchange)));
  }
}

function offerPrompt(server: McpServer, serving: Serving, name: string): void {
  const offer = serving.catalogue.prompts.get(name);
  if (offer === undefined) return;
  const { exchange, caller } = serving;
  const verdict = caller.judge(offer.item.permissions);
  if (verdict.verdict === "allowed") {
    server.registerPrompt(name, { argsSchema: offer.input }, (run, sdk) =>
      run(contextOf(serving, sdk)).catch((error: unknown) =>
        fail(describeFailure(error, exchange)),
      ),
    );
  } else {
    const challenge = scopeChallenge(verdict, serving);
    server.registerPrompt(name, challenge, () => fail(explainRefusal(verdict, exchange)));
  }
}

function offerResource(server: McpServer, serving: Serving, uri: string): void {
  const offer = serving.catalogue.resources.get(uri);
  if (offer === undefined) return;
  const { exchange, caller } = serving;
  const { item, read } = offer;
  const verdict = caller.judge(item.permissions);
  if (verdict.verdict === "allowed") {
    server.registerResource(item.name, uri, {}, (_uri, sdk) =>
      read(contextOf(serving, sdk)).catch((error: unknown) =>
        fail(describeFailure(error, exchange)),
      ),
    );
  } else {
    const challenge = scopeChallenge(verdict, serving);
    server.registerResource(item.name, uri, challenge, () =>
      fail(explainRefusal(verdict, exchange)),
    );
  }
}

type Refused = Exclude<Verdict, { verdict: "allowed" }>;

/**
 * RFC 6750 §3.1 `insufficient_scope`: the SDK answers 403 with it before anything is dispatched. It
 * names what is missing and what is granted already, since some clients ask for exactly what it
 * says (MCP, scope challenge handling).
 */
function scopeChallenge(
  verdict: Refused,
  { exchange, caller }: Serving,
): { scopeChallenge?: ScopeChallengeHandler } {
  if (verdict.verdict === "denied") return {};
  return {
    scopeChallenge: () => {
      exchange.note({ reason: "scope_insufficient" });
      const [first, ...others] = verdict.scopes;
      const scopes = [first, ...others, ...caller.auth.scopes] as const;
      return { scopes, errorDescription: REFUSALS.scope_insufficient.text };
    },
  };
}

function explainRefusal(verdict: Refused, exchange: Trace): string {
  if (verdict.verdict === "step_up") return REFUSALS.scope_insufficient.text;
  exchange.note({ reason: "permission_missing" });
  const missing = verdict.missing.join(", ");
  return `${REFUSALS.permission_missing.text} Missing: ${missing}. Ask an administrator to assign it in Auth0.`;
}

function toolError(text: string): CallToolResult {
  return { content: [{ type: "text", text }], isError: true };
}

/** Prompts and resources have no error result of their own: theirs is a JSON-RPC error. */
function fail(text: string): never {
  throw new ProtocolError(ProtocolErrorCode.InvalidRequest, text);
}
