/**
 * Forged tokens, told cheaply: a stranger must not cost more than a look. A token goes in; whether
 * it pretends to be ours comes out. It only ever refuses; whoever passes is judged by the rules of
 * RFC 8725 afterwards, like a token in any other form.
 */
import { base64url } from "jose";
import type { SigningKey, SigningKeys } from "../grants/access-token.ts";

/** Judges the signature of a token whose header is, letter for letter, one that we write. */
export type ForgeryCheck = (token: string) => Promise<boolean>;

/** RFC 7515 §5.2: the signature covers header and claims as they were sent. */
export function createForgeryCheck(keys: SigningKeys): ForgeryCheck {
  const ours = keys.map((key) => [headerOf(key), key.key] as const);
  return async (token) => {
    const end = token.lastIndexOf(".");
    const key = ours.find(([header]) => token.startsWith(header))?.[1];
    const signature = key && decode(token.slice(end + 1));
    if (key === undefined || signature === undefined) return false;
    const signed = new TextEncoder().encode(token.slice(0, end));
    return !(await crypto.subtle.verify("HMAC", key, signature, signed));
  };
}

/** The first part of our access tokens, with its dot. */
function headerOf({ kid }: SigningKey): string {
  return `${base64url.encode(JSON.stringify({ alg: "HS256", typ: "at+jwt", kid }))}.`;
}

function decode(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return new Uint8Array(base64url.decode(text));
  } catch {
    return undefined;
  }
}
