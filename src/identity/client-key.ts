/**
 * A private key as our proof at Auth0 in place of a secret (private_key_jwt, RFC 7523 §2.2). The key
 * as it is configured goes in, a way to authenticate comes out. It never leaves the runtime.
 */
import { type ClientAuth, PrivateKeyJwt } from "oauth4webapi";
import { Refusal } from "../errors.ts";

/** RS256: what Auth0 takes, whatever else an application is set to. */
const ALGORITHM = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;

/** Imported at the first use. Refuses with `identity_client_rejected` when it is no such key. */
export function proveByKey(pkcs8: Uint8Array<ArrayBuffer>): ClientAuth {
  let proof: Promise<ClientAuth> | undefined;
  return async (...request) => {
    proof ??= importKey(pkcs8).then((key) => PrivateKeyJwt(key));
    await (
      await proof
    )(...request);
  };
}

function importKey(pkcs8: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", pkcs8, ALGORITHM, false, ["sign"]).catch((cause) => {
    throw new Refusal("identity_client_rejected", { cause });
  });
}
