/** Who reads a failure at an address: a person, or a client. */

/** Stands for every address without a route: it could hold anything, so nothing repeats it. */
export const OTHER_ROUTE = "other";

import type { LimitName } from "./limits.ts";

/** Where people read the answer. */
export const PAGES: ReadonlySet<string> = new Set([
  "/",
  "/authorize",
  "/auth/callback",
  "/connections",
  "/connections/sign-in",
  "/login",
  "/connections/sign-out",
  "/approve/:id",
  "/connect/:id",
  "/authorize/confirm",
  "/permissions",
]);

/**
 * Which limit counts the addresses that ask there; none counts what costs us nothing. `/token` and
 * `/mcp` know more of who asks.
 */
export const COUNTED: readonly (readonly [paths: string, LimitName])[] = [
  ["/register", "register"],
  ["/ready", "ready"],
  ["/authorize/*", "pages"],
  ["/auth/*", "pages"],
  ["/connections/*", "pages"],
  ["/permissions/*", "pages"],
  ["/approve/*", "pages"],
  ["/connect/*", "pages"],
  ["/login/*", "pages"],
];

/**
 * How a failure of this request is answered. At the front door and at an unknown path, a browser is
 * known by what it accepts.
 */
export function failureForm(request: Request, route: string): "page" | "oauth" | "token" {
  const path = new URL(request.url).pathname;
  if (path === "/token") return "token";
  if (path === "/") return wantsJson(request) ? "oauth" : "page";
  if (PAGES.has(route) || PAGES.has(path)) return "page";
  if (route !== OTHER_ROUTE) return "oauth";
  return wantsPage(request) ? "page" : "oauth";
}

/** Whether a person reads the answer: a browser that opens an address accepts HTML. */
export function wantsPage({ headers }: Request): boolean {
  return headers.get("Accept")?.includes("text/html") === true;
}

/** Whether a program that speaks JSON asks: by what it sends, or by all that it accepts. */
export function wantsJson({ headers }: Request): boolean {
  if (headers.get("Content-Type")?.includes("json") === true) return true;
  const accepted = (headers.get("Accept") ?? "*/*").split(",");
  return accepted.every((type) =>
    /^\s*(?:application\/(?:.+\+)?json|text\/event-stream)\b/i.test(type),
  );
}
