/**
 * Renewing the identity provider's tokens of one grant. The tokens we have go in, newer ones come
 * out. Whoever calls holds the grant: two renewals with one refresh token would make Auth0 end the
 * whole family.
 */
import { Refusal } from "../errors.ts";
import type { IdentityProvider, UpstreamTokens } from "../identity/provider.ts";

/** At Auth0 permissions may change at any time; after an hour we ask again. */
const FRESH_SECONDS = 3600;

/** A token that ends within this time counts as ended: the tool that uses it needs a while. */
const CLOSE_TO_END_SECONDS = 300;

/** How long tokens that could not be written down are remembered in this isolate. */
const UNSAVED_SECONDS = 300;

/**
 * Whether a refresh of ours renews these tokens too: never on every refresh, always within the
 * hour. Pure.
 */
export function isRenewalDue(tokens: UpstreamTokens, now: number): boolean {
  return (
    tokens.refreshToken !== undefined &&
    (isCloseToEnd(tokens, now) || now - tokens.issuedAt >= FRESH_SECONDS)
  );
}

/** Whether a tool needs newer tokens than these. Pure. */
export function isCloseToEnd(tokens: UpstreamTokens, now: number): boolean {
  return tokens.expiresAt - now < CLOSE_TO_END_SECONDS;
}

export interface Renewals {
  /** Newer tokens; refuses as `IdentityProvider.renew` does. */
  renew(refreshToken: string): Promise<UpstreamTokens>;
  /** The renewed tokens are written down: they need not be remembered. */
  noteSaved(usedRefreshToken: string): void;
}

/**
 * Renewals of this isolate. Auth0 has rotated its token when it answers; when our store then fails,
 * the answer is remembered, so that the client's next try does not present the rotated token.
 */
export function createRenewals(
  identity: Pick<IdentityProvider, "renew">,
  now: () => number,
): Renewals {
  const unsaved = new Map<string, UpstreamTokens>();
  return {
    renew: async (refreshToken) => {
      const known = unsaved.get(refreshToken);
      if (known !== undefined) return known;
      const tokens = await identity.renew(refreshToken).catch(asEnd);
      forgetOld(unsaved, now());
      unsaved.set(refreshToken, tokens);
      return tokens;
    },
    noteSaved: (usedRefreshToken) => void unsaved.delete(usedRefreshToken),
  };
}

/**
 * Auth0 refuses this person by name: the session is over, and signing in again will tell them why.
 */
function asEnd(error: unknown): never {
  const isDenied = error instanceof Refusal && error.reason === "identity_denied";
  throw isDenied ? new Refusal("identity_grant_ended", { cause: error }) : error;
}

function forgetOld(unsaved: Map<string, UpstreamTokens>, now: number): void {
  for (const [refreshToken, tokens] of unsaved)
    if (now - tokens.issuedAt > UNSAVED_SECONDS) unsaved.delete(refreshToken);
}
