/**
 * Where a request is said to have come to. A request goes in; the same request, at our issuer's
 * origin, comes out. A tunnel, `127.0.0.1` or a forged `Host` must never decide what our metadata
 * and redirects say.
 */

/** The same request (method, headers, body) with its URL moved to the issuer's origin. */
export function atIssuer(request: Request, issuer: string): Request {
  const url = new URL(request.url);
  // Joined as text: resolved as a reference, the path `//evil.example` would be a host (RFC 3986
  // §5.2.2).
  const moved = `${issuer}${url.pathname}${url.search}`;
  return moved === request.url ? request : new Request(moved, request);
}
