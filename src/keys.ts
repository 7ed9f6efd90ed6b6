/**
 * One operator secret, many keys. 32 bytes and a label go in, a WebCrypto key for just that purpose
 * comes out (HKDF, RFC 5869), so that a key never serves two purposes. Nothing here can be exported
 * again.
 */
import { base64url } from "jose";

/** What a key is for. A new version of a format gets a new label. */
type Purpose = "access-token" | "person" | "refresh-hint" | "machine" | "sealing" | "key-id";

type Secret = Uint8Array<ArrayBuffer>;

/** An HMAC-SHA-256 key that signs and verifies. */
export async function deriveSigningKey(secret: Secret, purpose: Purpose): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", await deriveBytes(secret, purpose), HMAC_SHA256, false, [
    "sign",
    "verify",
  ]);
}

/** An AES-256-GCM key that seals and opens. */
export async function deriveSealingKey(secret: Secret): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", await deriveBytes(secret, "sealing"), "AES-GCM", false, [
    "encrypt",
    "decrypt",
  ]);
}

/** Eight characters that name a secret without telling anything about it. */
export async function deriveKeyId(secret: Secret): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await deriveBytes(secret, "key-id"));
  return base64url.encode(new Uint8Array(digest)).slice(0, 8);
}

/** An HMAC-SHA-256 key from bytes that are already random. */
export function importSigningKey(bytes: Secret): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, HMAC_SHA256, false, ["sign", "verify"]);
}

/** base64url(HMAC-SHA-256(key, text)), 43 characters. */
export async function signText(text: string, key: CryptoKey): Promise<string> {
  return base64url.encode(
    new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text))),
  );
}

/** base64url(SHA-256(text)), 43 characters. */
export async function hashText(text: string): Promise<string> {
  return base64url.encode(
    new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text))),
  );
}

/** Compares every character, however early they differ (CWE-208). */
export function isSameText(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let index = 0; index < one.length; index++)
    difference |= one.charCodeAt(index) ^ other.charCodeAt(index % other.length);
  return difference === 0;
}

/** `bytes` random bytes as base64url text. */
export function randomText(bytes: number): string {
  return base64url.encode(crypto.getRandomValues(new Uint8Array(bytes)));
}

const encoder = new TextEncoder();

const HMAC_SHA256 = { name: "HMAC", hash: "SHA-256" } as const;

async function deriveBytes(secret: Secret, purpose: Purpose): Promise<ArrayBuffer> {
  const material = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const info = new TextEncoder().encode(`auth0-mcp-worker/${purpose}/v1`);
  return crypto.subtle.deriveBits(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info },
    material,
    256,
  );
}
