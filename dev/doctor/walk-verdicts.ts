/**
 * What the answers on a client's way mean. An answer, or what it lacks, goes in; a verdict comes out:
 * where it came from, and what to do. Pure.
 */
import { Obstacle } from "../obstacle.ts";
import { type Answer, isAnswer, isObject, type NoAnswer, textOf } from "./answers.ts";
import { failure, ok, type Verdict } from "./check.ts";
import type { ClientProfile } from "./clients.ts";
import { describe, isOurs, judgeIntermediary, judgeSilence, placeInLog } from "./intermediary.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A browser that came to nothing, in the words of whoever drove it: the page, and its heading. */
export function judgeStop(error: unknown): Verdict {
  if (!(error instanceof Obstacle)) throw error;
  const { message, advice } = error;
  const [, fix] = PAGES.find(([shown]) => shown.test(message)) ?? [];
  return failure(message, fix ?? advice ?? "The page says why; the log has its request id.");
}

type Page = readonly [shown: RegExp, fix: string];

const PAGES: readonly Page[] = [
  [/Please start again/, "A proxy before the Worker must pass Cookie and Set-Cookie unchanged."],
  [
    /\/auth\/callback has no button/,
    "docs/auth0-setup.md has the switch for this page; npm run doctor -- --login, with this server's variables, finds it.",
  ],
  [
    /has no button/,
    "--person signs in at the local tenant of npm run dev only; leave it out to use your browser.",
  ],
];

/** The Worker's own 403 before any token: the page it comes from, or the host it asks for. */
export function judgeForbidden(answer: Answer): Verdict {
  return failure(
    "403 before it could sign in",
    `ALLOWED_ORIGINS must have the client's page, or be left out; RESOURCE_BASE_URL the address it uses (${placeInLog(answer)}).`,
  );
}

/** What every client of its kind compares or needs (RFC 8414 §3.3, OAuth 2.1 §4.1.1). */
export function judgeMetadata(
  document: Fields,
  issuer: string,
  { authentication }: ClientProfile,
): Verdict | undefined {
  const said = textOf(document, "issuer");
  const base = "RESOURCE_BASE_URL must be the address that clients use";
  if (said !== issuer)
    return failure(
      `the issuer is ${said}, announced was ${issuer}`,
      `${base}, without a slash at the end.`,
    );
  const elsewhere = ["authorization_endpoint", "token_endpoint", "registration_endpoint"].filter(
    (name) => name in document && URL.parse(textOf(document, name) ?? "")?.origin !== issuer,
  );
  if (elsewhere.length > 0)
    return failure(`${elsewhere.join(", ")} is at another host`, `${base}.`);
  const method = authentication.startsWith("basic")
    ? "client_secret_basic"
    : METHODS[authentication];
  const lacking = [
    ["code_challenge_methods_supported", "S256"],
    ["token_endpoint_auth_methods_supported", method],
  ].filter(([name = "", value]) => {
    const list = document[name];
    return !Array.isArray(list) || !list.includes(value);
  });
  if (lacking.length === 0) return undefined;
  return failure(
    `the metadata offers no ${lacking.map(([, value]) => value).join(", ")}`,
    "Another server answers there, or a proxy rewrites /.well-known.",
  );
}

const METHODS: Readonly<Record<string, string>> = { none: "none", post: "client_secret_post" };

export const REGISTRATION_FIXES: Fixes = {
  invalid_redirect_uri: "ALLOWED_REDIRECT_URIS must have this client's address.",
  invalid_client_metadata: "Report it with this output: this client registers like that.",
  access_denied: "A firewall or ALLOWED_ORIGINS keeps it away.",
  slow_down: "Too many registrations from this network; wait a minute.",
};

type Fixes = Readonly<Record<string, string>>;

/** The OAuth error code, and what it calls for. */
export function judgeRefusal(answer: Answer | NoAnswer, fixes: Fixes): Verdict {
  if (!isAnswer(answer)) return judgeSilence("refused", answer);
  const before = judgeIntermediary(answer);
  if (before !== undefined) return before;
  const error = isObject(answer.json) ? (textOf(answer.json, "error") ?? "") : "";
  const code = /^[a-z_]{1,64}$/.test(error) ? ` ${error}` : "";
  if (code === "")
    return failure(
      `no answer of an OAuth server (${describe(answer)})`,
      isOurs(answer)
        ? `The log has the reason: ${placeInLog(answer)}.`
        : "Something else answers there: a proxy must pass /register and /token to the Worker.",
    );
  const fix = fixes[error];
  return failure(
    `refused: ${answer.status}${code}`,
    `${fix === undefined ? "The log has the reason" : fix.replace(/\.$/, "")} (${placeInLog(answer)}).`,
  );
}

/** The page that a person would see. */
export function judgeConsent(answer: Answer | NoAnswer): Verdict {
  if (!isAnswer(answer)) return judgeSilence("the consent page", answer);
  const error = URL.parse(answer.headers.get("Location") ?? "")?.searchParams.get("error");
  if (error)
    return failure(`sent back with ${error}`, `The log has the reason: ${placeInLog(answer)}.`);
  const heading = headingOf(answer.text);
  const isForm = answer.status === 200 && answer.text.includes("<form");
  if (isForm && answer.headers.getSetCookie().length === 0)
    return failure(
      `“${heading}” sets no cookie: the answer to it would be another browser's`,
      "A proxy or cache before the Worker must pass Set-Cookie, and keep no page.",
    );
  if (isForm) return ok(`“${heading}”`);
  const before = judgeIntermediary(answer);
  if (before !== undefined) return before;
  return failure(
    `${answer.status} “${heading}”`,
    `The page and the log name the parameter that is wrong: ${placeInLog(answer)}.`,
  );
}

function headingOf(html: string): string {
  const [, heading = ""] = /<h1[^>]*>(.*?)<\/h1>/s.exec(html) ?? [];
  return heading.replaceAll(/<[^>]*>/g, "").trim();
}

const LOOK_AT_AUTH0 = "npm run doctor with --login, and this server's variables, says which switch";

export const SIGN_IN_FIXES: Fixes = {
  access_denied: "The person, an Action or an organization said no: Auth0 → Monitoring → Logs.",
  server_error: `${LOOK_AT_AUTH0}; npx wrangler tail has the reason in the line of /auth/callback.`,
  temporarily_unavailable: `Auth0 or the store does not answer, or is set otherwise: ${LOOK_AT_AUTH0}.`,
  invalid_target: "RESOURCE_BASE_URL must be the address that clients use.",
};

/** "Authorization with the MCP server failed" is mostly said here. */
export function judgeCall(answer: Answer | NoAnswer): Verdict {
  if (!isAnswer(answer)) return judgeSilence("/mcp", answer);
  if (answer.status === 200 && /"result"/.test(answer.text)) return ok("it is let in");
  const before = judgeIntermediary(answer);
  if (before !== undefined) return before;
  const error = /error="([a-z_]{1,64})"/.exec(answer.headers.get("WWW-Authenticate") ?? "")?.[1];
  const cause = isOurs(answer)
    ? CALL_CAUSES.find(([fits]) => fits(answer.status, error))
    : undefined;
  return failure(
    `refused with its new token: ${[describe(answer), error].filter(Boolean).join(" ")}`,
    `${cause?.[1] ?? "Something else answers at /mcp: a proxy must pass it to the Worker"} (${placeInLog(answer)}).`,
  );
}

type CallCause = readonly [
  fits: (status: number, error: string | undefined) => boolean,
  fix: string,
];

const CALL_CAUSES: readonly CallCause[] = [
  [
    (status, error) => status === 401 && error === undefined,
    "The token did not arrive: a proxy before the Worker must pass Authorization to /mcp",
  ],
  [
    (status) => status === 401,
    "Issuer and audience must be those of /token: one RESOURCE_BASE_URL, one Worker behind both",
  ],
  [
    (status) => status === 403,
    "ALLOWED_ORIGINS, BLOCKED_CLIENTS or the host name: the log has the reason",
  ],
  [
    (status) => status === 503,
    "This Worker does not know the key of /token, or cannot reach the store: one JWT_SIGNING_KEY for both; --url without --as looks at the store",
  ],
  [() => true, "The log has the reason"],
];
