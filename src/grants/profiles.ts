/**
 * People's profiles, as tools read them. A grant goes in, the profile comes out: the one of a while
 * ago, else the identity provider's. Kept in this isolate only.
 */
import { isPassing } from "../errors.ts";
import type { IdentityProvider, UpstreamTokens } from "../identity/provider.ts";
import type { TokenGrant } from "./grant.ts";
import { createMemory } from "./memory.ts";

type Profile = Readonly<Record<string, unknown>>;

interface ProfilesParts {
  readonly identity: Pick<IdentityProvider, "userInfo">;
  /** Epoch seconds. */
  readonly now: () => number;
  readonly upstreamTokens: (grant: TokenGrant) => Promise<UpstreamTokens>;
  /** The profile of the sign-in. */
  readonly lastKnown: (grant: TokenGrant) => Promise<Profile>;
}

/** Auth0 answers five questions a minute per person: after this time it is asked again. */
const FRESH_SECONDS = 300;

/**
 * Makes what reads them. When `/userinfo` cannot be asked, the last one we had will do, or the one of
 * the sign-in.
 */
export function createProfiles(parts: ProfilesParts) {
  const { identity, now, upstreamTokens, lastKnown } = parts;
  const profiles = createMemory<Profile>(500);
  const ask = async (grant: TokenGrant): Promise<Profile> => {
    const profile = await identity.userInfo(await upstreamTokens(grant));
    profiles.keep(nameOf(grant), profile, now());
    return profile;
  };
  return async function userInfo(grant: TokenGrant): Promise<Profile> {
    const fresh = profiles.recall(nameOf(grant), { now: now(), maxAgeSeconds: FRESH_SECONDS });
    if (fresh !== undefined) return fresh;
    try {
      return await ask(grant);
    } catch (error) {
      if (!isPassing(error)) throw error;
      const ever = { now: now(), maxAgeSeconds: Number.POSITIVE_INFINITY };
      return profiles.recall(nameOf(grant), ever) ?? (await lastKnown(grant));
    }
  };
}

/** A person has another profile in each organization. */
function nameOf({ userId, organization = "" }: TokenGrant): string {
  return `${userId} ${organization}`;
}
