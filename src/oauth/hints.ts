/**
 * Hints that a client gives the identity provider through us. Parameters go in; those that are in
 * order are kept with the authorization request, until the person has decided.
 */
import type { AuthRequest } from "@cloudflare/workers-oauth-provider";
import * as z from "zod";
import { type Freshness, SECOND_FACTOR, strictest } from "../grants/freshness.ts";

/**
 * What a client may tell the identity provider through us (OpenID Connect Core 1.0 §3.1.2.1). Each is
 * judged by itself: one that is wrong is left out, and takes none of the others with it.
 */
const hintsSchema = z.object({
  prompt: z.string().max(64).exactOptional(),
  loginHint: z.string().max(256).exactOptional(),
  maxAge: z
    .string()
    .regex(/^\d{1,9}$/)
    .exactOptional(),
  /** RFC 9470 §4: what a resource server's challenge said. Printable, as scopes are. */
  acrValues: z
    .string()
    .regex(/^[\x21\x23-\x5b\x5d-\x7e ]{1,512}$/)
    .exactOptional(),
});

/** The request with the hints of its client, to be kept with it until the person has decided. */
export function withHints(asked: AuthRequest, parameters: URLSearchParams): AuthRequest {
  const { prompt, loginHint, maxAge, acrValues } = hintsSchema.shape;
  const sent = [
    ["prompt", prompt.safeParse(parameters.get("prompt"))],
    ["loginHint", loginHint.safeParse(parameters.get("login_hint"))],
    ["maxAge", maxAge.safeParse(parameters.get("max_age"))],
    ["acrValues", acrValues.safeParse(parameters.get("acr_values"))],
  ] as const;
  const good = sent.flatMap(([name, { data }]) => (data === undefined ? [] : [[name, data]]));
  return Object.assign({}, asked, { hints: Object.fromEntries(good) });
}

const keptSchema = z.object({ hints: hintsSchema });

/** The hints that were kept with a request. */
export function takeHints(asked: AuthRequest) {
  return keptSchema.safeParse(asked).data?.hints ?? {};
}

/** Whether the client asks for a recent or strong sign-in: it knows what a challenge for one says. */
export function readsChallenges(asked: AuthRequest): boolean {
  const { maxAge, acrValues } = takeHints(asked);
  return maxAge !== undefined || acrValues !== undefined;
}

/**
 * So old that no sign-in is older: Auth0 says when somebody signed in only to whoever names an age.
 */
const ANY_AGE = "999999999";

/**
 * What a sign-in is to be like: as the client wants it, and as the permissions want it that the client
 * names. Where some permission asks for a recent sign-in, the time of every one is wanted. Pure.
 */
export function signInWanted(
  {
    hints,
    scope,
  }: { readonly hints: Pick<Hints, "maxAge" | "acrValues">; readonly scope: readonly string[] },
  freshness: ReadonlyMap<string, Freshness>,
): Pick<Hints, "maxAge" | "acrValues"> {
  if (freshness.size === 0) return hints;
  const named = strictest(scope.flatMap((name) => freshness.get(name) ?? []));
  const ages = [hints.maxAge ?? ANY_AGE, named?.maxAgeSeconds ?? ANY_AGE].map(Number);
  const acrValues = hints.acrValues ?? (named?.mfa ? SECOND_FACTOR : undefined);
  return {
    maxAge: String(Math.min(...ages)),
    ...(acrValues === undefined ? {} : { acrValues }),
  };
}

type Hints = ReturnType<typeof takeHints>;
