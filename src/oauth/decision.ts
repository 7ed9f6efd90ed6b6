/**
 * A person's answer on a page of ours, as one unit of work: what decides goes in, its response comes
 * out. An answer that came to nothing can be given again.
 */
import type { Exchange } from "../exchange.ts";
import type { Parts } from "../parts.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";

/** What it takes to decide. */
export interface DecisionContext {
  readonly parts: Parts;
  readonly work: UnitOfWork;
  readonly exchange: Exchange;
}

/** Runs it; what it claimed and did not commit is given back. */
export async function decideOnce(
  exchange: Exchange,
  parts: Parts,
  decide: (context: DecisionContext) => Promise<Response>,
): Promise<Response> {
  const work = parts.beginWork();
  try {
    return await decide({ parts, work, exchange });
  } finally {
    exchange.execution.waitUntil(work.discard());
  }
}
