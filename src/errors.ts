/**
 * Every way this server says no, as data. A reason goes in; an RFC error code, an HTTP status and a
 * fixed public text come out. A refusal never carries a secret, a token, a stored value or a
 * person's data.
 */
import { CLIENT_REFUSALS } from "./clients/refusals.ts";
import type { Flaw } from "./flaw.ts";
import { IDENTITY_REFUSALS } from "./identity/refusals.ts";
import { STORE_REFUSALS } from "./storage/refusals.ts";

/** One of them. */
export interface RefusalText {
  /**
   * The code of RFC 6749 §4.1.2.1 / §5.2, RFC 6750 §3.1 or RFC 7591 §3.2.2 that the client reads.
   */
  readonly code: string;
  readonly status: number;
  /**
   * What the client or the person is told: the same words every time, in the characters of RFC 6749
   * §5.2.
   */
  readonly text: string;
}

/**
 * The reason codes of the log and what each one says outside. Stable: operators search for them.
 */
export const REFUSALS = {
  ...CLIENT_REFUSALS,
  configuration_invalid: {
    code: "server_error",
    status: 500,
    text: "This server is not configured correctly (configuration_invalid). Its operator finds the list of problems in the log.",
  },
  down_for_work: {
    code: "temporarily_unavailable",
    status: 503,
    text: "This server is down for work. Please try again in a few minutes.",
  },
  client_blocked: {
    code: "access_denied",
    status: 403,
    text: "The operator of this server has blocked this application.",
  },
  organization_off: {
    code: "temporarily_unavailable",
    status: 503,
    text: "The organization of this session is not served here right now.",
  },
  internal_error: { code: "server_error", status: 500, text: "Something went wrong on our side." },
  rate_limited: {
    code: "temporarily_unavailable",
    status: 429,
    text: "Too many requests. Please try again in a minute.",
  },
  not_opened: {
    code: "access_denied",
    status: 403,
    text: "This page is for somebody who opens it, and cannot be fetched ahead.",
  },
  body_too_large: { code: "invalid_request", status: 413, text: "The request body is too large." },
  method_not_allowed: { code: "invalid_request", status: 405, text: "Method not allowed." },
  body_type_refused: {
    code: "invalid_request",
    status: 415,
    text: "The request body must be application/json.",
  },
  body_not_json: {
    code: "invalid_request",
    status: 400,
    text: "The request body is not valid JSON.",
  },
  origin_refused: {
    code: "access_denied",
    status: 403,
    text: "This website may not call this server.",
  },
  host_refused: {
    code: "access_denied",
    status: 403,
    text: "This server does not answer to this host name.",
  },
  access_token_missing: {
    code: "invalid_token",
    status: 401,
    text: "An access token is required.",
  },
  access_token_repeated: {
    code: "invalid_request",
    status: 400,
    text: "Send the access token once, in the Authorization header.",
  },
  access_token_malformed: {
    code: "invalid_token",
    status: 401,
    text: "The access token is not one of ours.",
  },
  access_token_unknown_key: {
    code: "temporarily_unavailable",
    status: 503,
    text: "The access token is under a key that this server does not know right now. Please try again shortly.",
  },
  access_token_newer: {
    code: "temporarily_unavailable",
    status: 503,
    text: "A newer version of this server issued the access token. Please try again shortly.",
  },
  access_token_expired: {
    code: "invalid_token",
    status: 401,
    text: "The access token has expired.",
  },
  access_token_narrowed: {
    code: "invalid_token",
    status: 401,
    text: "The person reduced what this client may do. Refresh the access token.",
  },
  access_token_invalid: {
    code: "invalid_token",
    status: 401,
    text: "The access token is not valid here.",
  },
  scope_insufficient: {
    code: "insufficient_scope",
    status: 403,
    text: "This application was not granted every permission that this needs.",
  },
  sign_in_too_old: {
    code: "insufficient_user_authentication",
    status: 401,
    text: "This needs you to sign in again, or with a second factor.",
  },
  permission_missing: {
    code: "access_denied",
    status: 403,
    text: "You do not have every permission that this needs.",
  },
  tool_failed: { code: "server_error", status: 500, text: "This failed on our side." },
  sse_gone: {
    code: "not_found",
    status: 410,
    text: "This server speaks Streamable HTTP at /mcp; the HTTP+SSE transport is gone.",
  },
  not_found: { code: "not_found", status: 404, text: "There is nothing at this address." },
  authorization_expired: {
    code: "invalid_request",
    status: 400,
    text: "This authorization has expired, was used before, or was started in another browser.",
  },
  interaction_required: {
    code: "access_denied",
    status: 403,
    text: "The person would have to be asked something, which the application did not allow.",
  },
  authorization_invalid: {
    code: "invalid_request",
    status: 400,
    text: "The application sent a request for authorization that this server cannot accept.",
  },
  form_refused: {
    code: "access_denied",
    status: 403,
    text: "This form is not from the page that you have open now.",
  },
  approval_unknown: {
    code: "not_found",
    status: 404,
    text: "This question was answered already, has expired, or was not asked of you.",
  },
  connection_unknown: {
    code: "not_found",
    status: 404,
    text: "This connection has ended already, or is not yours.",
  },
  client_unknown: {
    code: "invalid_client",
    status: 400,
    text: "This server does not know the application that sent you here.",
  },
  client_unreachable: {
    code: "temporarily_unavailable",
    status: 503,
    text: "The website that describes the application does not answer right now. Please try again shortly.",
  },
  grant_busy: {
    code: "temporarily_unavailable",
    status: 503,
    text: "Another request is renewing this session. Please try again shortly.",
  },
  resource_unknown: {
    code: "invalid_target",
    status: 400,
    text: "There is no such resource here.",
  },
  resource_for_people: {
    code: "invalid_target",
    status: 400,
    text: "The address of an organization is for people. A machine asks for the address that ends in /mcp.",
  },
  scope_not_granted: {
    code: "invalid_scope",
    status: 400,
    text: "None of the requested scopes were granted.",
  },
  grant_conflict: {
    code: "invalid_grant",
    status: 400,
    text: "This authorization has ended. Please connect again.",
  },
  grant_ended: {
    code: "invalid_grant",
    status: 400,
    text: "This authorization has ended. Please connect again.",
  },
  session_over: {
    code: "invalid_grant",
    status: 400,
    text: "This session has reached its longest life. Please connect again.",
  },
  code_replayed: {
    code: "invalid_grant",
    status: 400,
    text: "This authorization code was used before. Please connect again.",
  },
  refresh_token_reused: {
    code: "invalid_grant",
    status: 400,
    text: "This refresh token was used before. Please connect again.",
  },
  ...STORE_REFUSALS,
  ...IDENTITY_REFUSALS,
} as const satisfies Record<string, RefusalText>;

export type Reason = keyof typeof REFUSALS;

/** Whether a stored text is one of them. */
export function isReason(text: unknown): text is Reason {
  return typeof text === "string" && Object.hasOwn(REFUSALS, text);
}

/** What the log may know beside the reason, in words of ours. */
export type Facts = Readonly<Record<string, string | number>>;

interface RefusalOptions {
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
  readonly facts?: Facts;
  readonly flaw?: Flaw;
}

/**
 * A refusal on its way to the one place that renders it. `cause` is for the debugger, never for the
 * wire.
 */
export class Refusal extends Error {
  readonly reason: Reason;
  /** Seconds after which trying again makes sense; sent as `Retry-After`. */
  readonly retryAfterSeconds: number | undefined;
  readonly facts: Facts;
  /** The parameter that is wrong, where it is one. */
  readonly flaw: Flaw | undefined;

  constructor(reason: Reason, options: RefusalOptions = {}) {
    super(reason, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Refusal";
    this.reason = reason;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.facts = { ...options.facts, ...options.flaw };
    this.flaw = options.flaw;
  }
}

/** The same refusal, with more for the log. */
export function addFacts(refusal: Refusal, facts: Facts): Refusal {
  const { reason, retryAfterSeconds, cause } = refusal;
  return new Refusal(reason, {
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(cause === undefined ? {} : { cause }),
    facts: { ...refusal.facts, ...facts },
  });
}

/** Whether the same request can succeed later: nothing was wrong with it. */
export function isPassing(error: unknown): error is Refusal {
  return error instanceof Refusal && REFUSALS[error.reason].code === "temporarily_unavailable";
}
