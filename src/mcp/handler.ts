/**
 * One HTTP request at `/mcp`. It judges where the request comes from, how it is made, how large it
 * is and whose it is, in this order, and only then lets it be read. It keeps nothing between
 * requests.
 */
import { readCapped } from "../capped.ts";
import type { Exchange } from "../exchange.ts";
import { anonymousCaller } from "./caller.ts";
import type { Catalogue } from "./catalogue.ts";
import { createGate, type Gate, type GateParts, METADATA_PATH, metadataUrlOf } from "./gate.ts";
import { judgeOrigin } from "./origin.ts";
import { jsonRpcRefusal, oauthRefusal } from "./refusal.ts";
import { describeServer } from "./server.ts";
import type { Services } from "./services.ts";
import { createTransport, type Incoming } from "./transport.ts";

export interface McpParts extends GateParts {
  readonly catalogue: Catalogue;
  /** What `serverInfo.version` says. */
  readonly version: string;
  readonly services: Services;
}

export interface Mcp {
  /** Answers at `RESOURCE_PATHS`; other paths are not brought here. */
  fetch(request: Request, exchange: Exchange): Promise<Response>;
}

/** The resource and the two addresses of its metadata. */
export const RESOURCE_PATHS: readonly string[] = ["/mcp", METADATA_PATH, `${METADATA_PATH}/mcp`];

const LARGEST_BODY_BYTES = 1024 * 1024;

/**
 * What a page may read besides the body: without these an MCP client in a browser cannot sign in.
 */
const EXPOSED_HEADERS = "WWW-Authenticate, Retry-After, Mcp-Session-Id, MCP-Protocol-Version";

/** The resource server: `/mcp` behind its gate, or open where sign-in is off. */
export function createMcp(parts: McpParts): Mcp {
  const { config } = parts;
  const enter = openOrGuarded(parts);
  return {
    async fetch(request, exchange) {
      const { execution } = exchange;
      if (new URL(request.url).pathname.startsWith(METADATA_PATH)) {
        const renamed = underOurName(request, metadataUrlOf(config));
        return enter(renamed, { exchange, text: "", mayStream: false }, execution);
      }
      const refused = judgeOrigin(request, config);
      if (refused !== undefined) return refuseOrigin(refused, exchange);
      const incoming = await readIncoming(request, exchange);
      if (incoming instanceof Response) return readableByPages(incoming, request);
      const answer = await enter(underOurName(request, config.resource), incoming, execution);
      return readableByPages(answer, request);
    },
  };
}

/** The operator reads which variable would let it in. */
function refuseOrigin(
  { reason, variable }: NonNullable<ReturnType<typeof judgeOrigin>>,
  exchange: Exchange,
): Response {
  exchange.note({ variable });
  return jsonRpcRefusal(reason, exchange);
}

function openOrGuarded(parts: McpParts): Gate<Incoming> {
  const { config, site, version } = parts;
  const serve = createTransport({ ...parts, about: describeServer(site, version, config.issuer) });
  if (config.auth !== undefined) return createGate(parts, serve);
  const anyone = anonymousCaller(config);
  return async (request, incoming) =>
    request.url === config.resource
      ? serve(request, incoming, anyone)
      : jsonRpcRefusal("not_found", incoming.exchange);
}

/** Reads the body without interpreting it, or says why not: the preflight, the form, the size. */
async function readIncoming(request: Request, exchange: Exchange): Promise<Incoming | Response> {
  if (request.method === "OPTIONS") return answerPreflight(request);
  if (repeatsToken(request)) return oauthRefusal("access_token_repeated", exchange);
  const text = await readBody(request);
  if (text === undefined) return jsonRpcRefusal("body_too_large", exchange);
  const mayStream = request.headers.get("accept")?.includes("text/event-stream") ?? false;
  return { exchange, text, mayStream };
}

/**
 * The body as text, or `undefined` when it is too large. HTTP holds a body to the length it
 * declares (RFC 9112 §6.3, RFC 9113 §8.1.1), so such a one is read at once; any other is read piece
 * by piece, up to the limit.
 */
async function readBody(request: Request): Promise<string | undefined> {
  const declaredBytes = Number(request.headers.get("content-length") ?? Number.NaN);
  if (declaredBytes <= LARGEST_BODY_BYTES) {
    const text = await request.text();
    return text.length <= LARGEST_BODY_BYTES ? text : undefined;
  }
  const body = await readCapped(request, LARGEST_BODY_BYTES);
  return body === undefined ? undefined : new TextDecoder().decode(body);
}

/**
 * RFC 6750 §2: one method of sending a token per request. One in the query alone is never read
 * (§2.3).
 */
function repeatsToken(request: Request): boolean {
  return (
    request.headers.has("authorization") && new URL(request.url).searchParams.has("access_token")
  );
}

/**
 * The same request under the name we have in our own metadata: behind a tunnel, or called
 * 127.0.0.1, its URL says another. The query goes and the body has been read. What the client
 * accepts is known (`mayStream`), so the SDK, which is stricter about it, need not ask.
 */
function underOurName({ method, headers: presented, signal }: Request, url: string): Request {
  const headers = new Headers(presented);
  headers.set("accept", "application/json, text/event-stream");
  return new Request(url, { method, headers, signal });
}

/** Answered before the gate: a preflight carries no token (Fetch §3.3.2). */
function answerPreflight(request: Request): Response {
  return new Response(null, {
    status: 204,
    headers: {
      "Access-Control-Allow-Methods": "POST",
      "Access-Control-Allow-Headers": request.headers.get("access-control-request-headers") ?? "*",
      "Access-Control-Max-Age": "86400",
      Vary: "Access-Control-Request-Headers",
    },
  });
}

/**
 * A bearer token is no ambient credential, so whoever passed the check of its origin may read the
 * answer.
 */
function readableByPages(response: Response, request: Request): Response {
  const origin = request.headers.get("origin");
  if (origin === null) return response;
  const readable = new Response(response.body, response);
  readable.headers.set("Access-Control-Allow-Origin", origin);
  readable.headers.set("Access-Control-Expose-Headers", EXPOSED_HEADERS);
  readable.headers.append("Vary", "Origin");
  return readable;
}
