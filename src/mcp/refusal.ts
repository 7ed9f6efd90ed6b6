/**
 * How `/mcp` says no before a JSON-RPC request is dispatched. A reason goes in, an answer in the
 * words of errors.ts comes out, and the log learns the reason.
 */
import { OAuthError } from "@cloudflare/workers-oauth-provider";
import { type Reason, type Refusal, REFUSALS } from "../errors.ts";
import type { Trace } from "./context.ts";

const PARSE_ERROR = -32_700;
const SERVER_ERROR = -32_000;

/** A JSON-RPC error (JSON-RPC 2.0 §5.1). No id: it could not be read, or was not worth reading. */
export function jsonRpcRefusal(
  reason: Reason,
  exchange: Trace,
  headers: Record<string, string> = {},
): Response {
  exchange.note({ reason });
  const code = reason === "body_not_json" ? PARSE_ERROR : SERVER_ERROR;
  const { status, text: message } = REFUSALS[reason];
  return Response.json({ jsonrpc: "2.0", error: { code, message }, id: null }, { status, headers });
}

/** An OAuth error (RFC 6750 §3.1). */
export function oauthRefusal(reason: Reason, exchange: Trace): Response {
  exchange.note({ reason });
  const { status, code: error, text: error_description } = REFUSALS[reason];
  return Response.json(
    { error, error_description },
    { status, headers: { "Cache-Control": "no-store" } },
  );
}

const RETRY_AFTER_SECONDS = 5;

/**
 * RFC 6750 §3.1. Only a bad credential is a 401, which makes a client sign in again; a fault of
 * ours is a 503.
 */
export function asOAuthError({
  reason,
  retryAfterSeconds,
}: Pick<Refusal, "reason" | "retryAfterSeconds">): OAuthError {
  const { code, status, text: description } = REFUSALS[reason];
  if (code === "access_denied") return new OAuthError(code, { description, statusCode: status });
  if (code === "invalid_token" || code === "invalid_grant")
    return new OAuthError("invalid_token", { description });
  return new OAuthError("temporarily_unavailable", {
    description,
    statusCode: status === 429 ? 429 : 503,
    headers: { "Retry-After": String(retryAfterSeconds ?? RETRY_AFTER_SECONDS) },
  });
}
