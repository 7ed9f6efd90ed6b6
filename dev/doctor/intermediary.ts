/**
 * What stands before a Worker, or in its place: a firewall, a proxy, a redirect, Cloudflare itself.
 * Answers go in; who has answered, and what to do about it, comes out. Pure.
 */
import type { Answer, NoAnswer } from "./answers.ts";
import { failure, type Verdict } from "./check.ts";

/** Every answer of the Worker carries it. */
export function isOurs({ headers }: Answer): boolean {
  return headers.has("X-Request-Id");
}

/** Where the log has what happened to this request. */
export function placeInLog({ headers }: Answer): string {
  const id = headers.get("X-Request-Id") ?? "";
  return /^[\w-]{1,64}$/.test(id) ? `npx wrangler tail, request ${id}` : "npx wrangler tail";
}

type Cause = readonly [fits: (answer: Answer) => boolean, says: string, fix: string];

const isRefusal = ({ status }: Answer): boolean => status === 401 || status === 403;

/** The number that Cloudflare's own error pages name. */
const hasCode =
  (...codes: readonly number[]) =>
  ({ text }: Answer): boolean =>
    codes.includes(Number(/\berror(?: code)?:? *(\d{4})\b/i.exec(text)?.[1]));

const EVENTS = "Cloudflare → your zone → Security → Events names the rule";
const LET_PASS = "let /mcp, /token, /register, /authorize and /.well-known pass";

/** The first that fits. */
const CAUSES: readonly Cause[] = [
  [
    ({ headers, text }) =>
      headers.get("cf-mitigated") === "challenge" || /cf-chl|challenge-platform/.test(text),
    "Cloudflare challenges clients before the Worker sees them",
    "Cloudflare → your zone → Security: a rule that skips bot fight mode and challenges for this host.",
  ],
  [
    ({ headers }) => /cloudflareaccess\.com/.test(headers.get("Location") ?? ""),
    "Cloudflare Access stands before the Worker",
    "MCP clients cannot sign in there: remove the application for this host, or bypass it.",
  ],
  [
    hasCode(1010),
    "Cloudflare refuses this client by its name (error 1010)",
    "Cloudflare → your zone → Security → Settings: Browser Integrity Check off for this host; clients are no browsers.",
  ],
  [
    hasCode(1015),
    "a rate limit of the zone, not the Worker's, stops clients (error 1015)",
    "Cloudflare → your zone → Security → Rate limiting rules: leave this host out; the Worker counts by itself.",
  ],
  [
    hasCode(1027),
    "the account's requests of today are used up (error 1027)",
    "Cloudflare → Workers → Plans: the free plan ends at 100,000 requests a day.",
  ],
  [
    hasCode(1101, 1102),
    "Cloudflare has stopped the Worker (error 1101 or 1102)",
    "npx wrangler tail shows why; on the free plan a request has 10 ms of CPU.",
  ],
  [
    ({ status }) => status >= 300 && status < 400,
    "something before the Worker redirects",
    "Clients follow no redirect with a token. Give them the address that answers by itself, and make it RESOURCE_BASE_URL; no rule for www or a slash at the end.",
  ],
  [
    isRefusal,
    "a firewall or proxy before the Worker refuses this",
    `${EVENTS}; ${LET_PASS}. Not at Cloudflare? Then in whatever proxy the name leads to.`,
  ],
  [
    ({ status }) => status === 429,
    "something before the Worker limits clients",
    `${EVENTS}; the Worker counts by itself.`,
  ],
  [
    ({ status }) => status >= 500,
    "something before the Worker cannot reach it",
    "The name must lead to the Worker itself (routes in wrangler.toml), or the proxy before it to its address.",
  ],
];

/** What has answered in the Worker's place with anything but a success; nothing when it was ours. */
export function judgeIntermediary(answer: Answer): Verdict | undefined {
  if (isOurs(answer) || answer.status < 300) return undefined;
  const [, says, fix] = CAUSES.find(([fits]) => fits(answer)) ?? [];
  if (says === undefined || fix === undefined) return undefined;
  return failure(`${says} (${describe(answer)})`, fix);
}

/** Status and kind of an answer, in words: `302 to https://www.example.com/mcp`, `403, HTML`. */
export function describe({ status, headers, text }: Answer): string {
  const place = URL.parse(headers.get("Location") ?? "");
  if (place !== null && status >= 300 && status < 400)
    return `${status} to ${place.origin}${place.pathname}`;
  const server = /^[\w.-]{1,32}/.exec(headers.get("Server") ?? "")?.[0];
  const kind = /^\s*</.test(text) ? "HTML" : text.trim() === "" && "empty";
  return [status, kind, server].filter(Boolean).join(", ");
}

type Silence = readonly [code: RegExp, says: string, fix: string];

const SILENCES: readonly Silence[] = [
  [
    /^(ENOTFOUND|EAI_AGAIN)$/,
    "its name is not known",
    "Attach the host (routes in wrangler.toml, then npm run deploy); DNS may take minutes.",
  ],
  [
    /CERT|SIGNED|ALTNAME|SSL|TLS/,
    "its certificate is not accepted",
    "Cloudflare → your zone → SSL/TLS → Edge Certificates: it must cover this host; a new one takes minutes.",
  ],
  [
    /^ECONNREFUSED$/,
    "nobody listens there",
    "npm run dev starts the local one; elsewhere the name leads to the wrong address.",
  ],
  [
    /timeout|TIMEDOUT|UND_ERR/i,
    "it does not answer in 10 s",
    "Is it reachable from here, without a VPN or an allow-list?",
  ],
];

/** Why there was no answer at all. */
export function judgeSilence(what: string, { failure: code }: NoAnswer): Verdict {
  const [, says, fix] = SILENCES.find(([known]) => known.test(code)) ?? [];
  return failure(
    `${what}: ${says === undefined ? `no answer (${code})` : `${says} (${code})`}`,
    fix ?? "Try again; npx wrangler tail shows whether it arrives.",
  );
}
