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
import { ALGORITHMS } from "./signed-token.ts";
import { isFault } from "./upstream-fetch.ts";

const metadataSchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  jwks_uri: z.string(),
  userinfo_endpoint: z.string().exactOptional(),
  revocation_endpoint: z.string().exactOptional(),
  authorization_response_iss_parameter_supported: z.boolean().exactOptional(),
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
  options: DiscoveryRequestOptions,
): Promise<Metadata> {
  const metadata = await fetchMetadata(new URL(issuer), options).catch((error: unknown) => {
    if (isFault(error)) throw error;
    return undefined;
  });
  const judged = judgeMetadata(metadata, issuer);
  if (judged === undefined) throw new Refusal("identity_metadata_invalid");
  return judged;
}

/**
 * The metadata, if its issuer is the expected one to the letter (Discovery §4.3, RFC 8414 §3.3) and
 * every endpoint lies on the issuer's own origin: so all are https, or all on the loopback address
 * the issuer has.
 */
export function judgeMetadata(document: unknown, issuer: string): Metadata | undefined {
  const metadata = metadataSchema.safeParse(document).data;
  if (metadata?.issuer !== issuer) return undefined;
  const { origin } = new URL(issuer);
  const addresses = Object.values(metadata).filter((value) => typeof value === "string");
  if (addresses.some((address) => URL.parse(address)?.origin !== origin)) return undefined;
  return { ...metadata, id_token_signing_alg_values_supported: [...ALGORITHMS] };
}

async function fetchMetadata(issuer: URL, options: DiscoveryRequestOptions): Promise<unknown> {
  return processDiscoveryResponse(issuer, await discoveryRequest(issuer, options));
}
