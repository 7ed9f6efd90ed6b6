/**
 * The doctor's requests. An address goes in; the whole answer, or why there is none, comes out. A
 * redirect is never followed, and the same page is not asked for twice.
 */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, when it is JSON. */
  readonly json: unknown;
  readonly durationMs: number;
}

export interface NoAnswer {
  /** The system's code: ENOTFOUND, ECONNREFUSED, a certificate's, or `timeout`. */
  readonly failure: string;
}

export interface Question {
  readonly method?: "GET" | "POST" | "OPTIONS" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | URLSearchParams;
}

export type Ask = (url: string | URL, question?: Question) => Promise<Answer | NoAnswer>;

const PATIENCE_MS = 10_000;
const LONGEST_TEXT_CHARACTERS = 256 * 1024;

/** A way to ask that remembers what plain GETs were answered. */
export function createAsk(send: typeof fetch = fetch): Ask {
  const known = new Map<string, Promise<Answer | NoAnswer>>();
  return function ask(url, question) {
    if (question !== undefined) return askOnce(send, url, question);
    const before = known.get(String(url)) ?? askOnce(send, url, {});
    known.set(String(url), before);
    return before;
  };
}

export function isAnswer(answer: Answer | NoAnswer): answer is Answer {
  return "status" in answer;
}

/** The JSON object of a 200 answer. */
export function readObject(
  answer: Answer | NoAnswer,
): Readonly<Record<string, unknown>> | undefined {
  if (!isAnswer(answer) || answer.status !== 200) return undefined;
  return isObject(answer.json) ? answer.json : undefined;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member that is a text. */
export function textOf(
  object: Readonly<Record<string, unknown>> | undefined,
  name: string,
): string | undefined {
  const value = object?.[name];
  return typeof value === "string" ? value : undefined;
}

/** A connection that was kept open may be gone: what changes nothing is asked once more. */
async function askOnce(
  send: typeof fetch,
  url: string | URL,
  question: Question,
): Promise<Answer | NoAnswer> {
  const answer = await askNow(send, url, question);
  const isStale = !isAnswer(answer) && /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/.test(answer.failure);
  return isStale && question.method !== "POST" ? askNow(send, url, question) : answer;
}

async function askNow(
  send: typeof fetch,
  url: string | URL,
  { method = "GET", headers = {}, body }: Question,
): Promise<Answer | NoAnswer> {
  const startedAtMs = performance.now();
  try {
    const response = await send(url, {
      method,
      headers,
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(body === undefined ? {} : { body }),
    });
    const text = (await response.text()).slice(0, LONGEST_TEXT_CHARACTERS);
    const durationMs = performance.now() - startedAtMs;
    const { status } = response;
    return { status, headers: response.headers, text, json: parseJson(text), durationMs };
  } catch (error) {
    return { failure: failureCode(error) };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The code of whatever lies at the bottom; `fetch` wraps it. */
function failureCode(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  if (error.name === "TimeoutError") return "timeout";
  if ("code" in error && typeof error.code === "string") return error.code;
  return error.cause === undefined ? error.name : failureCode(error.cause);
}
