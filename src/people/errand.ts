/**
 * A browser's way from our own pages to the identity provider and back. What is to be remembered
 * meanwhile goes in; it comes out once, in the browser that was sent (RFC 9700 §4.7).
 */
import { hostCookie, readHostCookie } from "../edge/host-cookie.ts";
import { redirect } from "../edge/redirect.ts";
import { Refusal } from "../errors.ts";
import { hashText, randomText } from "../keys.ts";
import type { Parts } from "../parts.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";

const TTL_SECONDS = 600;

/** That an errand was used is remembered longer than it could have lived. */
const USED_TTL_SECONDS = 3600;

/** A new state; the provider library's have no dot. */
export function createState(kind: "person" | "account"): string {
  return `${kind}.${randomText(32)}`;
}

/** The state of a browser's return. */
export function stateOf(request: Request): string {
  return new URL(request.url).searchParams.get("state") ?? "";
}

/** Remembers an errand under its state, and sends the browser off. */
export async function sendOff(
  { beginWork, now }: Parts,
  { state, location }: { readonly state: string; readonly location: string },
  errand: object,
): Promise<Response> {
  const hash = await hashText(state);
  const work = beginWork();
  const text = JSON.stringify({ ...errand, expiresAt: now() + TTL_SECONDS });
  work.create(nameOf(hash), text, TTL_SECONDS);
  await work.commit();
  const cookie = hostCookie(cookieOf(hash), hash, TTL_SECONDS);
  return redirect(location, new Headers({ "Set-Cookie": cookie }));
}

/** The errand of a return, as it was remembered. Whoever fails afterwards gives it back by `discard`. */
export async function takeErrand(
  work: UnitOfWork,
  request: Request,
  now: number,
): Promise<{ readonly errand: unknown; readonly endCookie: string }> {
  const hash = await hashText(stateOf(request));
  if (readHostCookie(request, cookieOf(hash)) !== hash) throw new Refusal("authorization_expired");
  const text = await work.take(nameOf(hash), USED_TTL_SECONDS);
  const errand: unknown = text === undefined ? undefined : JSON.parse(text);
  const isLate = !(isErrand(errand) && errand.expiresAt > now);
  if (isLate) throw new Refusal("authorization_expired");
  return { errand, endCookie: hostCookie(cookieOf(hash), "", 0) };
}

function isErrand(errand: unknown): errand is { readonly expiresAt: number } {
  return typeof errand === "object" && errand !== null && "expiresAt" in errand;
}

function nameOf(hash: string): string {
  return `person-sign-in:${hash}`;
}

/** Two tabs that sign in at once have two cookies. */
function cookieOf(hash: string): string {
  return `mcp-sign-in-${hash.slice(0, 16)}`;
}
