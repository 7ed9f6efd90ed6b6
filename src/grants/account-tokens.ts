/**
 * Tokens of the person's accounts at other services. A grant and a connection go in, a token comes out:
 * from this isolate's memory for a minute, else from the identity provider, which keeps them. Never in
 * the store, so that an account that was ended opens nothing for longer.
 */
import { createSingleFlight } from "../flight.ts";
import type { Accounts, OtherToken, UpstreamTokens } from "../identity/provider.ts";
import type { TokenGrant } from "./grant.ts";
import { createMemory } from "./memory.ts";

const KEPT_SECONDS = 60;

const MOST_REMEMBERED = 500;

interface AccountTokensParts {
  readonly identity: { readonly accounts: Pick<Accounts, "tokenOf"> };
  /** Epoch seconds. */
  readonly now: () => number;
  readonly upstreamTokens: (grant: TokenGrant) => Promise<UpstreamTokens>;
}

/** Makes what gives them in this isolate, and what forgets those of a person. */
export function createAccountTokens({ identity, now, upstreamTokens }: AccountTokensParts) {
  const remembered = createMemory<OtherToken>(MOST_REMEMBERED);
  const forgotten = createMemory<number>(MOST_REMEMBERED);
  const flights = new Map<string, () => Promise<OtherToken>>();
  return {
    async connectionToken(
      grant: TokenGrant,
      { connection, scopes }: { readonly connection: string; readonly scopes: readonly string[] },
    ): Promise<OtherToken> {
      const age = { now: now(), maxAgeSeconds: Number.POSITIVE_INFINITY };
      const times = forgotten.recall(grant.userId, age) ?? 0;
      const name = `${grant.userId} ${grant.grantId} ${times} ${connection}`;
      const known = remembered.recall(name, { now: now(), maxAgeSeconds: KEPT_SECONDS });
      const isGood =
        known !== undefined &&
        known.expiresAt - now() > KEPT_SECONDS &&
        scopes.every((scope) => known.scopes.includes(scope));
      if (isGood) return known;
      const ask = async () => identity.accounts.tokenOf(await upstreamTokens(grant), connection);
      const join = flights.get(name) ?? createSingleFlight(ask);
      flights.set(name, join);
      const given = await join().finally(() => flights.delete(name));
      remembered.keep(name, given, now());
      return given;
    },
    forgetAccounts(userId: string): void {
      const age = { now: now(), maxAgeSeconds: Number.POSITIVE_INFINITY };
      forgotten.keep(userId, (forgotten.recall(userId, age) ?? 0) + 1, now());
    },
  };
}
