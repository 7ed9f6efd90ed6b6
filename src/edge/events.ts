/**
 * What a request was, in one word: the step of a sign-in, the call, the refusal. The fields of its
 * log line go in, a name of a fixed list comes out; logs and metrics count by it. Pure.
 */
export type Fields = Readonly<Record<string, string | number | boolean>>;

/** What some reasons are, wherever they come up. */
const BY_REASON: ReadonlyMap<unknown, string> = new Map([
  ["refresh_token_reused", "refresh_reused"],
  ["code_replayed", "code_replayed"],
  ["grant_revoked", "revoked"],
  // The person, Auth0 or an organization said no.
  ["consent_denied", "denied"],
  ["identity_denied", "denied"],
  ["identity_cancelled", "denied"],
  ["identity_blocked", "denied"],
  ["identity_organization_refused", "denied"],
  ["tool_failed", "tool_failed"],
  ["permission_missing", "tool_refused"],
  ["scope_insufficient", "tool_refused"],
  ["sign_in_too_old", "tool_refused"],
  ["access_token_missing", "challenged"],
]);

/** What is done at an address, when it is done. */
const BY_STEP: ReadonlyMap<string, string> = new Map([
  ["POST /register", "registered"],
  ["GET /authorize", "consent_shown"],
  ["POST /authorize", "consented"],
  ["GET /auth/callback", "signed_in"],
]);

/** What is done at `/token`, by the kind of grant. */
const BY_GRANT: ReadonlyMap<unknown, string> = new Map([
  ["authorization_code", "code_exchanged"],
  ["client_credentials", "machine_admitted"],
  ["jwt_bearer", "vouched_admitted"],
  ["refresh_token", "refreshed"],
]);

/** The name; `served` for everything that is nothing else. */
export function eventOf(line: Fields): string {
  const { status, reason } = line;
  if (status === 429) return "limited";
  const isGood = Number(status) < 400;
  const event = BY_REASON.get(reason) ?? (isGood ? doneBy(line) : undefined);
  if (event !== undefined) return event;
  if (Number(status) >= 500) return "unavailable";
  return isGood && reason === undefined ? "served" : "refused";
}

function doneBy(line: Fields): string | undefined {
  const { method, route, status, reason, grant, tool } = line;
  if (tool !== undefined) return "tool_called";
  if (route === "/token") return BY_GRANT.get(grant);
  const event = BY_STEP.get(`${String(method)} ${String(route)}`);
  // Whoever is sent on, or hears why not, was asked nothing and got nothing.
  const isDone = reason === undefined && (event !== "consent_shown" || status === 200);
  return isDone ? event : undefined;
}
