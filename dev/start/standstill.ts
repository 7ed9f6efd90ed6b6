/**
 * Whether the Worker still answers. Its address goes in; a word for the terminal comes out when a
 * loop that never awaits has it all to itself: nothing runs then that could say so.
 */
import { setTimeout as pause } from "node:timers/promises";
import { OWN_REQUEST_ID } from "./log-lines.ts";

export interface Standstill {
  /** Begins or ends the watch: one that cannot be built does not answer either. */
  watch(isServing: boolean): void;
}

const STANDSTILL = `
The Worker has not answered for a while: something in it runs and never awaits, or it stands at a breakpoint.
The line of that request is not here yet. Save a file under src/, and it starts anew.
`;

/** Asks every so often, and tells once for each standstill. */
export function createStandstill(
  healthUrl: string,
  tell: (text: string) => void,
  { everyMs = 3000, patienceMs = 12_000 } = {},
): Standstill {
  let isServing = false;
  let isTold = false;
  let isWatching = false;
  const ask = async (): Promise<void> => {
    isWatching = true;
    for (;;) {
      await pause(everyMs, undefined, { ref: false });
      if (!isServing) continue;
      const isAlive = await answers(healthUrl, patienceMs);
      if (isAlive) isTold = false;
      else if (isServing && !isTold) {
        isTold = true;
        tell(STANDSTILL);
      }
    }
  };
  return {
    watch(serves) {
      isServing = serves;
      isTold &&= serves;
      if (!isWatching) void ask();
    },
  };
}

/** Whatever is answered, or refused at once, is no standstill. */
async function answers(url: string, patienceMs: number): Promise<boolean> {
  const signal = AbortSignal.timeout(patienceMs);
  try {
    await fetch(url, { headers: { "cf-ray": OWN_REQUEST_ID }, signal });
    return true;
  } catch {
    return !signal.aborted;
  }
}
