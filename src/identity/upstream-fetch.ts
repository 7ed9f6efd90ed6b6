/**
 * One HTTP call to the identity provider, bounded in time and size. A request goes in; the whole
 * answer comes out, or a Refusal when the fault is not in what was asked (no answer, 5xx, 429,
 * broken JSON). It never follows a redirect, never repeats a POST and never puts upstream text into
 * an error.
 */
import { readCapped } from "../capped.ts";
import { type Facts, type Reason, Refusal } from "../errors.ts";

/** The world outside, handed in. */
export interface Outward {
  readonly fetch: typeof fetch;
  /** Epoch seconds. */
  readonly now: () => number;
}

interface UpstreamRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly headers: Record<string, string>;
  readonly body?: URLSearchParams | string | undefined;
}

type Attempt = RequestInit & Pick<UpstreamRequest, "method">;

export type UpstreamFetch = (url: string, request: UpstreamRequest) => Promise<Response>;

/**
 * Discovery, keys and a token request in a row stay within ten seconds. A retry shares its call's
 * budget.
 */
const BUDGET_MS = { GET: 2500, POST: 5000 } as const;

/** More than a document or a profile needs, and than the longest token that we accept and another. */
const LARGEST_ANSWER_BYTES = { GET: 64 * 1024, POST: 1024 * 1024, DELETE: 64 * 1024 } as const;

/** Others stay behind; without `WWW-Authenticate`, the error code in the body decides. */
const KEPT_HEADERS = ["Content-Type", "Retry-After", "X-RateLimit-Reset"] as const;

/** When to try again, if the provider does not say. */
export const RETRY_SOON_SECONDS = 5;
const RETRY_LATE_SECONDS = 120;

/** How long an answer may take, where it is not as usual. */
interface Bounds {
  readonly postBudgetMs?: number;
}

/** Binds the call to its outward parts. A GET that meets a fault is tried once more. */
export function createUpstreamFetch(
  { fetch, now }: Outward,
  { postBudgetMs = BUDGET_MS.POST }: Bounds = {},
): UpstreamFetch {
  const attempt = async (url: string, init: Attempt): Promise<Response> => {
    const answer = await fetch(url, init)
      .then((response) => readWhole(response, LARGEST_ANSWER_BYTES[init.method]))
      .catch(refuseFault);
    assertAnswered(answer, now());
    return new Response(answer.text || null, { status: answer.status, headers: answer.headers });
  };
  return async function fetchUpstream(url, { method, headers, body }) {
    const signal = AbortSignal.timeout(method === "GET" ? BUDGET_MS.GET : postBudgetMs);
    const init = { method, headers, body: body ?? null, redirect: "manual", signal } as const;
    return attempt(url, init).catch((error: unknown) => {
      if (method === "GET" && isUnavailable(error) && !signal.aborted) return attempt(url, init);
      throw error;
    });
  };
}

/** Whether trying again can succeed: the provider did not answer, or asked us to wait. */
export function isTransient(reason: Reason): boolean {
  return reason === "identity_unavailable" || reason === "identity_rate_limited";
}

/** Whether an error is such a fault, and says nothing about what was asked. */
export function isFault(error: unknown): error is Refusal {
  return error instanceof Refusal && isTransient(error.reason);
}

/**
 * `Retry-After` (RFC 9110 §10.2.3, seconds) or Auth0's `X-RateLimit-Reset` (epoch seconds), as
 * 1…120 seconds from `now`.
 */
export function readRetryAfter(headers: Headers, now: number): number {
  const delaySeconds = Number(headers.get("Retry-After") ?? Number.NaN);
  const resetSeconds = Number(headers.get("X-RateLimit-Reset") ?? Number.NaN) - now;
  const seconds = [delaySeconds, resetSeconds].find(Number.isFinite) ?? RETRY_SOON_SECONDS;
  return Math.min(Math.max(Math.ceil(seconds), 1), RETRY_LATE_SECONDS);
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function readWhole(response: Response, maxBytes: number): Promise<Answer> {
  const body = await readCapped(response, maxBytes);
  if (body === undefined)
    throw new Refusal("identity_token_invalid", {
      cause: new Error("answer too large"),
      facts: { check: "answer_too_large" },
    });
  return {
    status: response.status,
    headers: pickHeaders(response.headers),
    text: new TextDecoder().decode(body),
  };
}

function pickHeaders(headers: Headers): Headers {
  return new Headers(
    KEPT_HEADERS.flatMap((name) => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
}

function refuseFault(error: unknown): never {
  if (error instanceof Refusal) throw error;
  const name = error instanceof Error ? error.name : "unknown";
  throw unavailable(name, { upstreamFault: /timeout|abort/i.test(name) ? "timeout" : "network" });
}

function assertAnswered({ status, headers, text }: Answer, now: number): void {
  const cause = new Error(`http ${status}`);
  if (status === 429)
    throw new Refusal("identity_rate_limited", {
      retryAfterSeconds: readRetryAfter(headers, now),
      cause,
      facts: { upstreamStatus: status },
    });
  if (status >= 500) throw unavailable(cause.message, { upstreamStatus: status });
  if (/[/+]json\b/.test(headers.get("Content-Type") ?? "") && text !== "" && !isJson(text))
    throw unavailable("broken json", { upstreamFault: "broken_json" });
}

/** `detail` is ours, for the log. */
function unavailable(detail: string, facts: Facts): Refusal {
  return new Refusal("identity_unavailable", {
    retryAfterSeconds: RETRY_SOON_SECONDS,
    cause: new Error(detail),
    facts,
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof Refusal && error.reason === "identity_unavailable";
}
