/**
 * What the identity provider says about itself (OpenID Connect Discovery 1.0). The configured
 * issuer goes in; its metadata comes out when it speaks for exactly that issuer and sends us to
 * nobody else.
 */
import {
  type DiscoveryRequestOptions,
  discoveryRequest,
  processDiscoveryResponse,
} from "oauth4webapi";
import * as z from "zod";
import { Refusal } from "../errors.ts";
import type { Dialect } from "./dialect.ts";
import { ALGORITHMS } from "./signed-token.ts";
import { isFault } from "./upstream-fetch.ts";

const metadataSchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  jwks_uri: z.string(),
  userinfo_endpoint: z.string().exactOptional(),
  revocation_endpoint: z.string().exactOptional(),
  pushed_authorization_request_endpoint: z.string().exactOptional(),
  authorization_response_iss_parameter_supported: z.boolean().exactOptional(),
  token_endpoint_auth_methods_supported: z.array(z.string()).exactOptional(),
});

/** The parts we use. What tokens may be signed with is our decision, not the provider's. */
export type Metadata = z.infer<typeof metadataSchema> & {
  readonly id_token_signing_alg_values_supported: string[];
};

/**
 * Asks for the metadata. Refuses with `identity_metadata_invalid` when it cannot be trusted, as
 * `UpstreamFetch` does when it cannot be had.
 */
export async function loadMetadata(
  issuer: string,
  dialect: Dialect,
  options: DiscoveryRequestOptions,
): Promise<Metadata> {
  const metadata = await fetchMetadata(new URL(issuer), options).catch((error: unknown) => {
    if (isFault(error)) throw error;
    return undefined;
  });
  const judged = judgeMetadata(metadata, issuer, dialect);
  if (judged === undefined) throw new Refusal("identity_metadata_invalid");
  return judged;
}

/**
 * The metadata, if its issuer is the expected one to the letter (Discovery §4.3, RFC 8414 §3.3) and
 * every endpoint lies where the dialect trusts it to lie: for Auth0 on the issuer's own origin; never
 * without TLS, but on the loopback address that the issuer has.
 */
export function judgeMetadata(
  document: unknown,
  issuer: string,
  { isTrustedEndpoint }: Pick<Dialect, "isTrustedEndpoint"> = { isTrustedEndpoint: isSameOrigin },
): Metadata | undefined {
  const metadata = metadataSchema.safeParse(document).data;
  if (metadata?.issuer !== issuer) return undefined;
  const addresses = Object.values(metadata).filter((value) => typeof value === "string");
  const isTrusted = addresses.every((address) => {
    const endpoint = URL.parse(address);
    return endpoint !== null && isTrustedEndpoint(endpoint, new URL(issuer));
  });
  if (!isTrusted) return undefined;
  return { ...metadata, id_token_signing_alg_values_supported: [...ALGORITHMS] };
}

/** The strictest rule: everything lies where the issuer does. */
export function isSameOrigin(endpoint: URL, issuer: URL): boolean {
  return endpoint.origin === issuer.origin;
}

async function fetchMetadata(issuer: URL, options: DiscoveryRequestOptions): Promise<unknown> {
  return processDiscoveryResponse(issuer, await discoveryRequest(issuer, options));
}
