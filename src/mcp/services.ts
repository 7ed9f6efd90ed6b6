/**
 * What stands behind every tool context of an isolate: its environment, the seal of what is asked,
 * what is remembered of a person. Types, and the parts that need nobody: for a server without
 * sign-in and for tests.
 */
import { OWN_NAMES } from "../config.ts";
import type { ToolEnv } from "./tool-context.ts";

/** Seals a text for one place: it opens there and nowhere else. Any key of the ring opens. */
export interface Seal {
  seal(text: string, boundTo: string): Promise<string>;
  /** `undefined`: altered, from elsewhere, or under a key that is gone. */
  open(sealed: string, boundTo: string): Promise<string | undefined>;
}

/** A record, or an entry of a collection, that is written or taken away. */
export type Change =
  | { readonly put: string; readonly text: string; readonly ttlSeconds: number }
  | { readonly delete: string }
  | {
      readonly enter: { readonly collection: string; readonly field: string };
      readonly text: string;
      readonly ttlSeconds: number;
    }
  | { readonly leave: { readonly collection: string; readonly field: string } };

/** What is remembered for tools: texts by name, sealed in the store. Each call is one round trip. */
export interface Records {
  read(name: string): Promise<string | undefined>;
  entries(collection: string): Promise<readonly string[]>;
  /** All of it, or nothing. */
  write(changes: readonly Change[]): Promise<void>;
  /** Whether this name is claimed for the first time within `ttlSeconds`. */
  claimOnce(name: string, ttlSeconds: number): Promise<boolean>;
}

export interface Services {
  readonly env: ToolEnv;
  /** Values that no log line may carry. */
  readonly secrets: readonly string[];
  readonly seal: Seal;
  readonly records: Records;
  /** Epoch seconds. */
  now(): number;
}

/** A shorter value of the environment is no secret: `true`, `8787`. */
const SHORTEST_SECRET_CHARACTERS = 12;

/** The environment that tools see: without what is this server's own. */
export function toolEnvOf(env: object): Pick<Services, "env" | "secrets"> {
  const own = new Set(OWN_NAMES);
  const entries: (readonly [string, unknown])[] = Object.entries(env);
  const theirs: unknown = Object.fromEntries(entries.filter(([name]) => !own.has(name)));
  if (!isToolEnv(theirs)) throw new TypeError("the environment is no object");
  return {
    env: theirs,
    secrets: entries
      .map(([, value]) => value)
      .filter((value) => typeof value === "string")
      .filter((value) => value.length >= SHORTEST_SECRET_CHARACTERS),
  };
}

/** `wrangler types` says what is in it; nothing at run time does. */
function isToolEnv(env: unknown): env is ToolEnv {
  return typeof env === "object";
}

/** Records of this isolate alone. */
export function createMemoryRecords(now: () => number): Records {
  const texts = new Map<string, { readonly text: string; readonly until: number }>();
  const alive = (name: string) => {
    const found = texts.get(name);
    return found !== undefined && found.until > now() ? found : undefined;
  };
  const put = (name: string, text: string, ttlSeconds: number) =>
    void texts.set(name, { text, until: now() + ttlSeconds });
  const apply = (change: Change) => {
    if ("put" in change) put(change.put, change.text, change.ttlSeconds);
    else if ("delete" in change) texts.delete(change.delete);
    else if ("enter" in change)
      put(`${change.enter.collection}\n${change.enter.field}`, change.text, change.ttlSeconds);
    else texts.delete(`${change.leave.collection}\n${change.leave.field}`);
  };
  return {
    read: (name) => Promise.resolve(alive(name)?.text),
    entries: (collection) =>
      Promise.resolve(
        [...texts.keys()]
          .filter((name) => name.startsWith(`${collection}\n`))
          .flatMap((name) => alive(name)?.text ?? []),
      ),
    write: (changes) => Promise.resolve(changes.forEach(apply)),
    claimOnce(name, ttlSeconds) {
      const isFirst = alive(name) === undefined;
      if (isFirst) put(name, "", ttlSeconds);
      return Promise.resolve(isFirst);
    },
  };
}
