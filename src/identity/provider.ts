/**
 * What this server asks of an identity provider. Types only: an implementation stands beside this
 * file, and the rest of the house knows nothing else of it. Every method refuses with a `Refusal`
 * (errors.ts).
 */

/** What the identity provider gave us for one person. Sealed at rest, never sent to a client. */
export interface UpstreamTokens {
  /** The raw access token for our API (`AUTH0_AUDIENCE`). */
  readonly accessToken: string;
  /** Its verified claims, as received. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** End of the access token's life, epoch seconds. */
  readonly expiresAt: number;
  /** Absent when the identity provider gives none; then nothing of ours outlives `expiresAt`. */
  readonly refreshToken?: string;
  /** When these tokens were issued, epoch seconds. */
  readonly issuedAt: number;
  /** Every permission the person, or the machine, holds, as the identity provider says now. */
  readonly permissions: readonly string[];
}

/** Another API of the identity provider's, and what of it is asked for. */
export interface OtherApi {
  readonly audience: string;
  /** None: whatever the person may do there. */
  readonly scopes: readonly string[];
}

/** What opens it in the person's name. Sealed at rest, given to tools only. */
export interface OtherToken {
  readonly token: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
  /** What was given; it may be less than was asked for. */
  readonly scopes: readonly string[];
}

/** Who signed in. */
export interface Identity {
  /**
   * base64url(SHA-256(issuer + "\n" + sub)): opaque, without personal data, safe in keys, tokens
   * and logs.
   */
  readonly userId: string;
  /** base64url(SHA-256(issuer + "\n" + sid)), when the identity provider names its session. */
  readonly sessionId?: string;
  /**
   * The profile claims of the ID token: what we know of the person when `/userinfo` cannot be
   * asked.
   */
  readonly profile: Readonly<Record<string, unknown>>;
  /** When they did, as far as the provider says; epoch seconds. */
  readonly signIn: {
    readonly at?: number;
    /** With a second factor. */
    readonly mfaAt?: number;
  };
  readonly tokens: UpstreamTokens;
}

/**
 * What the provider answered at its token endpoint: received, not judged. Whatever is wrong with the
 * rest of it, its refresh token is the one that counts from now on.
 */
export interface UpstreamAnswer {
  readonly refreshToken?: string;
  /** The answer's JSON. */
  readonly body: string;
}

/** One sign-in. `prompt`, `loginHint`, `maxAge` and `acrValues` pass through when a client sent them. */
export interface SignInRequest {
  readonly state: string;
  readonly prompt?: string;
  readonly loginHint?: string;
  readonly maxAge?: string;
  /** `acr_values`: how strong the sign-in is to be. */
  readonly acrValues?: string;
  /** An organization that the person is to enter, and their invitation to it. */
  readonly organization?: string;
  readonly invitation?: string;
  /** Whether a refresh token is wanted: only for a grant. */
  readonly isForGrant: boolean;
  /** For the person's accounts at other services, in place of our API. */
  readonly isForAccounts?: boolean;
}

/** What must be remembered between sending a browser to the identity provider and its return. */
export interface SignInSecrets {
  readonly nonce: string;
  readonly codeVerifier: string;
  /** What was sent as `max_age`, when it was: the answer is then checked against it. */
  readonly maxAge?: string;
  /** The organization that the person signs in to, when the resource is one's: checked too. */
  readonly organization?: string;
}

/** What a machine shows of itself; used for one question, kept nowhere. */
export interface MachineCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Who brings an access token of the provider's own, as far as it says. */
export interface BroughtCaller {
  readonly kind: "person" | "machine";
  /** As after a sign-in here. */
  readonly userId: string;
  /** The application that the token was issued to. */
  readonly clientId: string;
  readonly issuer: string;
  readonly audience: string;
  readonly held: readonly string[];
  readonly granted: readonly string[];
  /** How many acted for one another before the token came to us. */
  readonly actors: number;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** A person logged out at the identity provider (OpenID Connect Back-Channel Logout 1.0). */
export interface LogoutNotice {
  readonly userId: string;
  readonly sessionId?: string;
  /** The logout token's `jti`, to be accepted once. */
  readonly tokenId: string;
  /** End of the logout token's life, epoch seconds. */
  readonly expiresAt: number;
}

/**
 * The person's accounts at other services, each by the name of its connection. All of it but `tokenOf`
 * takes a token that a sign-in with `isForAccounts` gave.
 */
export interface Accounts {
  /**
   * The token of an account. Refuses with `account_not_connected`, or as `exchange` does.
   */
  tokenOf(tokens: UpstreamTokens, connection: string): Promise<OtherToken>;
  /** Who signed in for their accounts, and the token that opens them. */
  judgeReturn(
    answer: UpstreamAnswer & { readonly code: string },
    secrets: SignInSecrets,
  ): Promise<{ readonly userId: string; readonly token: string }>;
  /** Begins to connect one: where to send the browser. */
  begin(
    token: string,
    wanted: {
      readonly connection: string;
      readonly scopes: readonly string[];
      readonly state: string;
      readonly codeVerifier: string;
    },
  ): Promise<{ readonly session: string; readonly location: string }>;
  /** What is connected then. */
  finish(
    token: string,
    returned: { readonly session: string; readonly code: string; readonly codeVerifier: string },
  ): Promise<{ readonly id: string; readonly scopes: readonly string[] }>;
  end(token: string, id: string): Promise<void>;
}

export interface IdentityProvider {
  /** Fresh PKCE verifier and nonce for one sign-in. Touches nothing outside. */
  createSignInSecrets(): SignInSecrets;
  /** Where to send the browser. */
  authorizationUrl(request: SignInRequest, secrets: SignInSecrets): Promise<string>;
  /** Asks for what the provider publishes, so that it is at hand when an answer is judged. */
  prepare(): Promise<void>;
  /**
   * Judges the browser's return (the full callback URL, its `state` already found) and redeems the
   * code.
   */
  redeemCode(
    callbackUrl: URL,
    state: string,
    secrets: SignInSecrets,
  ): Promise<UpstreamAnswer & { readonly code: string }>;
  /** Who signed in, by the answer to their code. */
  judgeSignIn(
    answer: UpstreamAnswer & { readonly code: string },
    secrets: SignInSecrets,
  ): Promise<Identity>;
  /**
   * Asks for new tokens. Refuses with `identity_grant_ended` when the provider says `invalid_grant`,
   * with `identity_unavailable` or `identity_rate_limited` when trying again can succeed. The answer
   * keeps the old refresh token when the provider returned no new one.
   */
  renew(refreshToken: string): Promise<UpstreamAnswer>;
  /**
   * The tokens of such an answer, judged like those of a sign-in: of this person, who signed in to
   * this organization. Refuses with `identity_subject_changed` when they are another person's.
   */
  judgeRenewal(
    answer: UpstreamAnswer,
    userId: string,
    organization?: string,
  ): Promise<UpstreamTokens>;
  /**
   * The tokens of a machine that the provider knows by its own credentials. Refuses with a `machine_…`
   * reason, or as `renew` does.
   */
  machineTokens(machine: MachineCredentials): Promise<UpstreamTokens>;
  /** Whether a token says that it is the provider's own. Believed by nobody. */
  claimsToBeOurs(token: string): boolean;
  /** Judges such a token; refuses with `brought_token_…`. */
  judgeBrought(token: string): Promise<BroughtCaller>;
  /** Tells the provider that a refresh token is no longer wanted. */
  revoke(refreshToken: string): Promise<void>;
  /** The profile of the person whose access token this is; refuses as `renew` does. */
  userInfo(tokens: UpstreamTokens): Promise<Readonly<Record<string, unknown>>>;
  /**
   * Exchanges the person's access token for one of another API. Refuses with `api_client_…`,
   * `other_api_…`, or as `renew` does when trying again can succeed; never because of the grant.
   */
  exchange(tokens: UpstreamTokens, api: OtherApi): Promise<OtherToken>;
  readonly accounts: Accounts;
  /** Verifies a back-channel logout token; refuses with `identity_token_invalid`. */
  verifyLogoutToken(logoutToken: string): Promise<LogoutNotice>;
  /** Asks for the provider's metadata and keys, for `/ready`. Refuses as `renew` does. */
  checkReachable(): Promise<void>;
}
