/**
 * Auth0's errors in our words, as data. What oauth4webapi threw goes in; a Refusal comes out whose
 * reason follows from the OAuth error code and the place where it was met. Auth0's own text never
 * leaves this file.
 */
import {
  AuthorizationResponseError,
  INVALID_SERVER_METADATA,
  MISSING_SERVER_METADATA,
  OperationProcessingError,
  RESPONSE_IS_NOT_CONFORM,
  RESPONSE_IS_NOT_JSON,
  ResponseBodyError,
  UnsupportedOperationError,
} from "oauth4webapi";
import { type Reason, Refusal } from "../errors.ts";
import { isTransient, RETRY_SOON_SECONDS, readRetryAfter } from "./upstream-fetch.ts";

/** Where in the conversation it was met: at the browser's return, or at one of our own requests. */
export type Place = "authorize" | "code" | "renew" | "revoke" | "userinfo";

const EVERYWHERE: readonly (readonly [string, Reason])[] = [
  ["invalid_client", "identity_client_rejected"],
  ["temporarily_unavailable", "identity_unavailable"],
  ["too_many_requests", "identity_rate_limited"],
];

/**
 * RFC 6749 §4.1.2.1 and §5.2, and what Auth0 adds. A code that is not listed is `identity_refused`.
 */
const REASONS: Readonly<Record<Place, ReadonlyMap<string, Reason>>> = {
  authorize: new Map<string, Reason>([
    ...EVERYWHERE,
    ["access_denied", "identity_denied"],
    ["unauthorized", "identity_denied"],
  ]),
  code: new Map<string, Reason>([
    ...EVERYWHERE,
    ["access_denied", "identity_denied"],
    ["invalid_grant", "identity_denied"],
  ]),
  renew: new Map<string, Reason>([
    ...EVERYWHERE,
    // An Action that denies, or fails while Auth0 asks it: not the end of the session.
    ["access_denied", "identity_denied"],
    ["invalid_grant", "identity_grant_ended"],
    ["mfa_required", "identity_grant_ended"],
  ]),
  revoke: new Map<string, Reason>(EVERYWHERE),
  userinfo: new Map<string, Reason>(EVERYWHERE),
};

/**
 * What is wrong with an answer that carries no OAuth error code; the rest is a token that does not
 * pass.
 */
const PROTOCOL_REASONS: ReadonlyMap<string | undefined, Reason> = new Map([
  [RESPONSE_IS_NOT_JSON, "identity_unavailable"],
  [RESPONSE_IS_NOT_CONFORM, "identity_refused"],
  [MISSING_SERVER_METADATA, "identity_metadata_invalid"],
  [INVALID_SERVER_METADATA, "identity_metadata_invalid"],
]);

/** Turns what a call threw into a Refusal; what is not about the conversation passes unchanged. */
export function refuseAt(place: Place, now: () => number): (error: unknown) => never {
  return function refuse(error) {
    if (error instanceof AuthorizationResponseError) throw refusalFor(error.error, place);
    if (error instanceof ResponseBodyError)
      throw refusalFor(spelledOut(error), place, readRetryAfter(error.response.headers, now()));
    if (error instanceof OperationProcessingError || error instanceof UnsupportedOperationError)
      throw protocolRefusal(error.code, place);
    throw error;
  };
}

/**
 * Auth0 reports a wrong client secret as `access_denied` "Unauthorized" where RFC 6749 §5.2 says
 * `invalid_client`.
 */
function spelledOut({ error, status, error_description: description }: ResponseBodyError): string {
  const isOurSecret =
    error === "access_denied" && (status === 401 || description === "Unauthorized");
  return isOurSecret ? "invalid_client" : error;
}

function refusalFor(
  code: string,
  place: Place,
  retryAfterSeconds: number = RETRY_SOON_SECONDS,
): Refusal {
  const cause = new Error(/^[a-z_]{1,64}$/.test(code) ? code : "unprintable");
  return refusal(REASONS[place].get(code) ?? "identity_refused", retryAfterSeconds, cause);
}

function protocolRefusal(code: string | undefined, place: Place): Refusal {
  const fallback = place === "authorize" ? "identity_refused" : "identity_token_invalid";
  return refusal(PROTOCOL_REASONS.get(code) ?? fallback, RETRY_SOON_SECONDS, new Error(code));
}

function refusal(reason: Reason, retryAfterSeconds: number, cause: Error): Refusal {
  return new Refusal(reason, isTransient(reason) ? { retryAfterSeconds, cause } : { cause });
}
