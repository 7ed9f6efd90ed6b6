/**
 * One HTTP request at `/mcp`. It judges where the request comes from, how it is made, whose it is
 * and how large it is, in this order: what strangers send is not read. It keeps nothing between
 * requests.
 */
import { readCapped } from "../capped.ts";
import type { Config } from "../config.ts";
import type { Exchange } from "../exchange.ts";
import { anonymousCaller } from "./caller.ts";
import type { Catalogue } from "./catalogue.ts";
import { createGate, type Gate, type GateParts, METADATA_PATH } from "./gate.ts";
import { judgeOrigin } from "./origin.ts";
import { jsonRpcRefusal, oauthRefusal } from "./refusal.ts";
import { describeServer } from "./server.ts";
import type { Services } from "./services.ts";
import { createTransport } from "./transport.ts";

export interface McpParts extends GateParts {
  readonly catalogue: Catalogue;
  /** What `serverInfo.version` says. */
  readonly version: string;
  readonly services: Services;
  /** False: the SDK answers everything at `/mcp`. */
  readonly isDirect?: boolean;
}

export interface Mcp {
  /** Answers at `/mcp`. */
  fetch(request: Request, exchange: Exchange): Response | Promise<Response>;
  /** Answers at `METADATA_PATHS`. */
  describe(request: Request, exchange: Exchange): Promise<Response>;
}

/** The two addresses of the resource's metadata. */
export const METADATA_PATHS: readonly string[] = [METADATA_PATH, `${METADATA_PATH}/mcp`];

const LARGEST_BODY_BYTES = 1024 * 1024;

/**
 * What a page may read besides the body: without these an MCP client in a browser cannot sign in.
 */
const EXPOSED_HEADERS = "WWW-Authenticate, Retry-After, Mcp-Session-Id, MCP-Protocol-Version";

/** The resource server: `/mcp` behind its gate, or open where sign-in is off. */
export function createMcp(parts: McpParts): Mcp {
  const { config, site, version } = parts;
  const gate = config.auth === undefined ? openGate(config) : createGate(parts);
  const serve = createTransport({ ...parts, about: describeServer(site, version, config) });
  const answer = async (request: Request, exchange: Exchange): Promise<Response> => {
    if (request.method === "OPTIONS") return answerPreflight(request);
    if (repeatsToken(request)) return oauthRefusal("access_token_repeated", exchange);
    const caller = await gate.admit(request, exchange);
    if (caller instanceof Response) return caller;
    const text = await readBody(request);
    return text === undefined
      ? jsonRpcRefusal("body_too_large", exchange)
      : serve(request, { exchange, text, mayStream: readsStreams(request) }, caller);
  };
  return {
    fetch(request, exchange) {
      const refused = judgeOrigin(request, config);
      if (refused !== undefined) return refuseOrigin(refused, exchange);
      const origin = request.headers.get("origin");
      const answered = answer(request, exchange);
      return origin === null ? answered : answered.then((response) => readableAt(origin, response));
    },
    describe: (request, exchange) => gate.describe(request, exchange),
  };
}

/** Everybody comes in, and there is nothing to describe. */
function openGate(config: Config): Gate {
  const anyone = anonymousCaller(config);
  return {
    admit: () => Promise.resolve(anyone),
    describe: async (_request, exchange) => jsonRpcRefusal("not_found", exchange),
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

function readsStreams({ headers }: Request): boolean {
  return headers.get("accept")?.includes("text/event-stream") ?? false;
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
function repeatsToken({ url, headers }: Request): boolean {
  return (
    url.includes("?") &&
    headers.has("authorization") &&
    new URL(url).searchParams.has("access_token")
  );
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
function readableAt(origin: string, response: Response): Response {
  const readable = new Response(response.body, response);
  readable.headers.set("Access-Control-Allow-Origin", origin);
  readable.headers.set("Access-Control-Expose-Headers", EXPOSED_HEADERS);
  readable.headers.append("Vary", "Origin");
  return readable;
}
