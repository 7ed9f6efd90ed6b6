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
import { addFacts, type Facts, type Reason, Refusal } from "../errors.ts";
import { failedClaimFacts } from "./signed-token.ts";
import { isTransient, RETRY_SOON_SECONDS, readRetryAfter } from "./upstream-fetch.ts";

/** Where in the conversation it was met: at the browser's return, or at one of our own requests. */
export type Place = "authorize" | "code" | "renew" | "machine" | "revoke" | "userinfo" | "exchange";

const UNKNOWN_API = /^Service not (?:found|enabled)/i;

/**
 * Auth0 says with one code what are several things; then its description tells them apart. It is
 * read here, for the log and the operator, and repeated nowhere. The first that matches counts.
 */
const SAYINGS: readonly {
  readonly says: RegExp;
  readonly codes: readonly string[];
  readonly reason: Reason;
}[] = [
  {
    says: UNKNOWN_API,
    codes: ["access_denied", "invalid_request", "unauthorized_client"],
    reason: "identity_audience_unknown",
  },
  {
    says: /organization\b.*\brequired/i,
    codes: ["invalid_request", "access_denied"],
    reason: "identity_organization_required",
  },
  {
    says: /\borganization\b/i,
    codes: ["access_denied", "unauthorized", "invalid_request"],
    reason: "identity_organization_refused",
  },
  {
    says: /\bblocked\b/i,
    codes: ["unauthorized", "access_denied", "invalid_grant"],
    reason: "identity_blocked",
  },
  {
    says: /\bnot authorize\b|\bcancel/i,
    codes: ["access_denied"],
    reason: "identity_cancelled",
  },
];

/**
 * What it says to a machine that asks for itself. What is not set up for it is told to it, and by the
 * log to the operator; an Action that denies chooses its code (`api.access.deny`).
 */
const MACHINE_SAYINGS: typeof SAYINGS = [
  {
    says: /\borganization\b/i,
    codes: ["access_denied", "unauthorized_client", "invalid_request"],
    reason: "machine_organization_refused",
  },
  {
    says: /\bquota\b|\bexceeded\b/i,
    codes: ["access_denied", "too_many_requests", "invalid_client", "unauthorized_client"],
    reason: "machine_quota_spent",
  },
  {
    says: /not authorized to access|client[- ]grant/i,
    codes: ["access_denied", "unauthorized_client"],
    reason: "machine_not_authorized",
  },
];

/** Only the person can go on, at Auth0's own pages. */
const SIGN_IN_AGAIN = [
  "invalid_grant",
  "mfa_required",
  "login_required",
  "consent_required",
  "interaction_required",
  "unmet_authentication_requirements",
] as const;

/** What it answers when it may not ask: `prompt=none` (OIDC Core §3.1.2.6). */
const UNASKED = [
  "login_required",
  "consent_required",
  "interaction_required",
  "account_selection_required",
] as const;

/** At a renewal these are the end: the person is out, or the grant is gone at Auth0. */
const ENDED: ReadonlySet<string> = new Set([...SIGN_IN_AGAIN, "unauthorized"]);
const GRANT_GONE = /^Grant not found/i;

const EVERYWHERE: readonly (readonly [string, Reason])[] = [
  ["invalid_client", "identity_client_rejected"],
  ["unauthorized_client", "identity_client_not_allowed"],
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
    ...UNASKED.map((code) => [code, "interaction_required"] as const),
  ]),
  code: new Map<string, Reason>([
    ...EVERYWHERE,
    ["access_denied", "identity_denied"],
    ["unauthorized", "identity_denied"],
    ["invalid_grant", "identity_denied"],
  ]),
  // An Action that denies, or fails while Auth0 asks it: who renews decides what that ends.
  renew: new Map<string, Reason>([...EVERYWHERE, ["access_denied", "identity_denied"]]),
  machine: new Map<string, Reason>([
    ...EVERYWHERE,
    ["invalid_client", "machine_refused"],
    ["unauthorized_client", "machine_grant_type_off"],
    ["access_denied", "machine_denied"],
    ["invalid_scope", "machine_scope_denied"],
    ["invalid_request", "machine_request_denied"],
  ]),
  revoke: new Map<string, Reason>(EVERYWHERE),
  userinfo: new Map<string, Reason>(EVERYWHERE),
  // Nothing of it says that the grant has ended: what ends a grant is said to its own application.
  exchange: new Map<string, Reason>([
    ...EVERYWHERE,
    ["invalid_client", "api_client_rejected"],
    ["unauthorized_client", "api_client_rejected"],
    ["unsupported_grant_type", "api_client_rejected"],
    ["federated_connection_refresh_token_not_found", "account_not_connected"],
    ["federated_connection_refresh_token_flow_failed", "account_not_connected"],
    ["invalid_target", "other_api_unknown"],
    ["invalid_scope", "other_api_denied"],
    ["access_denied", "other_api_denied"],
    ["unauthorized", "other_api_denied"],
    ...SIGN_IN_AGAIN.map((code) => [code, "other_api_sign_in_required"] as const),
  ]),
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
    if (error instanceof Refusal) throw addFacts(error, { phase: place });
    if (error instanceof AuthorizationResponseError)
      throw refusalFor({ code: error.error, says: error.error_description ?? "" }, place);
    if (error instanceof ResponseBodyError)
      throw refusalFor(spelledOut(error), place, readRetryAfter(error.response.headers, now()));
    if (error instanceof OperationProcessingError || error instanceof UnsupportedOperationError)
      throw protocolRefusal(error.code, place, failedClaimFacts(error.cause, now()));
    throw error;
  };
}

/** What Auth0 said, and with which status when it was an answer to us. */
interface Said {
  readonly code: string;
  readonly says: string;
  readonly status?: number;
}

/**
 * Auth0 reports a wrong client secret as `access_denied` "Unauthorized" where RFC 6749 §5.2 says
 * `invalid_client`.
 */
function spelledOut({ error, status, error_description: says = "" }: ResponseBodyError): Said {
  const isOurSecret = error === "access_denied" && (status === 401 || says === "Unauthorized");
  return { code: isOurSecret ? "invalid_client" : error, says, status };
}

/** What an error of Auth0's means at this place. */
function reasonOf({ code, says }: Said, place: Place): Reason {
  const isSaid = (saying: (typeof SAYINGS)[number]): boolean =>
    saying.codes.includes(code) && saying.says.test(says);
  if (place === "renew" && (ENDED.has(code) || GRANT_GONE.test(says)))
    return "identity_grant_ended";
  if (place === "exchange" && code !== "invalid_grant" && UNKNOWN_API.test(says))
    return "other_api_unknown";
  return sayingsAt(place).find(isSaid)?.reason ?? REASONS[place].get(code) ?? "identity_refused";
}

function sayingsAt(place: Place): typeof SAYINGS {
  if (place === "exchange") return [];
  return place === "machine" ? [...MACHINE_SAYINGS, ...SAYINGS] : SAYINGS;
}

function refusalFor(
  said: Said,
  place: Place,
  retryAfterSeconds: number = RETRY_SOON_SECONDS,
): Refusal {
  const code = /^[a-z_]{1,64}$/.test(said.code) ? said.code : "unprintable";
  return refusal(reasonOf(said, place), {
    retryAfterSeconds,
    cause: new Error(code),
    facts: {
      phase: place,
      upstreamError: code,
      ...(said.status === undefined ? {} : { upstreamStatus: said.status }),
    },
  });
}

function protocolRefusal(
  code: string | undefined,
  place: Place,
  claim: Facts | undefined,
): Refusal {
  const fallback = place === "authorize" ? "identity_refused" : "identity_token_invalid";
  return refusal(PROTOCOL_REASONS.get(code) ?? fallback, {
    retryAfterSeconds: RETRY_SOON_SECONDS,
    cause: new Error(code),
    facts: { phase: place, check: code ?? "unknown", ...claim },
  });
}

function refusal(
  reason: Reason,
  {
    retryAfterSeconds,
    cause,
    facts,
  }: { readonly retryAfterSeconds: number; readonly cause: Error; readonly facts: Facts },
): Refusal {
  return new Refusal(reason, {
    cause,
    facts,
    ...(isTransient(reason) || reason === "machine_quota_spent" ? { retryAfterSeconds } : {}),
  });
}
