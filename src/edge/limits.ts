/**
 * How often somebody may ask. A name of a limit and whoever is counted go in; a Refusal comes out
 * when it was too often. The counting is Cloudflare's (Workers rate limiting binding, per location);
 * how many a minute is written in wrangler.toml. Without a binding nothing is limited.
 */
import { Refusal } from "../errors.ts";

/** Who is counted by each limit, and which binding counts. */
const LIMITS = {
  /** `/register`, by address: of a client that registers nothing else is known. */
  register: "LIMIT_REGISTER",
  /** Pages that begin or end a sign-in, by address. */
  pages: "LIMIT_PAGES",
  /** `/ready`, by address. */
  ready: "LIMIT_READY",
  /** `/token`, by address: what names no grant, and what fails. */
  token: "LIMIT_TOKEN",
  /** `/token`, by client, grant and address: nobody can use up another's. */
  grant: "LIMIT_GRANT",
  /** `/token`, by machine: how often the identity provider is asked about its credentials. */
  machines: "LIMIT_MACHINES",
  /** `/mcp`, by person and client. */
  calls: "LIMIT_CALLS",
  /** `/mcp` without a token that holds, by address. */
  strangers: "LIMIT_STRANGERS",
} as const;

export type LimitName = keyof typeof LIMITS;

/** The names of the bindings. */
export const LIMIT_BINDINGS = Object.values(LIMITS);

/** What of Cloudflare's rate limiting binding is used. */
interface Counter {
  limit(options: { readonly key: string }): Promise<{ readonly success: boolean }>;
}

/** The bindings, as far as there are some. */
export type LimitBindings = { readonly [Name in (typeof LIMITS)[LimitName]]?: Counter };

/** The limits as one request meets them. */
export interface Limits {
  /**
   * Counts this request, or so many calls of it, for whoever `key` names; for its address without
   * one. Refuses with `rate_limited`.
   */
  hold(name: LimitName, key?: string, times?: number): Promise<void>;
  /** Refuses an address that has failed too often, and counts nothing. */
  holdFailures(name: LimitName): void;
  /** Counts a failure for the address of this request. Never refuses. */
  countFailure(name: LimitName): Promise<void>;
}

const PERIOD_MS = 60_000;
const MOST_REMEMBERED = 10_000;

/** The SDK refuses a longer batch. */
const MOST_HITS = 100;

/** The limits of an isolate; `now` tells epoch milliseconds. `undefined` turns them off. */
export function createLimits(
  bindings: LimitBindings | undefined,
  now: () => number,
): (request: Request) => Limits {
  /** Who is over a limit, until when: nobody need be asked about them again. */
  const over = new Map<string, number>();
  const isOver = (key: string): boolean => (over.get(key) ?? 0) > now();
  const refusal = (name: LimitName): Refusal =>
    new Refusal("rate_limited", {
      retryAfterSeconds: Math.ceil((PERIOD_MS - (now() % PERIOD_MS)) / 1000),
      facts: { limit: name },
    });
  const count = async (name: LimitName, key: string, times: number): Promise<boolean> => {
    if (isOver(key)) return false;
    if (await passes(bindings?.[LIMITS[name]], key, times)) return true;
    over.set(key, now() + PERIOD_MS - (now() % PERIOD_MS));
    if (over.size > MOST_REMEMBERED) over.delete(over.keys().next().value ?? key);
    return false;
  };
  return (request) => {
    const keyOf = (name: LimitName, key = addressOf(request)): string =>
      name === "grant" ? `${name} ${key} ${addressOf(request)}` : `${name} ${key}`;
    return {
      async hold(name, key, times = 1) {
        if (!(await count(name, keyOf(name, key), times))) throw refusal(name);
      },
      holdFailures(name) {
        if (isOver(keyOf(name))) throw refusal(name);
      },
      async countFailure(name) {
        await count(name, keyOf(name), 1);
      },
    };
  };
}

/** The names of the bindings that are not there. */
export function missingBindings(bindings: LimitBindings): readonly string[] {
  return LIMIT_BINDINGS.filter((name) => bindings[name] === undefined);
}

/** A counter that cannot be asked lets everybody pass: a limit is no lock. */
async function passes(binding: Counter | undefined, key: string, times: number): Promise<boolean> {
  if (binding === undefined) return true;
  const hits = Array.from({ length: Math.min(times, MOST_HITS) }, () => binding.limit({ key }));
  const outcomes = await Promise.all(hits).catch(() => []);
  return outcomes.every(({ success }) => success);
}

/** Whoever holds an IPv6 address holds its /64. Cloudflare sets the header; locally there is none. */
function addressOf({ headers }: Request): string {
  const address = headers.get("CF-Connecting-IP") ?? "local";
  return address.includes(":") ? `${expand(address).slice(0, 4).join(":")}::/64` : address;
}

function expand(address: string): readonly string[] {
  const [before = "", after] = address.split("::");
  const head = before.split(":").filter((part) => part !== "");
  const tail = (after ?? "").split(":").filter((part) => part !== "");
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => "0");
  return [...head, ...zeros, ...tail];
}
