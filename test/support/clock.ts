/**
 * One clock for a whole house: the Workers' and, since the tenant runs in this process, Auth0's. It
 * only goes forward, as clocks do, so that no isolate is left with memories from the future. The
 * store's own clock, which ends its keys, is not moved.
 */
import type { TestWorker } from "./house.ts";

const realNow = Date.now.bind(Date);
let offsetMs = 0;

/** Lets so many seconds pass for the tenant and for these isolates; 0 for one that has just begun. */
export async function pass(seconds: number, isolates: readonly TestWorker[]): Promise<void> {
  offsetMs += seconds * 1000;
  Date.now = () => realNow() + offsetMs;
  await Promise.all(isolates.map((isolate) => isolate.shiftClock(offsetMs / 1000)));
}
