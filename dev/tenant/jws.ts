/**
 * Puts a signed token together by hand, so that it can also be wrong. Header, claims and a seal go
 * in, a compact JWS comes out (RFC 7515 §7.1).
 */
import { createHmac, createPrivateKey, createPublicKey, sign } from "node:crypto";
import type { JWK } from "jose";

export type Fields = Readonly<Record<string, unknown>>;

interface SealingKeys {
  readonly key: JWK;
  readonly clientSecret: string;
}

/** How a token is signed: as it should be, or in one of the ways a verifier must not fall for. */
const SEALS = {
  honest: (data, { key }) => rsaSign(data, key),
  none: () => Buffer.alloc(0),
  broken: (data, { key }) => rsaSign(`${data} `, key),
  "client secret": (data, { clientSecret }) =>
    createHmac("sha256", clientSecret).update(data).digest(),
  /** RFC 8725 §2.1: the public key, which everybody has, as an HMAC secret. */
  "public key": (data, { key }) => createHmac("sha256", publicPem(key)).update(data).digest(),
} satisfies Record<string, (data: string, keys: SealingKeys) => Buffer>;

export type Seal = keyof typeof SEALS;

/** The compact form of a token. A field that is `undefined` is left out. */
export function assembleJws(
  header: Fields,
  claims: Fields,
  sealed: SealingKeys & { readonly seal: Seal },
): string {
  const data = `${encode(header)}.${encode(claims)}`;
  return `${data}.${SEALS[sealed.seal](data, sealed).toString("base64url")}`;
}

function encode(fields: Fields): string {
  return Buffer.from(JSON.stringify(fields)).toString("base64url");
}

function rsaSign(data: string, key: JWK): Buffer {
  return sign("sha256", Buffer.from(data), createPrivateKey({ key, format: "jwk" }));
}

function publicPem(key: JWK): string {
  return createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" }).toString();
}
