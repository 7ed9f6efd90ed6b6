/**
 * Work that many wait for and one does. A way to do it goes in; a function comes out whose callers
 * share what is under way.
 */

/** Longer than any shared work here takes. */
const LONGEST_FLIGHT_MS = 3000;

/**
 * Calls that come while the work is under way share it, but do not depend on it: it belongs to the
 * request that began it, and ends without a word when that request's client goes away.
 */
export function createSingleFlight<T>(work: () => Promise<T>): () => Promise<T> {
  let flight: Promise<T> | undefined;

  function start(): Promise<T> {
    const started: Promise<T> = work().finally(() => {
      if (flight === started) flight = undefined;
    });
    flight = started;
    return started;
  }

  return async function join(): Promise<T> {
    const joined = flight;
    if (joined === undefined) return start();
    const landed = await landedWithin(LONGEST_FLIGHT_MS, joined);
    if (landed !== undefined) return landed.value;
    if (flight === joined) flight = undefined;
    return join();
  };
}

async function landedWithin<T>(
  limitMs: number,
  flight: Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(late.resolve, limitMs, undefined);
  try {
    return await Promise.race([flight.then((value) => ({ value })), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
