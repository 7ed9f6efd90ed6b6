/**
 * The addresses of this server and who reads a failure there: a person, or a client. Also the only
 * paths that the log repeats: any other could hold anything.
 */

import type { LimitName } from "./limits.ts";

const PAGES: ReadonlySet<string> = new Set([
  "/",
  "/authorize",
  "/auth/callback",
  "/connections",
  "/connections/sign-in",
  "/connections/sign-out",
]);

const ENDPOINTS: ReadonlySet<string> = new Set([
  "/mcp",
  "/token",
  "/register",
  "/revoke",
  "/.well-known/oauth-protected-resource",
  "/.well-known/oauth-protected-resource/mcp",
  "/.well-known/oauth-authorization-server",
  "/.well-known/oauth-authorization-server/mcp",
  "/.well-known/openid-configuration",
  "/health",
  "/ready",
  "/llms.txt",
  "/favicon.svg",
  "/sse",
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

/** The path when it is one of ours, else `other`. */
export function routeOf(path: string): string {
  return PAGES.has(path) || ENDPOINTS.has(path) ? path : "other";
}

/**
 * How a failure of this request is answered. At the front door and at an unknown path, a browser is
 * known by what it accepts.
 */
export function failureForm(request: Request): "page" | "oauth" | "token" {
  const path = new URL(request.url).pathname;
  if (path === "/token") return "token";
  if (path === "/") return wantsJson(request) ? "oauth" : "page";
  if (PAGES.has(path)) return "page";
  if (ENDPOINTS.has(path)) return "oauth";
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
