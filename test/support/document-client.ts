/**
 * A client that is known by the address of its metadata (OAuth Client ID Metadata Document) and,
 * when asked to, authenticates with its own key (RFC 7523). Answers for its website; makes its
 * assertions.
 */
import { randomUUID } from "node:crypto";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

export interface DocumentClient {
  readonly clientId: string;
  /** The website that has the document, for a house's `elsewhere`. */
  answer(request: Request): Response;
  /** The form parameters that authenticate the client once at an issuer. */
  assert(issuer: string, claims?: JWTPayload): Promise<Record<string, string>>;
}

const TWO_MINUTES_SECONDS = 120;

/** A client with an ES256 key, or with no credentials when `method` is "none". */
export async function createDocumentClient(
  clientId: string,
  method: "none" | "private_key_jwt" = "private_key_jwt",
  more: Readonly<Record<string, unknown>> = {},
): Promise<DocumentClient> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const metadata = {
    client_id: clientId,
    client_name: "A client with a website",
    redirect_uris: ["http://127.0.0.1/callback"],
    token_endpoint_auth_method: method,
    grant_types: ["authorization_code", "refresh_token"],
    ...(method === "none"
      ? {}
      : { jwks: { keys: [{ ...(await exportJWK(publicKey)), alg: "ES256" }] } }),
    ...more,
  };
  return {
    clientId,
    answer: ({ url }) =>
      url === clientId
        ? Response.json(metadata, { headers: { "cache-control": "max-age=3600" } })
        : new Response(null, { status: 404 }),
    assert: async (issuer, claims = {}) => ({
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: await new SignJWT({ jti: randomUUID(), ...claims })
        .setProtectedHeader({ alg: "ES256" })
        .setIssuer(clientId)
        .setSubject(clientId)
        .setAudience(issuer)
        .setIssuedAt()
        .setExpirationTime(`${TWO_MINUTES_SECONDS}s`)
        .sign(privateKey),
    }),
  };
}
