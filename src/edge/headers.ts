/**
 * The headers that every response carries. A response goes in, the same response with them comes
 * out; what a route has set itself about caching or content stays, and a streaming body is passed
 * on untouched.
 */

/**
 * No `Cross-Origin-Opener-Policy`: clients that open `/authorize` in a popup wait for a message
 * from it, and any value but the default cuts them off for good, even after the redirect back to
 * their own page.
 */
const ALWAYS: readonly (readonly [string, string])[] = [
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "no-referrer"],
  ["X-Frame-Options", "DENY"],
  ["Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"],
];

const UNLESS_SET: readonly (readonly [string, string])[] = [
  ["Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"],
  ["Cache-Control", "no-store"],
];

const ONE_YEAR_SECONDS = 31_536_000;

/**
 * A copy of the response with the security headers and the id under which the log has the request.
 */
export function withSecurityHeaders(
  response: Response,
  { isLoopback, requestId }: { readonly isLoopback: boolean; readonly requestId: string },
): Response {
  const safe = new Response(response.body, response);
  for (const [name, value] of ALWAYS) safe.headers.set(name, value);
  for (const [name, value] of UNLESS_SET)
    if (!safe.headers.has(name)) safe.headers.set(name, value);
  // A browser would remember it for every port of localhost (RFC 6797 §8.1).
  if (!isLoopback) safe.headers.set("Strict-Transport-Security", `max-age=${ONE_YEAR_SECONDS}`);
  safe.headers.set("X-Request-Id", requestId);
  return safe;
}
