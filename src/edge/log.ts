/**
 * One structured line per request. What was noted goes in, JSON for `console.log` comes out. Never
 * a header's value, a query, a token or a person's data; field names avoid the words that log
 * collectors blank out.
 */
import type { ConfigProblem } from "../config.ts";
import { type Audit, isAudited } from "./audit.ts";
import { eventOf } from "./events.ts";
import type { Limits } from "./limits.ts";
import { type Metrics, pointOf } from "./metrics.ts";
import { shareOf } from "./sampling.ts";
import { whenEnded } from "./stream.ts";

type Fields = Record<string, string | number | boolean>;

/** One request on its way through the server. */
export interface Exchange {
  /** Shown to the person and sent as `X-Request-Id`: how an operator finds the line. */
  readonly requestId: string;
  readonly execution: ExecutionContext;
  readonly limits?: Limits | undefined;
  /** Which kind of client asks: one of a fixed list. */
  readonly clientFamily: string;
  /**
   * Adds fields to the line: `reason`, `user` (our opaque id), `client` (a prefix of a hash),
   * `tool`, … Names with "auth", "token" or "secret" in them would be scrubbed by collectors.
   */
  note(fields: Fields): void;
  /**
   * Prints the line, and counts it where that is wanted: now, or when the stream of the response that
   * comes back has ended. `route` is the address as it was registered, never as it was asked for.
   */
  finish(response: Response, route: string, trail?: Trail): Response;
}

/** Where a request leaves a trail beside the log, and which version of us served it. */
export interface Trail {
  readonly version?: string;
  readonly metrics?: Metrics;
  readonly audit?: Audit;
  /** In which share lines of what goes well at `/mcp` are printed; absent: every one. */
  readonly logShare?: number;
}

/** First match wins: editors and desktop applications call themselves Mozilla too. */
const CLIENT_FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/claude/i, "claude"],
  [/codex/i, "codex"],
  [/chatgpt|openai/i, "chatgpt"],
  [/cursor/i, "cursor"],
  [/visual studio code|vscode/i, "vscode"],
  [/inspector/i, "inspector"],
  [/gemini/i, "gemini"],
  [/modelcontextprotocol|mcp|^node$|undici|python-httpx/i, "mcp-sdk"],
  [/^mozilla\//i, "browser"],
];

/** Begins the log of one request; `now` tells epoch milliseconds. */
export function createExchange(
  request: Request,
  { execution, limits, now }: Pick<Exchange, "execution" | "limits"> & { now(): number },
): Exchange {
  const startedAtMs = now();
  const requestId = requestIdOf(request);
  const clientFamily = clientFamilyOf(request.headers.get("User-Agent"));
  // One object from the beginning to the end: the line is written for every request.
  const line: Fields = {
    at: new Date(startedAtMs).toISOString(),
    requestId,
    method: request.method,
    route: "",
    status: 0,
    durationMs: 0,
    clientFamily,
  };
  return {
    requestId,
    execution,
    limits,
    clientFamily,
    note: (fields) => void Object.assign(line, fields),
    finish: (response, route, trail = {}) =>
      whenEnded(response, execution, (how) => {
        const { status } = response;
        line["route"] = route;
        line["status"] = status;
        line["durationMs"] = now() - startedAtMs;
        if (how !== "sent") line["outcome"] = how;
        // The provider library refuses a method without saying so.
        if (status === 405) line["reason"] ??= "method_not_allowed";
        leaveTrail(line, trail, execution);
      }),
  };
}

/** The line, and what counts it or keeps it beside the log. */
function leaveTrail(
  line: Fields,
  { version, metrics, audit, logShare = 1 }: Trail,
  execution: ExecutionContext,
): void {
  if (version !== undefined) line["version"] = version;
  const event = eventOf(line);
  line["event"] = event;
  if (audit !== undefined && isAudited(event))
    execution.waitUntil(audit.send({ ...line }).catch(warnOfAudit));
  metrics?.writeDataPoint(pointOf(line));
  const share = shareOf(line, event, logShare);
  if (share === 1) console.log(JSON.stringify(line));
  else if (Math.random() < share) console.log(JSON.stringify({ ...line, share }));
}

/**
 * Which kind of client this is: one of a fixed list, so that a header's value never reaches the
 * log.
 */
export function clientFamilyOf(userAgent: string | null): string {
  return CLIENT_FAMILIES.find(([pattern]) => pattern.test(userAgent ?? ""))?.[1] ?? "other";
}

let lastWarning = "";

/** Prints the problems of the configuration: once per isolate, and again only when they change. */
export function warnConfig(problems: readonly ConfigProblem[]): void {
  const warning = JSON.stringify({ reason: "configuration_invalid", problems });
  if (warning !== lastWarning) console.error(warning);
  lastWarning = warning;
}

/** Prints what failed while nobody awaited it, perhaps after the line of its request. */
export function warnOfStray({ requestId }: Exchange, facts: object): void {
  console.error(JSON.stringify({ level: "error", requestId, message: STRAY, ...facts }));
}

const STRAY = "something failed that was not awaited";

const warned = new Set<string>();

/** Prints a warning of one word and its facts: once in an isolate's life. */
export function warnOnce(reason: string, facts: Readonly<Record<string, unknown>>): void {
  if (warned.has(reason)) return;
  warned.add(reason);
  console.warn(JSON.stringify({ reason, ...facts }));
}

let isolateId: string | undefined;
let requestCount = 0;

/** A request was served whatever becomes of its trail; the log has the line. */
function warnOfAudit(): void {
  console.warn(JSON.stringify({ reason: "audit_failed" }));
}

/** Cloudflare's id of the request when there is one of the usual shape, else one of our own. */
function requestIdOf(request: Request): string {
  const ray = request.headers.get("cf-ray") ?? "";
  if (/^[\w-]{8,64}$/.test(ray)) return ray;
  // A random number for each request would cost a tenth of what the least request costs.
  isolateId ??= crypto.randomUUID().slice(0, 13);
  requestCount += 1;
  return `${isolateId}-${requestCount}`;
}
