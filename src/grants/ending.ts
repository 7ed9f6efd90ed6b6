/**
 * The end of a grant. A grant comes in; it ends here before the answer, in other isolates within
 * their bound of staleness, and at the identity provider after the answer.
 */
import { Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { IdentityProvider } from "../identity/provider.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import type { GrantRef } from "./grant.ts";
import type { GrantKeeper } from "./keeper.ts";
import { endGrant, type GrantRecord } from "./record.ts";

interface Ending {
  readonly parts: { readonly identity: IdentityProvider; readonly keeper: GrantKeeper };
  readonly work: UnitOfWork;
  readonly exchange: Exchange;
}

/**
 * Ends a grant: here before the answer, at Auth0 after it. Without `record` Auth0 has nothing to be
 * told.
 */
export async function endAtOnce(
  context: Ending,
  grant: GrantRef,
  record: GrantRecord | undefined,
): Promise<void> {
  const { parts, work, exchange } = context;
  endGrant(work, grant);
  await work.commit();
  parts.keeper.sightings.noteEnded(grant);
  exchange.note({ reason: "grant_revoked", user: grant.userId });
  if (record !== undefined) revokeUpstream(context, record);
}

/**
 * Tells Auth0, after the response, that a refresh token is no longer wanted. It ends here either
 * way.
 */
export function revokeUpstream(
  { parts, exchange }: Omit<Ending, "work">,
  { tokens: { refreshToken } }: Pick<GrantRecord, "tokens">,
): void {
  if (refreshToken === undefined) return;
  exchange.execution.waitUntil(
    parts.identity.revoke(refreshToken).catch((error: unknown) => {
      console.warn(
        JSON.stringify({
          reason: "upstream_revocation_failed",
          requestId: exchange.requestId,
          fault: error instanceof Refusal ? error.reason : "unknown",
        }),
      );
    }),
  );
}
