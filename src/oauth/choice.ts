/**
 * What a person is asked about and what they chose. A request, a form and what is held go in; names
 * of permissions and tools come out. Pure. What was chosen travels with the authorization request.
 */
import type { AuthRequest } from "@cloudflare/workers-oauth-provider";
import * as z from "zod";
import type { Limited } from "../grants/freshness.ts";
import type { ChangingTool } from "../grants/frozen.ts";

const names = z.array(z.string()).readonly();

const choiceSchema = z
  .object({
    /** The permissions that were ticked. */
    ticked: names,
    /** The tools that change something and were there to be seen. */
    changing: names,
    /** Those of the ticked that are granted for an hour. */
    limited: names.default([]),
    /** The page marked what was new to this client: the person knows. */
    isDiffShown: z.boolean(),
    /** Nobody was asked: an earlier approval was remembered. */
    isRemembered: z.boolean(),
  })
  .readonly();

export type ConsentChoice = z.infer<typeof choiceSchema>;

interface Offered {
  /** The tools that do more than read. */
  readonly changing: readonly ChangingTool[];
  readonly permissions: readonly string[];
}

/**
 * The permissions a request is about: those it names, or all there are when it names none, since
 * most clients leave it to the server.
 */
export function offeredPermissions(
  requested: readonly string[],
  permissions: readonly string[],
): readonly string[] {
  const named = permissions.filter((name) => requested.includes(name));
  return named.length === 0 ? permissions : named;
}

/** The choice about a request before anybody made one: everything it offers. */
export function wholeChoice(
  requested: readonly string[],
  { changing, permissions }: Offered,
): ConsentChoice {
  const ticked = offeredPermissions(requested, permissions);
  return { ...narrowed(ticked, changing), limited: [], isDiffShown: false, isRemembered: false };
}

/** The request with what was chosen, to travel with it. */
export function withChoice(asked: AuthRequest, choice: ConsentChoice): AuthRequest {
  return Object.assign({}, asked, { choice });
}

const chosenSchema = z.object({ choice: choiceSchema });

/** What was chosen; a request from before there was a choice was about all it offered. */
export function choiceOf(asked: AuthRequest, offered: Offered): ConsentChoice {
  const known = chosenSchema.safeParse(asked).data?.choice;
  return known ?? wholeChoice(asked.scope, offered);
}

/** What is ticked, with the tools that change something and open with it. */
export function narrowed(
  ticked: readonly string[],
  changing: readonly ChangingTool[],
): Pick<ConsentChoice, "ticked" | "changing"> {
  const opened = changing.filter(
    ({ permissions }) =>
      permissions.length > 0 && permissions.every((name) => ticked.includes(name)),
  );
  return { ticked, changing: opened.map(({ name }) => name) };
}

const LIMITED_SECONDS = 3600;

/** What of the choice ends by itself, from the moment the person signed in. */
export function limitedBy(
  { limited }: Pick<ConsentChoice, "limited">,
  now: number,
): { readonly limited?: Limited } {
  if (limited.length === 0) return {};
  return { limited: { names: limited, until: now + LIMITED_SECONDS } };
}

/** What this person allowed this client earlier, in connections that still live. */
export interface Earlier {
  readonly exists: boolean;
  /** Ticked then, whether held or not. */
  readonly ticked: readonly string[];
  readonly changing: readonly string[];
}

/** What the person must be told before the client gets its code. */
export interface Telling {
  /** Ticked, held, and not allowed to this client before. */
  readonly gained: readonly string[];
  readonly kept: readonly string[];
  /** Ticked, not held, and not told before. */
  readonly missing: readonly string[];
  /** Tools that change something and came under what it has already. */
  readonly tools: readonly string[];
}

/**
 * Judges a return from the sign-in: undefined when the person knows all there is to know. Told are:
 * what was ticked and is not held; what is new to a client that has access, when the page before
 * the sign-in could not mark it; and everything, when nobody was asked and this person has not
 * allowed this client as much before (another account in the same browser).
 */
export function judgeReturn(
  choice: ConsentChoice,
  held: readonly string[],
  earlier: Earlier,
): Telling | undefined {
  const before = new Set(earlier.ticked);
  const got = choice.ticked.filter((name) => held.includes(name));
  const telling: Telling = {
    gained: got.filter((name) => !before.has(name)),
    kept: got.filter((name) => before.has(name)),
    missing: choice.ticked.filter((name) => !held.includes(name) && !before.has(name)),
    tools: earlier.exists ? choice.changing.filter((name) => !earlier.changing.includes(name)) : [],
  };
  const isMore = telling.gained.length > 0 || telling.tools.length > 0;
  if (choice.isRemembered) return earlier.exists && !isMore ? undefined : telling;
  if (telling.missing.length > 0) return telling;
  return earlier.exists && isMore && !choice.isDiffShown ? telling : undefined;
}
