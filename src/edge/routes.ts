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

/** Which limit counts the addresses that ask there. `/token` and `/mcp` know more of who asks. */
const COUNTED: readonly (readonly [RegExp, LimitName])[] = [
  [/^\/register$/, "register"],
  [/^\/ready$/, "ready"],
  [/^\/(?:authorize|auth|connections|permissions|approve|connect|login)(?:\/|$)/, "pages"],
];

/** The limit of an address at this path; none for what costs us nothing. */
export function limitAt(path: string): LimitName | undefined {
  return COUNTED.find(([pattern]) => pattern.test(path))?.[1];
}

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
