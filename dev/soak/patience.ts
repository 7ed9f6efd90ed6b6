/**
 * A client that does as it is told: 503 means the same again a little later. A request goes in; the
 * first other answer comes out.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { Send } from "../../test/support/lives.ts";

/** Longer than any hold stands. */
const LONGEST_MS = 60_000;
const LONGEST_PAUSE_SECONDS = 4;

export interface Heard {
  /** Absent when it never worked. */
  readonly answer?: Response;
  /** How often it was told to try again. */
  readonly retries: number;
}

/** Sends until the answer is no longer "try again". */
export async function insist(send: Send): Promise<Heard> {
  const startedAtMs = performance.now();
  for (let retries = 0; performance.now() - startedAtMs < LONGEST_MS; retries += 1) {
    const answer = await send().catch(() => undefined);
    if (answer !== undefined && ![429, 503].includes(answer.status)) return { answer, retries };
    const seconds = Number(answer?.headers.get("retry-after") ?? 1);
    await wait(Math.min(seconds, LONGEST_PAUSE_SECONDS) * 1000);
  }
  return { retries: -1 };
}
