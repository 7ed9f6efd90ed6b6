/**
 * Which resource a client means (RFC 8707). We have one: whatever names this server means it. What a
 * client sent goes in, what we take it for comes out. Pure.
 */
import type { Config } from "../config.ts";
import { isLoopbackUrl } from "../variables.ts";

/** The paths under which clients know the one resource: its own, the origin alone, its old address. */
const OUR_PATHS: ReadonlySet<string> = new Set(["", "/mcp", "/sse"]);

/**
 * The parameters with our canonical resource in place of every spelling of it. What names anything
 * else stays as it is, for the library to refuse; what is empty is absent.
 */
export function withOurResource(parameters: URLSearchParams, config: Config): URLSearchParams {
  const asked = parameters.getAll("resource").filter((text) => text !== "");
  const means = asked.every((text) => namesUs(text, config)) ? [config.resource] : asked;
  const straight = new URLSearchParams(parameters);
  straight.delete("resource");
  if (asked.length > 0) for (const text of means) straight.append("resource", text);
  return straight;
}

/**
 * Whether a text names this server: our host, in whatever scheme and spelling, and one of the paths
 * above, with or without slashes and a query. A fragment is never allowed (RFC 8707 §2); on loopback
 * every name of this machine is ours.
 */
export function namesUs(text: string, { issuer, isLoopback }: Config): boolean {
  if (/[#\\\s]/.test(text)) return false;
  const ours = new URL(issuer);
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `${ours.protocol}//${text}`);
  if (url === null || url.username !== "" || url.password !== "") return false;
  const isOurHost = isLoopback
    ? isLoopbackUrl(url) && url.port === ours.port
    : url.host === ours.host;
  const path = url.pathname.replace(/\/{2,}/g, "/").replace(/\/$/, "");
  return isOurHost && OUR_PATHS.has(path);
}
