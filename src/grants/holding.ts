/**
 * One request at a time changes a grant: code exchange, refresh and renewal take turns. A unit of
 * work goes in; it comes back with fresh reads and the hold, or the wait has shown that there is
 * nothing left to do.
 */
import { Refusal } from "../errors.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import type { GrantRef } from "./grant.ts";
import { holdName } from "./record.ts";

const LONGEST_WAIT_MS = 8000;
const SHORTEST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 200;

/**
 * Reads `names` and takes the hold on the grant, in one round trip when nobody else has it.
 * `isSettled` is asked after every read and ends the wait early, with or without the hold. Refuses
 * with `grant_busy` after eight seconds.
 */
export async function holdGrant(
  work: UnitOfWork,
  grant: GrantRef,
  wanted: { readonly names: readonly string[]; readonly isSettled: () => Promise<boolean> },
): Promise<void> {
  let waitedMs = 0;
  for (let pauseMs = SHORTEST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    await work.prefetch(wanted.names, { hold: holdName(grant) });
    if (work.isHeld() || (await wanted.isSettled())) return;
    if (waitedMs >= LONGEST_WAIT_MS) throw new Refusal("grant_busy", { retryAfterSeconds: 2 });
    const jitteredMs = pauseMs * (0.5 + Math.random() / 2);
    await new Promise((resume) => setTimeout(resume, jitteredMs));
    waitedMs += jitteredMs;
  }
}
