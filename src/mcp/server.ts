/**
 * The MCP server of one request. The catalogue, a caller and what the request asks for go in; a
 * server comes out that knows no more than this request needs. What the caller may not use is never
 * registered with its `run`.
 */
import {
  type CallToolResult,
  type Implementation,
  type InputRequiredResult,
  McpServer,
  type McpServerOptions,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  type ScopeChallengeHandler,
  type ServerContext,
} from "@modelcontextprotocol/server";
import type { Config } from "../config.ts";
import { REFUSALS } from "../errors.ts";
import { admitsMachines, type MachineConfig } from "../machine-variables.ts";
import type { Site } from "../site-definition.ts";
import { text, ToolError } from "./answer.ts";
import { openState } from "./asking.ts";
import { type Catalogue, findResource } from "./catalogue.ts";
import { offerCompletion } from "./completion.ts";
import type { Serving } from "./context.ts";
import { leadToSignIn } from "./fresh.ts";
import { offerLists, PRIVATE_FOR_A_MINUTE } from "./lists.ts";
import { explainRefusal, noteOutcome } from "./outcome.ts";
import type { Verdict } from "./permissions.ts";
import { restateErrors } from "./restatement.ts";
import { SKILL_EXTENSION } from "./skill.ts";
import { perform, type UseResult } from "./use.ts";
import { VIEW_EXTENSION } from "./view.ts";

/** What the server says of itself. */
export interface About {
  readonly info: Implementation;
  readonly instructions: string;
  /** What it does beside the protocol, by the names of the extensions. */
  readonly extensions: NonNullable<Capabilities["extensions"]>;
}

type Capabilities = NonNullable<McpServerOptions["capabilities"]>;

/** Machines sign in for themselves (ext-auth, oauth-client-credentials). */
const MACHINE_EXTENSION = "io.modelcontextprotocol/oauth-client-credentials";

/** Companies say what their people may do (ext-auth, enterprise-managed-authorization). */
const ENTERPRISE_EXTENSION = "io.modelcontextprotocol/enterprise-managed-authorization";

/** How callers may come beside signing in. */
function extensionsOf(machines: MachineConfig): About["extensions"] {
  return {
    ...(admitsMachines(machines) ? { [MACHINE_EXTENSION]: {} } : {}),
    ...(machines.enterprises.length > 0 ? { [ENTERPRISE_EXTENSION]: {} } : {}),
  };
}

/** Isolates share no bus, so no change is ever announced. */
const UNANNOUNCED = { listChanged: false };

const PERMISSIONS_EXPLAINED =
  "Tools act for the signed-in person and are limited by the permissions that person holds. " +
  "When a tool says that a permission is missing, do not try again: tell the person which one and " +
  "that an administrator can assign it.";

const OPTIONS: McpServerOptions = {
  cacheHints: {
    "server/discover": PRIVATE_FOR_A_MINUTE,
    "tools/list": PRIVATE_FOR_A_MINUTE,
    "prompts/list": PRIVATE_FOR_A_MINUTE,
    "resources/list": PRIVATE_FOR_A_MINUTE,
    "resources/templates/list": PRIVATE_FOR_A_MINUTE,
  },
  // An older client cannot be asked statelessly: it gets words instead, never a wait.
  inputRequired: { legacyShim: false },
};

/** What a site at this address says of itself to clients; what holds of every server here is added. */
export function describeServer(site: Site, version: string, { issuer, auth }: Config): About {
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
    extensions: auth === undefined ? {} : extensionsOf(auth.machines),
  };
}

/** Builds the server of one request; the SDK wants a fresh one each time, in both protocol eras. */
export function buildServer(serving: Serving, about: About): McpServer {
  const { info, instructions } = about;
  const server = new McpServer(info, {
    ...OPTIONS,
    instructions,
    capabilities: capabilitiesOf(serving.catalogue, about),
    requestState: { verify: (state) => verifyState(state, serving) },
  });
  const { subjects } = serving.asked;
  offerLists(server, serving);
  offerCompletion(server, serving);
  for (const name of subjects.get("tools/call") ?? []) offerTool(server, serving, name);
  for (const name of subjects.get("prompts/get") ?? []) offerPrompt(server, serving, name);
  for (const uri of subjects.get("resources/read") ?? []) offerResource(server, serving, uri);
  return restateErrors(server);
}

function capabilitiesOf(catalogue: Catalogue, about: About): Capabilities {
  const extensions = {
    ...about.extensions,
    ...(catalogue.hasViews ? { [VIEW_EXTENSION]: {} } : {}),
    ...(catalogue.skills.size > 0 ? { [SKILL_EXTENSION]: {} } : {}),
  };
  return {
    tools: UNANNOUNCED,
    prompts: UNANNOUNCED,
    resources: UNANNOUNCED,
    ...(catalogue.hasCompletion ? { completions: {} } : {}),
    ...(Object.keys(extensions).length === 0 ? {} : { extensions }),
  };
}

/** basic/patterns/mrtr, server requirements 4–5: a state that does not open is a protocol error. */
async function verifyState(state: string, { asked, caller, services, exchange }: Serving) {
  const open = await openState(state, await caller.bind(asked.content()), services);
  if (open === undefined) {
    noteOutcome(exchange, "refused");
    throw new Error("the state is not of this call");
  }
  return open;
}

function offerTool(server: McpServer, serving: Serving, name: string): void {
  const { exchange, caller, catalogue } = serving;
  const offer = catalogue.tools.get(name);
  if (offer === undefined) return noteOutcome(exchange, "unknown");
  exchange.note({ tool: name, digest: offer.digest.slice(0, 12) });
  const verdict = caller.judge(offer.item);
  if (verdict.verdict === "allowed") {
    // What is not valid never becomes a use: this stands unless one is performed.
    if (serving.performed === undefined) noteOutcome(exchange, "arguments_invalid");
    server.registerTool(name, { inputSchema: offer.input }, async (use, sdk) => {
      const ended = serving.performed ?? (await perform(use, serving, sdk));
      if (ended.ended === "asked") return ended.question;
      return ended.ended === "done" ? ended.result : toolError(ended.text, ended.error);
    });
  } else {
    const challenge = scopeChallenge(verdict, serving);
    server.registerTool(name, challenge, async (sdk) => {
      const led = await explain(verdict, serving, { title: offer.item.title, sdk });
      return typeof led === "string" ? toolError(led) : led;
    });
  }
}

function offerPrompt(server: McpServer, serving: Serving, name: string): void {
  const { exchange, caller, catalogue } = serving;
  const offer = catalogue.prompts.get(name);
  if (offer === undefined) return noteOutcome(exchange, "unknown");
  exchange.note({ prompt: name });
  const verdict = caller.judge(offer.item);
  if (verdict.verdict === "allowed") {
    noteOutcome(exchange, "arguments_invalid");
    server.registerPrompt(name, { argsSchema: offer.input }, async (use, sdk) =>
      doneOrFail(await perform(use, serving, sdk)),
    );
  } else {
    const challenge = scopeChallenge(verdict, serving);
    server.registerPrompt(name, challenge, async (sdk) => {
      const led = await explain(verdict, serving, { title: offer.item.title, sdk });
      return typeof led === "string" ? fail(led) : led;
    });
  }
}

/** A resource at this URI: one of the list, a template's, a view, or a file of a skill. */
function offerResource(server: McpServer, serving: Serving, uri: string): void {
  const { exchange, caller } = serving;
  const found = findResource(serving.catalogue, uri);
  if (found === undefined) return noteOutcome(exchange, "unknown");
  exchange.note({ resource: found.use.name });
  const verdict = caller.judge(found.judged);
  if (verdict.verdict === "allowed") {
    server.registerResource(uri, uri, {}, async (_uri, sdk) => {
      const result = doneOrFail(await perform(found.use, serving, sdk));
      if (result !== undefined) return result;
      noteOutcome(exchange, "unknown");
      throw new ResourceNotFoundError(uri);
    });
  } else {
    const challenge = scopeChallenge(verdict, serving);
    server.registerResource(uri, uri, challenge, async (_uri, sdk) => {
      const led = await explain(verdict, serving, { title: found.use.title, sdk });
      return typeof led === "string" ? fail(led) : led;
    });
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
  if (verdict.verdict !== "step_up") return {};
  return {
    scopeChallenge: () => {
      noteOutcome(exchange, "step_up");
      exchange.note({ reason: "scope_insufficient" });
      const [first, ...others] = verdict.scopes;
      const scopes = [first, ...others, ...caller.auth.scopes] as const;
      return { scopes, errorDescription: REFUSALS.scope_insufficient.text };
    },
  };
}

/** What stands in the way, in words; or a page to open, for a client that opens pages. */
async function explain(
  verdict: Refused,
  serving: Serving,
  { title, sdk }: { readonly title: string; readonly sdk: ServerContext },
): Promise<string | InputRequiredResult> {
  if (verdict.verdict !== "stale") return explainRefusal(verdict, serving.exchange);
  const led = await leadToSignIn(serving, { title, wanted: verdict.wanted }, sdk.mcpReq);
  return "text" in led ? led.text : led.question;
}

/** A ToolError may carry more than its message. */
function toolError(message: string, error?: unknown): CallToolResult {
  const { content, meta } = error instanceof ToolError ? error : { content: [], meta: undefined };
  return {
    content: [text(message), ...content],
    isError: true,
    ...(meta === undefined ? {} : { _meta: { ...meta } }),
  };
}

function doneOrFail<Result>(ended: UseResult<Result>) {
  if (ended.ended === "asked") return ended.question;
  if (ended.ended === "done") return ended.result;
  return fail(ended.text, ended.error instanceof ToolError ? undefined : INTERNAL_ERROR);
}

const { InternalError: INTERNAL_ERROR, InvalidRequest: INVALID_REQUEST } = ProtocolErrorCode;

/** Prompts and resources have no error result of their own: theirs is a JSON-RPC error. */
function fail(message: string, code = INVALID_REQUEST): never {
  throw new ProtocolError(code, message);
}
