/**
 * A grant: what one person allowed one client, once. Types only. It lives from the authorization
 * code to its end; its record answers "what are its Auth0 tokens?", the feed of ended grants "is it
 * alive?".
 */
import type { Freshness, SignIn } from "./freshness.ts";
import type { OtherApi, OtherToken, UpstreamTokens } from "../identity/provider.ts";

/** Names one grant. Both parts are opaque and safe in keys, tokens and logs. */
export interface GrantRef {
  readonly userId: string;
  readonly grantId: string;
}

/** A grant as an access token of ours names it. */
export interface TokenGrant extends GrantRef {
  /** The hashed name of the grant's records. */
  readonly storeName: string;
  /** The organization that the token is for, by the name in its address. */
  readonly organization?: string;
  /** When the token was issued, epoch seconds: then the grant lived. */
  readonly issuedAt: number;
  /** How long the token lives. */
  readonly lifeSeconds: number;
}

/** What a person may do through one client. */
export interface Standing {
  /** The permissions they hold at the identity provider. */
  readonly held: readonly string[];
  /** Those of them that they granted this client. */
  readonly granted: readonly string[];
  /** Tools that must ask again, though their permissions are granted. */
  readonly withheld: readonly string[];
}

/** What is known of a sign-in, and of whom it was asked by. */
export interface KnownSignIn {
  readonly signIn: SignIn;
  readonly readsChallenges: boolean;
}

/** What an authenticated request may ask about the grant behind its access token. */
export interface Grants {
  /**
   * Whether the grant still lives, with at most `REVOCATION_CHECK_SECONDS` of staleness; a warm
   * answer costs no round trip, whatever the grant. Refuses with a `store_…` reason when the store
   * cannot be asked and nothing is known of the last ten minutes.
   */
  isAlive(grant: TokenGrant): boolean | Promise<boolean>;
  /** Of one that is not alive: whether it lives on with less, and only its older tokens ended. */
  wasNarrowed(grant: TokenGrant): boolean;
  /** What the grant allows now, from its record: for a token that another version of us wrote. */
  standing(grant: TokenGrant): Promise<Standing>;
  /**
   * The identity provider's tokens of a living grant, renewed first when they are about to expire.
   */
  upstreamTokens(grant: TokenGrant): Promise<UpstreamTokens>;
  /**
   * A token for another API in the person's name, kept until its end. Refuses as
   * `IdentityProvider.exchange` does.
   */
  tokenFor(grant: TokenGrant, api: OtherApi): Promise<OtherToken>;
  /**
   * The token of the person's account at a connection, kept for a minute unless it lacks one of the
   * scopes; it may lack them all the same. Refuses as
   * `Accounts.tokenOf` does.
   */
  connectionToken(
    grant: TokenGrant,
    wanted: { readonly connection: string; readonly scopes: readonly string[] },
  ): Promise<OtherToken>;
  /**
   * What the grant's record says of the person's sign-in, from the store when what is remembered is
   * not good enough; and whether its client reads a challenge for a better one.
   */
  signInOf(grant: TokenGrant, wanted: Freshness): Promise<KnownSignIn>;
  /** The person's profile, cached: Auth0 answers five such questions a minute. */
  userInfo(grant: TokenGrant): Promise<Readonly<Record<string, unknown>>>;
}
