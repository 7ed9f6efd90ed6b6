/**
 * Pages have one address. A browser that opened one under another name of this server (the
 * `workers.dev` one, `127.0.0.1`) is led to it before anything begins: cookies of the one are not
 * sent to the other, and the identity provider sends people back to one only.
 */
import type { MiddlewareHandler } from "hono";
import type { EdgeEnv } from "./passage.ts";
import { redirect } from "./redirect.ts";
import { wantsPage } from "./routes.ts";

/** For the pages: sends such a browser on, and lets every other request pass. */
export function leadHome(issuer: string): MiddlewareHandler<EdgeEnv> {
  return async function lead({ req, env: { exchange } }, next) {
    if (!isAstray(req.raw, issuer)) return next();
    exchange.note({ led: "home" });
    const { pathname, search } = new URL(req.url);
    return redirect(`${issuer}${pathname}${search}`, new Headers());
  };
}

/**
 * Whether a person opened a page under another host name. A proxy that says under which name it was
 * asked is believed: the worst that follows is a page at the wrong place. Pure.
 */
export function isAstray(request: Request, issuer: string): boolean {
  if (!wantsPage(request)) return false;
  const { hostname } = new URL(request.url);
  const home = new URL(issuer);
  const forwarded = request.headers.get("X-Forwarded-Host");
  return hostname !== home.hostname && forwarded !== home.host;
}
