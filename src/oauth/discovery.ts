/**
 * Where clients find the authorization server. The library answers at the one address RFC 8414
 * gives it; clients also ask at four more, and get the same document there. Nothing here depends on
 * who asks.
 */
import { ASSERTION_ALGORITHMS } from "../clients/assertion.ts";
import { createKeptAnswers } from "../edge/kept-answers.ts";
import type { Exchange } from "../exchange.ts";
import { createAuthorizationServer } from "./authorization-server.ts";
import { admitsMachines } from "../machine-variables.ts";
import { ID_JAG_PROFILE, JWT_BEARER } from "./identity-assertion.ts";
import type { Parts } from "../parts.ts";
import { listScopes } from "./scopes.ts";

const CANONICAL_PATH = "/.well-known/oauth-authorization-server";

/** Every address at which the metadata is asked for in the field. */
export const METADATA_PATHS: readonly string[] = [
  CANONICAL_PATH,
  `${CANONICAL_PATH}/mcp`,
  "/.well-known/openid-configuration",
  "/.well-known/openid-configuration/mcp",
  "/mcp/.well-known/openid-configuration",
];

const FRESH_SECONDS = 3600;

/**
 * Answers metadata requests at any of those addresses (RFC 8414 §3; MCP authorization, server
 * metadata discovery). The document is made once.
 */
export function createMetadata(
  parts: Parts,
): (request: Request, exchange: Exchange) => Response | Promise<Response> {
  const answers = createKeptAnswers<"metadata">();
  return (request, exchange) => {
    const describe = () => describeServer(request, exchange, parts);
    return request.method === "GET" && !request.headers.has("Origin")
      ? answers("metadata", describe)
      : describe();
  };
}

async function describeServer(request: Request, exchange: Exchange, parts: Parts) {
  const server = createAuthorizationServer(parts, { work: parts.beginWork(), exchange });
  const method = request.method === "HEAD" ? "GET" : request.method;
  const canonical = new Request(`${parts.config.issuer}${CANONICAL_PATH}`, {
    method,
    headers: request.headers,
  });
  const response = await server.fetch(canonical);
  if (!response.ok || method !== "GET") return response;
  const metadata: Record<string, unknown> = await response.json();
  const { listsToolsPublicly } = parts.look.site;
  const complete = {
    ...metadata,
    // RFC 9728 §4: it need not list all; who our organizations are is nobody else's business.
    protected_resources: [parts.config.resource],
    // What strangers are not told; a client learns the rest from a challenge.
    ...(listsToolsPublicly ? {} : { scopes_supported: listScopes([]) }),
    // RFC 8414 §2: without this a client may take client_secret_basic for the only way to revoke.
    revocation_endpoint_auth_methods_supported: metadata["token_endpoint_auth_methods_supported"],
    ...describeMachines(parts, metadata),
    ...describeService(parts),
  };
  const headers = new Headers(response.headers);
  headers.set("Cache-Control", `public, max-age=${FRESH_SECONDS}`);
  // The library names the asking website in its CORS headers: a copy without them is of no use to
  // it.
  headers.set("Vary", "Origin");
  return new Response(JSON.stringify(complete), { headers });
}

/** RFC 8414 §2: the library knows no machines (ext-auth, oauth-client-credentials). */
function describeMachines({ config }: Parts, metadata: Readonly<Record<string, unknown>>) {
  const { machines } = config.auth;
  const more = (name: string, ...values: readonly string[]) => {
    const given: unknown = metadata[name];
    return { [name]: [...new Set([...(Array.isArray(given) ? given : []), ...values])] };
  };
  const methods = "token_endpoint_auth_methods_supported";
  return {
    ...more(
      "grant_types_supported",
      ...(admitsMachines(machines) ? ["client_credentials"] : []),
      ...(machines.enterprises.length > 0 ? [JWT_BEARER] : []),
    ),
    ...(machines.keyed.length > 0
      ? {
          ...more(methods, "private_key_jwt"),
          ...more(`revocation_${methods.slice("token_".length)}`, "private_key_jwt"),
          ...more("token_endpoint_auth_signing_alg_values_supported", ...ASSERTION_ALGORITHMS),
        }
      : {}),
    ...(machines.enterprises.length > 0
      ? { authorization_grant_profiles_supported: [ID_JAG_PROFILE] }
      : {}),
  };
}

/** RFC 8414 §2: what people are told of this server. */
function describeService({ config, look }: Parts) {
  const { documentation, privacy, terms } = look.site.links ?? {};
  return {
    service_documentation: documentation ?? `${config.issuer}/`,
    ...(privacy === undefined ? {} : { op_policy_uri: privacy }),
    ...(terms === undefined ? {} : { op_tos_uri: terms }),
  };
}
