/**
 * Who may call from a browser. Headers go in, a refusal or nothing comes out. Pure. It keeps a
 * website that a person happens to visit from speaking to a server on the person's own machine.
 */
import type { Config } from "../config.ts";
import type { Reason } from "../errors.ts";
import { isLoopbackUrl } from "../variables.ts";

interface OriginRefusal {
  readonly reason: Reason;
  /** The variable by which the operator decides this. */
  readonly variable: string;
}

/**
 * Judges `Origin` and `Host` (MCP 2026-07-28, basic/transports/streamable-http, Security Warning).
 * No Origin is no browser, and ours is always welcome. On loopback, DNS rebinding would make any site
 * "ours": there the name must be one of this machine, and so must every origin that is not allowed by
 * name. Elsewhere a bearer token is needed and no cookie helps, so any origin may call, unless the
 * operator says which.
 */
export function judgeOrigin(request: Request, config: Config): OriginRefusal | undefined {
  if (config.isLoopback && !isLoopback(`http://${hostOf(request)}`))
    return { reason: "host_refused", variable: "RESOURCE_BASE_URL" };
  const origin = request.headers.get("origin");
  return origin === null || isWelcome(origin, config)
    ? undefined
    : { reason: "origin_refused", variable: "ALLOWED_ORIGINS" };
}

function hostOf({ headers, url }: Request): string {
  return headers.get("host") ?? new URL(url).host;
}

function isWelcome(
  origin: string,
  { issuer, isLoopback: isLocal, allowedOrigins }: Config,
): boolean {
  if (origin === issuer || allowedOrigins?.includes(origin.toLowerCase()) === true) return true;
  return isLocal ? isLoopback(origin) : allowedOrigins === undefined;
}

function isLoopback(origin: string): boolean {
  const url = URL.parse(origin);
  return url !== null && /^https?:$/.test(url.protocol) && isLoopbackUrl(url);
}
