/**
 * Where codes may be sent. A redirect URI goes in, a verdict comes out: the same one at
 * registration, in the operator's configuration and at authorization. Pure.
 */
import { PRIVATE_REDIRECTS } from "./known.ts";

/**
 * - `usable`: codes may be sent there.
 * - `elsewhere`: well-formed, but nowhere we send a code to.
 * - `forbidden`: nothing an honest client writes.
 */
export interface RedirectVerdict {
  readonly verdict: "usable" | "elsewhere" | "forbidden";
  /** What is wrong, in words for the maker of the client. */
  readonly problem?: string;
  /** The variable by which the operator can allow it. */
  readonly variable?: "ALLOWED_REDIRECT_URIS";
}

/** Schemes in which a browser would run or read something itself. */
const DANGEROUS =
  /^(?:javascript|data|vbscript|file|mailto|blob|about|filesystem|intent|view-source|ws|wss|ftp):$/;

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Judges a redirect URI: https, http on loopback (RFC 8252 §7.3), or a private scheme (§7.1) that is
 * known to belong to a client or that the operator allows, character for character. A `*` at the end
 * of an allowed one stands for one segment of a path.
 */
export function judgeRedirectUri(uri: string, allowed: readonly string[]): RedirectVerdict {
  const problem = findFlaw(uri);
  if (problem !== undefined) return { verdict: "forbidden", problem };
  const url = new URL(uri);
  const isLocal = url.protocol === "http:" && LOOPBACK.test(url.hostname);
  if (url.protocol === "https:" || isLocal) return { verdict: "usable" };
  if (url.protocol === "http:")
    return { verdict: "elsewhere", problem: "must be https, or http on a loopback host" };
  if (isPrivateAllowed(uri, allowed)) return { verdict: "usable" };
  return {
    verdict: "elsewhere",
    problem: "is in a private scheme that this server does not allow",
    variable: "ALLOWED_REDIRECT_URIS",
  };
}

/** RFC 6749 §3.1.2: absolute and without a fragment; a user would only disguise the host. */
function findFlaw(uri: string): string | undefined {
  if (uri === "") return "is missing";
  const url = URL.parse(uri);
  // The URL parser drops line breaks and outer spaces; a browser must get what was judged.
  if (url === null || !URI_CHARACTERS.test(uri)) return "is not an absolute URI";
  if (DANGEROUS.test(url.protocol)) return "is in a scheme that is never allowed";
  if (uri.includes("#")) return "must not have a fragment";
  if (url.username !== "" || url.password !== "") return "must not have a user";
  return isPlain(uri, url) ? undefined : "is not spelled as a browser would write it";
}

/** RFC 3986 §2: of all others, a backslash among them, two programs may think differently. */
const URI_CHARACTERS = /^[\w:/?#[\]@!$&'()*+,;=.~%-]+$/;

/**
 * On loopback, where the port may be any, a redirect URI is compared in parts (RFC 8252 §7.3): it has
 * one spelling, so that everything but the port is compared to the letter (RFC 9700 §4.1.3).
 */
function isPlain(uri: string, { protocol, hostname, pathname, search }: URL): boolean {
  if (protocol !== "http:" && protocol !== "https:") return true;
  if (!LOOPBACK.test(hostname)) return /^https?:\/\/[^/]/i.test(uri);
  const written = uri.replace(/^(https?:\/\/(?:\[[^\]]*\]|[^/?:]*))(?::\d+)?\/?/, "$1/");
  return written === `${protocol}//${hostname}${pathname}${search}`;
}

function isPrivateAllowed(uri: string, allowed: readonly string[]): boolean {
  return (
    PRIVATE_REDIRECTS.some(({ pattern }) => pattern.test(uri)) ||
    allowed.some((pattern) => matches(uri, pattern))
  );
}

function matches(uri: string, pattern: string): boolean {
  if (!pattern.endsWith("/*")) return uri === pattern;
  const start = pattern.slice(0, -1);
  return uri.startsWith(start) && /^[\w.~-]+$/.test(uri.slice(start.length));
}

/**
 * How a redirect URI differs from what its client registered, in words for its maker: no value is
 * repeated.
 */
export function describeMismatch(asked: string, registered: readonly string[]): string {
  const nearest = registered
    .map((uri) => differences(asked, uri))
    .toSorted((one, other) => one.length - other.length)[0];
  const [first = "spelling"] = nearest ?? [];
  return `is not one that the application registered: its ${first} differs`;
}

function differences(asked: string, registered: string): string[] {
  const [one, other] = [URL.parse(asked), URL.parse(registered)];
  if (one === null || other === null) return ["scheme", "host", "port", "path", "query"];
  const parts = [
    ["scheme", one.protocol === other.protocol],
    ["host", one.hostname === other.hostname],
    ["port", one.port === other.port || LOOPBACK.test(one.hostname)],
    ["path", one.pathname === other.pathname],
    ["query", one.search === other.search],
  ] as const;
  return parts.flatMap(([name, isSame]) => (isSame ? [] : [name]));
}
