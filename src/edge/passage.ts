/**
 * What every request passes on its way in and out: its id, its log line, its headers, its cookies,
 * and the one place where a failure becomes a response. No route does any of this itself.
 */
import type { Context, MiddlewareHandler } from "hono";
import { HonoBase } from "hono/hono-base";
import { routePath } from "hono/route";
import { type Reason, Refusal } from "../errors.ts";
import { meter } from "../metering.ts";
import type { Look } from "../pages/look.ts";
import { plainSetCookies, usesPlainCookies } from "./cookies.ts";
import { explainFailure, renderRefusal, revealFault } from "./failure.ts";
import { withSecurityHeaders } from "./headers.ts";
import { createExchange, type Exchange, type Trail, warnOfStray } from "./log.ts";
import type { LimitName, Limits } from "./limits.ts";
import { continueTrace } from "./trace.ts";
import { createRouter } from "./router.ts";
import { COUNTED, failureForm, OTHER_ROUTE } from "./routes.ts";

/** What the passage must know of the server. */
interface Door {
  readonly isLoopback: boolean;
  readonly issuer: string;
  readonly look: Look;
}

/** What the runtime gives for one request. */
interface Arrival {
  readonly execution: ExecutionContext;
  readonly limitsOf?: ((request: Request) => Limits) | undefined;
  readonly trail?: Trail | undefined;
}

/** What a route is given beside the request. */
export interface EdgeEnv {
  readonly Bindings: { readonly exchange: Exchange; readonly door: Door };
}

export type Routes = HonoBase<EdgeEnv>;

export interface Passage {
  /** To be added to. */
  readonly routes: Routes;
  /** Every answer, the failures included, leaves with its headers and its log line. */
  fetch(request: Request, arrival: Arrival): Promise<Response>;
}

/** A passage without routes. */
export function createPassage(door: Door): Passage {
  const routes = new HonoBase<EdgeEnv>({ router: createRouter() });
  for (const [paths, limit] of COUNTED) routes.use(paths, holdAddress(limit));
  routes.onError((error, context) => answerFailure(error, context));
  routes.notFound((context) => answerFailure(new Refusal("not_found"), context));
  return { routes, fetch: (request, arrival) => pass(request, arrival, { routes, door }) };
}

async function pass(
  request: Request,
  { execution, limitsOf, trail }: Arrival,
  { routes, door }: { readonly routes: Routes; readonly door: Door },
): Promise<Response> {
  const limits = limitsOf?.(request);
  const exchange = createExchange(request, { execution, limits, now: Date.now });
  const trace = continueTrace(request.headers);
  if (trace !== undefined) exchange.note({ traceId: trace.traceId, spanId: trace.spanId });
  const onStray = (error: unknown): void =>
    warnOfStray(exchange, {
      ...explainFailure(error),
      ...(door.isLoopback ? revealFault(error) : {}),
    });
  const answered = await meter(
    { note: exchange.note, traceparent: trace?.traceparent, onStray },
    () => routes.fetch(request, { exchange, door }),
  );
  const answer = usesPlainCookies(door) ? plainSetCookies(answered) : answered;
  const response = withSecurityHeaders(answer, {
    isLoopback: door.isLoopback,
    requestId: exchange.requestId,
  });
  return exchange.finish(response, routeOf(request, routes), trail);
}

/**
 * Strangers at a door are counted by their address, before anything is done for them. A page that
 * begins or ends a sign-in opens for a navigation only: HEAD and what a browser fetches ahead write
 * nothing and use nothing up.
 */
function holdAddress(limit: LimitName): MiddlewareHandler<EdgeEnv> {
  return async function hold(context, next) {
    const { raw: request } = context.req;
    await context.env.exchange.limits?.hold(limit);
    if (limit !== "pages") return next();
    if (request.method === "HEAD") return new Response(null, { headers: HTML });
    if (isFetchedAhead(request)) throw new Refusal("not_opened");
    return next();
  };
}

const HTML = { "Content-Type": "text/html; charset=utf-8" };

/** Prefetch and prerender say so (Fetch Metadata `Sec-Purpose`, and older spellings of it). */
function isFetchedAhead({ headers }: Request): boolean {
  return ["Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"].some((name) =>
    /\bpre(?:fetch|render|view)/i.test(headers.get(name) ?? ""),
  );
}

/** A route that refuses, whatever is asked. */
export function refuseWith(
  reason: Reason,
  headers: Readonly<Record<string, string>> = {},
): MiddlewareHandler<EdgeEnv> {
  return async function refuse(context) {
    const response = answerFailure(new Refusal(reason), context);
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
    return response;
  };
}

function answerFailure(error: unknown, context: Context<EdgeEnv>): Response {
  const { req, env } = context;
  const { exchange, door } = env;
  exchange.note(explainFailure(error));
  if (door.isLoopback) exchange.note(revealFault(error));
  const wants = failureForm(req.raw, asLogged(routePath(context, -1)));
  const response = renderRefusal(error, {
    wants,
    requestId: exchange.requestId,
    look: door.look,
    endpoint: `${door.issuer}/mcp`,
  });
  if (wants !== "page") letClientsRead(response, req.header("Origin"));
  // RFC 6749 §5.2: a client that tried HTTP Basic is challenged by it.
  if (
    wants === "token" &&
    response.status === 401 &&
    /^Basic\b/i.test(req.header("Authorization") ?? "")
  )
    response.headers.set("WWW-Authenticate", 'Basic realm="OAuth"');
  return response;
}

/** The address as the last of its routes was registered. */
function routeOf(request: Request, { router, getPath }: Routes): string {
  const method = request.method === "HEAD" ? "GET" : request.method;
  const [matched] = router.match(method, getPath(request));
  return asLogged(matched.at(-1)?.[0][1].path ?? "");
}

/** `other` where an address is not a route's own. */
function asLogged(path: string): string {
  return path === "" || path.includes("*") ? OTHER_ROUTE : path;
}

/** A client in a web page must see when to try again; no cookie decides such an answer (Fetch §3.3). */
function letClientsRead({ headers }: Response, origin: string | undefined): void {
  if (origin === undefined) return;
  headers.set("Access-Control-Allow-Origin", origin);
  headers.set("Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate, X-Request-Id");
  headers.append("Vary", "Origin");
}
