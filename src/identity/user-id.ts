/**
 * Our names for people and their sessions. What the identity provider calls them goes in; an opaque
 * text without personal data comes out, safe in keys, tokens and logs, and computable again from a
 * logout token.
 */
import { hashText } from "../keys.ts";

/**
 * base64url(SHA-256(issuer + "\n" + sub)), 43 characters: bound to the tenant (OIDC Core §2: `sub`
 * is unique per issuer).
 */
export function deriveUserId(issuer: string, subject: string): Promise<string> {
  return hashText(`${issuer}\n${subject}`);
}

/** The same for the session that a `sid` claim names (OIDC Front-Channel Logout §3). */
export function deriveSessionId(issuer: string, sid: string): Promise<string> {
  return hashText(`${issuer}\n${sid}`);
}
