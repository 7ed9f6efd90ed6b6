/**
 * Hints that a client gives the identity provider through us. Parameters go in; those that are in
 * order are kept with the authorization request, until the person has decided.
 */
import type { AuthRequest } from "@cloudflare/workers-oauth-provider";
import * as z from "zod";

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
});

/** The request with the hints of its client, to be kept with it until the person has decided. */
export function withHints(asked: AuthRequest, parameters: URLSearchParams): AuthRequest {
  const { prompt, loginHint, maxAge } = hintsSchema.shape;
  const sent = [
    ["prompt", prompt.safeParse(parameters.get("prompt"))],
    ["loginHint", loginHint.safeParse(parameters.get("login_hint"))],
    ["maxAge", maxAge.safeParse(parameters.get("max_age"))],
  ] as const;
  const good = sent.flatMap(([name, { data }]) => (data === undefined ? [] : [[name, data]]));
  return Object.assign({}, asked, { hints: Object.fromEntries(good) });
}

/** The hints that were kept with a request. */
export function takeHints(asked: AuthRequest) {
  return z.object({ hints: hintsSchema }).safeParse(asked).data?.hints ?? {};
}
