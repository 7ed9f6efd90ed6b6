/**
 * Between an admitted request and the SDK: the text of a body goes in, the answer in the client's
 * protocol era comes out. Every request gets a server of its own, so nothing of one caller is left
 * for the next.
 */
import {
  type AuthInfo,
  createMcpHandler,
  isJsonContentType,
  isLegacyRequest,
  type McpHandlerRequestOptions,
  type McpServer,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import type { Config } from "../config.ts";
import type { Caller } from "./caller.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Serving, Trace } from "./context.ts";
import { askedBy, createDirectWay, type PlainRequest, readPlain } from "./direct.ts";
import { challengeFor, freshen, refuseStale, withChallenge } from "./fresh.ts";
import { callerKey } from "./credential.ts";
import { metadataUrlOf } from "./gate.ts";
import { type Asked, readAsked } from "./message.ts";
import { noteAnswersOf, noteRefusal, noteRequest } from "./outcome.ts";
import { jsonRpcRefusal } from "./refusal.ts";
import { type About, buildServer } from "./server.ts";
import type { Services } from "./services.ts";
import { parseBody } from "./spelling.ts";

/** What was read of a request. */
export interface Incoming {
  readonly exchange: Trace;
  readonly text: string;
  /** The client reads event streams. */
  readonly mayStream: boolean;
}

/** Serves one admitted request, whose body is the text that comes with it. */
type Transport = (request: Request, incoming: Incoming, caller: Caller) => Promise<Response>;

export interface TransportParts {
  readonly config: Config;
  readonly catalogue: Catalogue;
  readonly services: Services;
  readonly about: About;
  /** False: the SDK answers everything. The answers are the same. */
  readonly isDirect?: boolean;
}

/**
 * One SDK handler per isolate. What belongs to a request is found by the request, never kept beside
 * it.
 */
export function createTransport(parts: TransportParts): Transport {
  const { config, catalogue, services, about, isDirect = true } = parts;
  const servings = new WeakMap<Request, Serving>();
  const build = (serving: Serving): McpServer =>
    noteAnswersOf(buildServer(serving, about), serving.exchange);
  const sdk = createMcpHandler(({ requestInfo }) => {
    const serving = requestInfo && servings.get(requestInfo);
    if (serving === undefined) throw new Error("no request stands behind this call");
    return build(serving);
  });
  const goDirect = createDirectWay(about);
  const house = { catalogue, services, isLocal: config.isLoopback, issuer: config.issuer };
  const askSdk = async (request: Request, body: unknown, serving: Serving): Promise<Response> => {
    const options = { parsedBody: body, authInfo: authInfoOf(serving.caller, config) };
    const ours = underOurName(request, config);
    if (wantsPlainJson(serving) && (await isLegacyRequest(ours, body)))
      return noteRefusal(await answerAsJson(ours, build(serving), options), serving.exchange);
    servings.set(ours, serving);
    return noteRefusal(await sdk.fetch(ours, options), serving.exchange);
  };
  const answer = async (request: Request, { body, plain, serving }: Read): Promise<Response> => {
    if (plain === undefined) return askSdk(request, body, serving);
    const direct = await goDirect(plain, serving);
    if ("response" in direct) return direct.response;
    return "performed" in direct
      ? askSdk(request, body, { ...serving, ...direct })
      : direct.learn(await askSdk(request, body, serving));
  };
  return async (request, { exchange, text, mayStream }, admitted) => {
    const refused = judgeForm(request, exchange);
    if (refused !== undefined) return refused;
    const body = parseBody(text, (name) => catalogue.tools.get(name)?.wire.inputSchema);
    if (body === undefined) return jsonRpcRefusal("body_not_json", exchange);
    // The gate has counted one.
    if (Array.isArray(body) && body.length > 1)
      await exchange.limits?.hold("calls", callerKey(admitted.auth), body.length - 1);
    const plain = isDirect ? readPlain(request, body) : undefined;
    const asked = askedOf(request, body, plain);
    noteRequest(asked, exchange);
    const known = await freshen(admitted, asked, catalogue);
    const { caller, wanted } = known;
    const serving = { ...house, caller, exchange, asked, mayStream, signal: request.signal };
    if (wanted === undefined) return answer(request, { body, plain, serving });
    if (known.readsChallenges === true) return refuseStale(known, exchange, config);
    return withChallenge(
      await askSdk(request, body, serving),
      challengeFor(wanted, caller, config),
    );
  };
}

/** A request whose body was read. */
interface Read {
  readonly body: unknown;
  /** For the direct way. */
  readonly plain: PlainRequest | undefined;
  readonly serving: Serving;
}

function askedOf({ headers }: Request, body: unknown, plain: PlainRequest | undefined): Asked {
  return plain === undefined
    ? readAsked(body, headers.get("mcp-protocol-version"))
    : askedBy(plain, body);
}

function judgeForm({ method, headers }: Request, exchange: Trace): Response | undefined {
  if (method !== "POST")
    return jsonRpcRefusal("method_not_allowed", exchange, { Allow: "POST, OPTIONS" });
  return isJsonContentType(headers.get("content-type"))
    ? undefined
    : jsonRpcRefusal("body_type_refused", exchange);
}

/**
 * The same request under the name we have in our own metadata: behind a tunnel, or called
 * 127.0.0.1, its URL says another. The query goes and the body has been read. What the client
 * accepts is known (`mayStream`), so the SDK, which is stricter about it, need not ask.
 */
function underOurName({ method, headers: presented, signal }: Request, config: Config): Request {
  const headers = new Headers(presented);
  headers.set("accept", "application/json, text/event-stream");
  return new Request(config.resource, { method, headers, signal });
}

/**
 * In 2026-07-28 the SDK decides between JSON and a stream as it should; before, it always streams.
 */
function wantsPlainJson({ mayStream, asked }: Serving): boolean {
  return !asked.hasEnvelope && !(mayStream && asked.wantsProgress);
}

/**
 * A client of an older revision that wants no progress gets JSON, which those revisions allow: the
 * SDK would open an event stream for a single answer.
 */
async function answerAsJson(
  request: Request,
  server: McpServer,
  options: McpHandlerRequestOptions,
): Promise<Response> {
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  request.signal.addEventListener("abort", () => void server.close(), { once: true });
  return transport.handleRequest(request, options);
}

/** What the SDK puts into a scope challenge. No tool sees it, so it carries no token. */
function authInfoOf({ auth }: Caller, config: Config): AuthInfo {
  return {
    token: "",
    clientId: auth.clientId,
    scopes: [...auth.scopes],
    resourceMetadataUrl: metadataUrlOf(config),
  };
}
