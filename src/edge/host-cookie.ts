/**
 * Cookies that only this host, over https, can set and read, out of the reach of scripts (RFC
 * 6265bis §4.1.3.2). Names go in without the prefix. On loopback http `cookies.ts` makes plain ones
 * of them.
 */
import { parse, serialize } from "hono/utils/cookie";

/** The cookie's value, or undefined. */
export function readHostCookie(request: Request, name: string): string | undefined {
  return parse(request.headers.get("Cookie") ?? "", `__Host-${name}`)[`__Host-${name}`];
}

/**
 * A `Set-Cookie` line; 0 seconds end the cookie. It comes along when a link or a redirect leads to
 * us, never with another website's form.
 */
export function hostCookie(name: string, value: string, maxAgeSeconds: number): string {
  return serialize(`__Host-${name}`, value, {
    path: "/",
    secure: true,
    httpOnly: true,
    sameSite: "Lax",
    maxAge: maxAgeSeconds,
  });
}
