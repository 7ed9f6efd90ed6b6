/**
 * Who may call from a browser. Headers go in, a refusal or nothing comes out. Pure. It keeps a
 * website that a person happens to visit from speaking to this server, or to one on the person's
 * own machine.
 */
import type { Config } from "../config.ts";
import type { Reason } from "../errors.ts";
import { isLoopbackUrl } from "../variables.ts";

/**
 * Judges `Origin` and `Host` (MCP 2026-07-28, basic/transports/streamable-http, Security Warning):
 * no Origin is not a browser; else it must be ours, or a page on the caller's own machine. A server
 * that is itself on loopback must also be called by a loopback name, or DNS rebinding would make
 * any site "ours".
 */
export function judgeOrigin(request: Request, config: Config): Reason | undefined {
  const origin = request.headers.get("origin");
  if (origin !== null && origin !== config.issuer && !isLoopback(origin)) return "origin_refused";
  const host = request.headers.get("host") ?? new URL(request.url).host;
  if (config.isLoopback && !isLoopback(`http://${host}`)) return "host_refused";
  return undefined;
}

function isLoopback(origin: string): boolean {
  const url = URL.parse(origin);
  return url !== null && /^https?:$/.test(url.protocol) && isLoopbackUrl(url);
}
