/**
 * How long a session may last (`SESSION_MAX_SECONDS`), however often it is used. A grant and the
 * setting go in, a time comes out. Pure; the setting counts as it is now, not as it was at sign-in.
 */

/** When a grant ends at the latest, epoch seconds; never, without a setting. */
export function latestEndOf(
  { createdAt }: { readonly createdAt: number },
  sessionMaxSeconds: number | undefined,
): number {
  return sessionMaxSeconds === undefined ? Number.POSITIVE_INFINITY : createdAt + sessionMaxSeconds;
}
