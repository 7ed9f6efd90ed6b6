/**
 * Answers that never went out. The id of an exchange whose client was told to come again goes in,
 * and stands in the store beside what the exchange may have written; the client's next try takes it,
 * once. Without it a used code is a replay. A mark that comes late is about an id that no other
 * exchange has.
 */
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import type { TokenContext } from "./token-request.ts";

/** For how long such an answer can be had: as long as a code lives. */
export const UNANSWERED_TTL_SECONDS = 600;

/** Ids of this isolate, until the store has them: bounded, since it may never answer. */
const unanswered = new Set<string>();
const MOST_UNANSWERED = 1000;

/** Remembers that nobody got the answer of this exchange: here at once, elsewhere by the store. */
export async function noteUnanswered(
  { parts, exchange }: Pick<TokenContext, "parts" | "exchange">,
  answerId: string,
): Promise<void> {
  if (unanswered.size >= MOST_UNANSWERED) unanswered.clear();
  unanswered.add(answerId);
  const work = parts.beginWork();
  work.create(nameOf(answerId), "unanswered", UNANSWERED_TTL_SECONDS);
  await work.commit().catch(() => exchange.execution.waitUntil(work.commitLater()));
}

/** Whether nobody got the answer of this exchange: true for who asks first, and commits. */
export async function takeUnanswered(work: UnitOfWork, answerId: string): Promise<boolean> {
  const name = nameOf(answerId);
  const claim = { name: `used:${name}`, ttlSeconds: UNANSWERED_TTL_SECONDS };
  await work.prefetch({ records: [name], claim });
  return work.owns(claim.name) && (work.hasRead(name) || unanswered.has(answerId));
}

function nameOf(answerId: string): string {
  return `unanswered:${answerId}`;
}
