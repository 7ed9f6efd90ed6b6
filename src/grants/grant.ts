/**
 * A grant: what one person allowed one client, once. Types only. It lives from the authorization
 * code to its revocation; the record behind it answers both "is it alive?" and "what are its Auth0
 * tokens?".
 */
import type { UpstreamTokens } from "../identity/provider.ts";

/** Names one grant. Both parts are opaque and safe in keys, tokens and logs. */
export interface GrantRef {
  readonly userId: string;
  readonly grantId: string;
}

/** What an authenticated request may ask about the grant behind its access token. */
export interface Grants {
  /**
   * Whether the grant still lives, with at most `REVOCATION_CHECK_SECONDS` of staleness; a warm
   * answer costs no round trip. `storeName` is the access token's pointer to the grant's record, so
   * that a cold one costs one. Refuses with a `store_…` reason when the store cannot be asked and
   * this isolate has not seen the grant alive in the last ten minutes.
   */
  isAlive(grant: GrantRef, storeName: string): Promise<boolean>;
  /**
   * The identity provider's tokens of a living grant, renewed first when they are about to expire.
   */
  upstreamTokens(grant: GrantRef, storeName: string): Promise<UpstreamTokens>;
  /** The person's profile, cached: Auth0 answers five such questions a minute. */
  userInfo(grant: GrantRef, storeName: string): Promise<Readonly<Record<string, unknown>>>;
}
