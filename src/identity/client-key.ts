/**
 * A private key as our proof at Auth0 in place of a secret (private_key_jwt, RFC 7523 §2.2). The key
 * as it is configured goes in, a way to authenticate comes out. It never leaves the runtime.
 */
import { SignJWT } from "jose";
import type { ClientAuth } from "oauth4webapi";
import { Refusal } from "../errors.ts";
import { randomText } from "../keys.ts";

/** RS256: what Auth0 takes, whatever else an application is set to. */
const ALGORITHM = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;

/** Auth0 accepts no older proof. */
const LIFE_SECONDS = 60;

/** The key is imported at each use. Refuses with `identity_client_rejected` when it is no such key. */
export function proveByKey(pkcs8: Uint8Array<ArrayBuffer>, now: () => number): ClientAuth {
  return async ({ issuer }, { client_id: clientId }, body) => {
    const proof = new SignJWT({ iss: clientId, sub: clientId, aud: issuer, jti: randomText(16) })
      .setProtectedHeader({ alg: "RS256" })
      .setIssuedAt(now())
      .setExpirationTime(now() + LIFE_SECONDS);
    body.set("client_id", clientId);
    body.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    body.set("client_assertion", await proof.sign(await importKey(pkcs8)));
  };
}

function importKey(pkcs8: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", pkcs8, ALGORITHM, false, ["sign"]).catch((cause) => {
    throw new Refusal("identity_client_rejected", { cause });
  });
}
