/**
 * The browser of a machine without a screen. An address that a client printed or opened goes in; a
 * person's decision is made there, and the client gets its answer at its own callback.
 */
import { approve } from "../../support/stranger.ts";
import type { PersonKey } from "../../../dev/tenant/people.ts";

export interface Browser {
  /** Every authorization request that was opened, in order. */
  readonly visits: URL[];
  /** Whoever decides from now on. */
  person: PersonKey | "deny";
  /** Opens an address; the same one only once. Settles when the client has been answered. */
  open(address: string): Promise<void>;
  /** What the client showed in the browser last, at its own callback. */
  shown: string;
}

/** A fresh browser, where Rob sits. */
export function createBrowser(): Browser {
  const visits: URL[] = [];
  const browser: Browser = {
    visits,
    person: "rob",
    shown: "",
    async open(address) {
      const url = new URL(address);
      if (visits.some(({ href }) => href === url.href)) return;
      visits.push(url);
      const callback = await approve({ url }, browser.person);
      // Some are gone as soon as they know.
      browser.shown = await fetch(callback).then(
        async (response) => wordsOf(await response.text()),
        () => "",
      );
    },
  };
  return browser;
}

/** What a person reads of a page. */
function wordsOf(html: string): string {
  return html.replaceAll(/<(style|script)\b.*?<\/\1>|<[^>]*>/gs, " ").replaceAll(/\s+/g, " ");
}
