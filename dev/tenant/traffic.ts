/**
 * What comes in at the tenant's door: every request is named by its endpoint, counted, and on
 * demand delayed or answered wrongly. A request that is let through is handed on whole. Keeps no
 * bodies.
 */
import { IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { TOKEN_EXCHANGE, TOKEN_VAULT } from "./exchange.ts";

const ENDPOINTS = {
  "/authorize": "authorize",
  "/oauth/token": "token",
  "/oauth/revoke": "revoke",
  "/oauth/par": "par",
  "/userinfo": "userinfo",
  "/oidc/logout": "logout",
  "/me/v1/connected-accounts/connect": "accounts",
  "/me/v1/connected-accounts/complete": "accounts",
  "/.well-known/jwks.json": "jwks",
  "/.well-known/openid-configuration": "discovery",
  "/.well-known/oauth-authorization-server": "discovery",
} as const;

/** An endpoint, or the token endpoint for one kind of grant. */
export type Endpoint =
  | (typeof ENDPOINTS)[keyof typeof ENDPOINTS]
  | "token:authorization_code"
  | "token:refresh_token"
  | "token:client_credentials"
  | `token:${typeof TOKEN_EXCHANGE | typeof TOKEN_VAULT}`;

/**
 * An answer in place of the real one; an object is sent as JSON. `times` is how often, always by
 * default.
 */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly times?: number;
}

/** `hang` never answers, `reset` breaks the connection. */
export type Fault = Answer | "hang" | "reset";

export interface Traffic {
  count(endpoint: Endpoint): number;
  /** The traces that requests belonged to (`traceparent`), in the order in which they came. */
  traces(): readonly string[];
  fail(endpoint: Endpoint, fault: Fault): void;
  latency(endpoint: Endpoint, milliseconds: number): void;
  /** No faults, no delays, all counters at zero. */
  clear(): void;
  /**
   * Counts a request and plays the faults; the request to serve, or `undefined` when it has had its
   * answer.
   */
  admit(request: IncomingMessage, response: ServerResponse): Promise<IncomingMessage | undefined>;
}

/** A door with nothing counted and nothing wrong. */
export function createTraffic(): Traffic {
  const counts = new Map<string, number>();
  const faults = new Map<string, Fault>();
  const delays = new Map<string, number>();
  const traces: string[] = [];
  return {
    traces: () => traces,
    count: (endpoint) => counts.get(endpoint) ?? 0,
    fail: (endpoint, fault) => void faults.set(endpoint, fault),
    latency: (endpoint, milliseconds) => void delays.set(endpoint, milliseconds),
    clear: () => {
      [counts, faults, delays].forEach((map) => map.clear());
      traces.length = 0;
    },
    async admit(request, response) {
      const body = await readBody(request);
      const names = endpointNames(request, body);
      traces.push(...[request.headers["traceparent"] ?? []].flat());
      for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
      const fault = takeFault(faults, names);
      const delay = Math.max(0, ...names.map((name) => delays.get(name) ?? 0));
      if (delay > 0) await wait(delay);
      if (fault === undefined) return replay(request, body);
      playFault(fault, request, response);
      return undefined;
    },
  };
}

/** The whole body of a request. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function endpointNames(request: IncomingMessage, body: Buffer): string[] {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  const endpoint = Object.entries(ENDPOINTS).find(([path]) => path === pathname)?.[1];
  if (endpoint === undefined) return [];
  if (endpoint !== "token") return [endpoint];
  return [endpoint, `token:${new URLSearchParams(body.toString()).get("grant_type")}`];
}

function takeFault(faults: Map<string, Fault>, names: readonly string[]): Fault | undefined {
  const name = names.find((candidate) => faults.has(candidate));
  const fault = name === undefined ? undefined : faults.get(name);
  if (name === undefined || typeof fault !== "object" || fault.times === undefined) return fault;
  if (fault.times > 1) faults.set(name, { ...fault, times: fault.times - 1 });
  else faults.delete(name);
  return fault;
}

function playFault(fault: Fault, request: IncomingMessage, response: ServerResponse): void {
  if (fault === "hang") return;
  if (fault === "reset") return void request.socket.resetAndDestroy();
  const body = fault.body ?? defaultBody(fault.status);
  const isText = typeof body === "string";
  response.writeHead(fault.status, {
    "content-type": isText ? "text/html; charset=utf-8" : "application/json; charset=utf-8",
    ...fault.headers,
  });
  response.end(isText ? body : JSON.stringify(body));
}

/** Auth0 explains a rate limit as JSON; its failures come from the proxies before it, as HTML. */
function defaultBody(status: number): unknown {
  if (status !== 429) return `<!doctype html><title>${status}</title>`;
  return { error: "too_many_requests", error_description: "Global limit has been reached" };
}

/** The same request with its body still to be read, since a stream can be read only once. */
export function replay(request: IncomingMessage, body: Buffer): IncomingMessage {
  const { method, url, headers, rawHeaders, httpVersion } = request;
  const copy = new IncomingMessage(request.socket);
  Object.assign(copy, { method, url, headers, rawHeaders, httpVersion, complete: true });
  copy.push(body);
  copy.push(null);
  return copy;
}
