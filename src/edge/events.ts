/**
 * What a request was, in one word: the step of a sign-in, the call, the refusal. The fields of its
 * log line go in, a name of a fixed list comes out; logs and metrics count by it. Pure.
 */
export type Fields = Readonly<Record<string, string | number | boolean>>;

type Rule = readonly [event: string, when: (line: Fields) => boolean];

const at =
  (route: string, method?: string) =>
  (line: Fields): boolean =>
    line["route"] === route && (method === undefined || line["method"] === method);

const isGood = ({ status }: Fields): boolean => Number(status) < 400;

const because =
  (...reasons: readonly string[]) =>
  ({ reason }: Fields): boolean =>
    reasons.includes(String(reason));

/** The person, Auth0 or an organization said no. */
const DENIALS = [
  "consent_denied",
  "identity_denied",
  "identity_cancelled",
  "identity_blocked",
  "identity_organization_refused",
] as const;

/** First match wins. */
const RULES: readonly Rule[] = [
  ["limited", ({ status }) => status === 429],
  ["refresh_reused", because("refresh_token_reused")],
  ["code_replayed", because("code_replayed")],
  ["revoked", because("grant_revoked")],
  ["denied", because(...DENIALS)],
  ["registered", (line) => at("/register")(line) && isGood(line)],
  ["consent_shown", (line) => at("/authorize", "GET")(line) && line["status"] === 200],
  ["consented", (line) => at("/authorize", "POST")(line) && isGood(line) && !("reason" in line)],
  ["signed_in", (line) => at("/auth/callback")(line) && isGood(line) && !("reason" in line)],
  ["code_exchanged", (line) => isTokenAnswer(line, "authorization_code")],
  ["machine_admitted", (line) => isTokenAnswer(line, "client_credentials")],
  ["vouched_admitted", (line) => isTokenAnswer(line, "jwt_bearer")],
  ["refreshed", (line) => isTokenAnswer(line, "refresh_token")],
  ["tool_failed", because("tool_failed")],
  ["tool_refused", because("permission_missing", "scope_insufficient", "sign_in_too_old")],
  ["tool_called", (line) => "tool" in line && isGood(line)],
  ["challenged", because("access_token_missing")],
  ["unavailable", ({ status }) => Number(status) >= 500],
  ["refused", (line) => !isGood(line) || "reason" in line],
];

/** The name; `served` for everything that is none of them. */
export function eventOf(line: Fields): string {
  return RULES.find(([, when]) => when(line))?.[0] ?? "served";
}

function isTokenAnswer(line: Fields, grant: string): boolean {
  return at("/token")(line) && isGood(line) && line["grant"] === grant;
}
