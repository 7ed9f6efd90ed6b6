/**
 * The browser of a machine without a screen. An address that a client printed or opened goes in; a
 * person's decision is made there, and the client gets its answer at its own callback.
 */
import { setTimeout as pause } from "node:timers/promises";
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
      browser.shown = await arrive(callback, Date.now() + PATIENCE_MS);
    },
  };
  return browser;
}

/** No person is as quick as this one: some clients begin to listen only now. */
const PATIENCE_MS = 10_000;
const LOOK_AGAIN_MS = 50;

/** What the client shows at its callback; nothing of one that is gone as soon as it knows. */
async function arrive(callback: URL, until: number): Promise<string> {
  try {
    return wordsOf(await (await fetch(callback)).text());
  } catch (error) {
    if (!isNotListening(error) || Date.now() > until) return "";
    await pause(LOOK_AGAIN_MS);
    return arrive(callback, until);
  }
}

function isNotListening(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED";
}

/** What a person reads of a page. */
function wordsOf(html: string): string {
  return html.replaceAll(/<(style|script)\b.*?<\/\1>|<[^>]*>/gs, " ").replaceAll(/\s+/g, " ");
}
