/**
 * Where a request is said to have come to. A request goes in; the same request, at our issuer's
 * origin or at the path that was meant, comes out. A tunnel, `127.0.0.1` or a forged `Host` must never decide what our metadata
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

/**
 * The same request at the address that was meant: people and clients add a slash at the end, or one
 * too many in between. No address of ours has either.
 */
export function atPlainPath(request: Request): Request {
  const { url } = request;
  const start = url.indexOf("/", "https://".length);
  const [path = ""] = url.slice(start).split("?", 1);
  if (path === "/" || !/\/\/|\/$/.test(path)) return request;
  const plain = path.replace(/\/{2,}/g, "/").replace(/(.)\/$/, "$1");
  return new Request(`${url.slice(0, start)}${plain}${url.slice(start + path.length)}`, request);
}
