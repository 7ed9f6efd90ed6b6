/**
 * Renewing the identity provider's tokens of one grant. A record goes in, the record with newer
 * tokens comes out, or with a newer refresh token at least. Whoever calls holds the grant: two
 * renewals with one refresh token would make Auth0 end the whole family.
 */
import { Refusal } from "../errors.ts";
import type { IdentityProvider, UpstreamAnswer, UpstreamTokens } from "../identity/provider.ts";
import type { GrantRecord } from "./record.ts";

/** At Auth0 permissions may change at any time; after an hour we ask again. */
const FRESH_SECONDS = 3600;

/** A token that ends within this time counts as ended: the tool that uses it needs a while. */
const CLOSE_TO_END_SECONDS = 300;

/** How long an answer that could not be written down is remembered in this isolate. */
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

/** From when on a refresh renews these tokens too; epoch seconds. Pure. */
export function renewalTimeOf({ expiresAt, issuedAt }: UpstreamTokens): number {
  return Math.min(issuedAt + FRESH_SECONDS, expiresAt - CLOSE_TO_END_SECONDS + 1);
}

/** Whether a tool needs newer tokens than these. Pure. */
export function isCloseToEnd(tokens: UpstreamTokens, now: number): boolean {
  return tokens.expiresAt - now < CLOSE_TO_END_SECONDS;
}

/** What came of a renewal: what is to be written down in any case, and why it is not good enough. */
export interface Renewed {
  readonly record: GrantRecord;
  readonly problem?: Error;
}

export interface Renewals {
  /**
   * Newer tokens for a record that has a refresh token; refuses as `IdentityProvider.renew` does
   * when the provider gave nothing.
   */
  renew(record: GrantRecord): Promise<Renewed>;
  /** What the renewal with this refresh token gave is written down: it need not be remembered. */
  noteSaved(usedRefreshToken: string): void;
}

interface Unsaved {
  readonly answer: UpstreamAnswer;
  readonly at: number;
}

/**
 * Renewals of this isolate. Auth0 has rotated its token when it answers: what it gave is kept before
 * the rest of the answer is judged, in memory until it is written down, and its newer refresh token
 * whatever the judgement is.
 */
export function createRenewals(
  identity: Pick<IdentityProvider, "renew" | "judgeRenewal">,
  now: () => number,
): Renewals {
  const unsaved = new Map<string, Unsaved>();
  const ask = async (refreshToken: string): Promise<UpstreamAnswer> => {
    const known = unsaved.get(refreshToken);
    if (known !== undefined) return known.answer;
    const answer = await identity.renew(refreshToken).catch(asEnd);
    forgetOld(unsaved, now());
    unsaved.set(refreshToken, { answer, at: now() });
    return answer;
  };
  const judge = (answer: UpstreamAnswer, { userId, organization }: GrantRecord) =>
    identity.judgeRenewal(answer, userId, organization);
  return {
    renew: async (record) => {
      const { tokens } = record;
      if (tokens.refreshToken === undefined) return { record };
      const answer = await ask(tokens.refreshToken);
      try {
        return {
          record: { ...record, tokens: await judge(answer, record) },
        };
      } catch (problem) {
        const refreshToken = answer.refreshToken ?? tokens.refreshToken;
        if (!(problem instanceof Error)) throw problem;
        return { record: { ...record, tokens: { ...tokens, refreshToken } }, problem };
      }
    },
    noteSaved: (usedRefreshToken) => void unsaved.delete(usedRefreshToken),
  };
}

/** Whether a renewal's problem ends the grant: nobody's patience mends it. */
export function endsGrant(problem: unknown): boolean {
  return (
    problem instanceof Refusal &&
    (problem.reason === "identity_grant_ended" || problem.reason === "identity_subject_changed")
  );
}

/**
 * Auth0 refuses this person by name: the session is over, and signing in again will tell them why.
 */
function asEnd(error: unknown): never {
  const isDenied = error instanceof Refusal && error.reason === "identity_denied";
  throw isDenied ? new Refusal("identity_grant_ended", { cause: error }) : error;
}

function forgetOld(unsaved: Map<string, Unsaved>, now: number): void {
  for (const [refreshToken, { at }] of unsaved)
    if (now - at > UNSAVED_SECONDS) unsaved.delete(refreshToken);
}
