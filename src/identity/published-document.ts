/**
 * A document that the identity provider publishes (metadata, keys), remembered per isolate. A way
 * to load it goes in; something to read comes out that rarely loads, never twice at once, and
 * survives the provider's absence, but not its contradictions.
 */
import type { Refusal } from "../errors.ts";
import { createSingleFlight } from "../flight.ts";
import { isFault } from "./upstream-fetch.ts";

export interface PublishedDocument<T> {
  /** The document, at most ten minutes old, or older while the provider does not answer. */
  read(): Promise<T>;
  /**
   * The document as it is now: loaded again unless that was tried in the last 30 s. Refuses when
   * that failed.
   */
  reread(): Promise<T>;
}

const LIFETIME_SECONDS = 600;
const COOLDOWN_SECONDS = 30;

/** Remembers what `load` answers; `now` tells epoch seconds. Touches nothing until it is read. */
export function createPublishedDocument<T>(
  load: () => Promise<T>,
  now: () => number,
): PublishedDocument<T> {
  let known: { readonly document: T; readonly loadedAt: number } | undefined;
  let lastTry: { readonly at: number; readonly failure?: Refusal } = {
    at: Number.NEGATIVE_INFINITY,
  };

  const reload = createSingleFlight(async () => {
    const at = now();
    try {
      const document = await load();
      known = { document, loadedAt: at };
      lastTry = { at };
      return document;
    } catch (error) {
      // What was known stays true while the provider is away; not when it now says something we
      // cannot trust.
      if (isFault(error)) lastTry = { at, failure: error };
      else known = undefined;
      throw error;
    }
  });

  const isCoolingDown = (): boolean => now() - lastTry.at < COOLDOWN_SECONDS;

  return {
    async read() {
      if (known !== undefined && (now() - known.loadedAt < LIFETIME_SECONDS || isCoolingDown()))
        return known.document;
      return reload().catch((error: unknown) => {
        if (known === undefined) throw error;
        return known.document;
      });
    },
    async reread() {
      if (known === undefined || !isCoolingDown()) return reload();
      if (lastTry.failure !== undefined) throw lastTry.failure;
      return known.document;
    },
  };
}
