/**
 * Where a client may publish what it says of itself. The address goes in, what is wrong with it comes
 * out. Pure: judged before anybody is asked.
 */

/** Names that mean something inside a network only (RFC 6761, RFC 6762, RFC 8375, ICANN `.internal`). */
const INNER_NAMES = /(?:^|\.)(?:localhost|local|internal|intranet|lan|home|corp|onion|home\.arpa)$/;

/** What decides about an address beside itself. */
export interface AddressRules {
  /** Our own origin: we do not ask ourselves. */
  readonly issuer: string;
  /** Hosts, with their ports, that a developer names for their own machine. */
  readonly namedHosts: readonly string[];
}

/**
 * A public host, on port 443, over https, named by a name: no IP address, no name of an inner
 * network, not ourselves (draft-ietf-oauth-client-id-metadata-document §6.5; MCP security best
 * practices, SSRF). Undefined when it may be asked.
 */
export function judgeAddress(address: string, rules: AddressRules): string | undefined {
  const url = URL.parse(address);
  if (url?.protocol !== "https:") return "not_https";
  if (url.username !== "" || url.password !== "") return "user";
  if (rules.namedHosts.includes(url.host)) return undefined;
  if (url.host === new URL(rules.issuer).host) return "ourselves";
  if (url.port !== "") return "port";
  return judgeHost(url.hostname);
}

/** `hostname` as the URL parser writes it: in small letters, numbers of an IPv4 address spelled out. */
function judgeHost(hostname: string): string | undefined {
  if (hostname.startsWith("[") || /^\d+(?:\.\d+){3}$/.test(hostname)) return "ip_address";
  const name = hostname.replace(/\.$/, "");
  if (!name.includes(".")) return "single_label";
  return INNER_NAMES.test(name) ? "inner_name" : undefined;
}
