/**
 * Plain cookies for development over http://localhost. The provider library's `__Host-…; Secure`
 * cookies go in, plain ones come out, and the other way round. Never for a deployment: see
 * `usesPlainCookies`.
 */
import type { Config } from "../config.ts";

/**
 * Needs `Secure`, which Safari and many cookie jars refuse over plain http, localhost included (RFC
 * 6265bis §4.1.3.2).
 */
const HOST_PREFIX = "__Host-";
const PLAIN_PREFIX = "loopback-";

/**
 * Whether cookies must be plain: on http, which the configuration allows on loopback hosts only.
 */
export function usesPlainCookies(config: Pick<Config, "isLoopback" | "issuer">): boolean {
  return config.isLoopback && config.issuer.startsWith("http:");
}

/** The request as it would be had the browser kept the `__Host-` cookies. */
export function plainCookies(request: Request): Request {
  const cookies = request.headers.get("Cookie");
  if (cookies?.includes(PLAIN_PREFIX) !== true) return request;
  const headers = new Headers(request.headers);
  headers.set("Cookie", cookies.split(";").map(hardened).join("; "));
  return new Request(request, { headers });
}

/** The response with cookies that any browser keeps over http. */
export function plainSetCookies(response: Response): Response {
  const cookies = response.headers.getSetCookie();
  if (!cookies.some((cookie) => cookie.startsWith(HOST_PREFIX))) return response;
  const plain = new Response(response.body, response);
  plain.headers.delete("Set-Cookie");
  for (const cookie of cookies) plain.headers.append("Set-Cookie", softened(cookie));
  return plain;
}

function hardened(cookie: string): string {
  const text = cookie.trim();
  return text.startsWith(PLAIN_PREFIX) ? HOST_PREFIX + text.slice(PLAIN_PREFIX.length) : text;
}

function softened(cookie: string): string {
  if (!cookie.startsWith(HOST_PREFIX)) return cookie;
  return PLAIN_PREFIX + cookie.slice(HOST_PREFIX.length).replace(/;\s*Secure\b/gi, "");
}
