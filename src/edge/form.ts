/**
 * Forms that people send from our own pages. A request goes in; its fields come out. One that
 * another website posts is refused before anything is read.
 */
import { Refusal } from "../errors.ts";
import { readFields, readSmallBody } from "./body.ts";

/** The fields of a form of ours. Refuses with `origin_refused` or `body_too_large`. */
export async function readOwnForm(request: Request, issuer: string): Promise<URLSearchParams> {
  assertSameOrigin(request, issuer);
  return readFields(await readSmallBody(request));
}

/** Refuses what another website posts (Fetch Metadata Request Headers §2.4, Fetch §3.2). */
function assertSameOrigin(request: Request, issuer: string): void {
  const site = request.headers.get("Sec-Fetch-Site");
  const origin = request.headers.get("Origin");
  // Our own page says "null", since its referrer policy is no-referrer (Fetch, append a request
  // Origin header).
  const isOurs =
    site === null
      ? origin === null || origin === "null" || origin === issuer
      : site === "same-origin" || site === "none";
  if (!isOurs) throw new Refusal("origin_refused");
}
