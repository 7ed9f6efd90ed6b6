/**
 * Signing in at our own pages. A browser goes to the identity provider and comes back with a state
 * that begins with `person.`; a cookie for the person comes out. Nothing of Auth0's is kept, and no
 * client is given anything.
 */
import * as z from "zod";
import { redirect } from "../edge/redirect.ts";
import { isPassing } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { SECOND_FACTOR } from "../grants/freshness.ts";
import { abandonToken } from "../grants/ending.ts";
import type { SignInRequest } from "../identity/provider.ts";
import type { Parts } from "../parts.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import { isApprovalPath } from "./approvals.ts";
import { isConnectPath } from "./connect.ts";
import { createState, sendOff, stateOf, takeErrand } from "./errand.ts";
import { beginPerson } from "./person.ts";
import { putSession } from "./session.ts";

const PERMISSIONS_PATH = "/permissions";

const startedSchema = z.object({
  nonce: z.string(),
  codeVerifier: z.string(),
  maxAge: z.string().exactOptional(),
  /** Where the person wanted to go. */
  to: z.string().default("/connections"),
});

/**
 * GET `/connections/sign-in`, and `/login`, the Application Login URI of Auth0: there it sends people
 * with an invitation to an organization, and those who had bookmarked its own page. Sends the browser
 * to the identity provider.
 */
export async function beginPersonSignIn(
  request: Request,
  _exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const wanted = searchParams.get("to") ?? "";
  const to =
    wanted === PERMISSIONS_PATH || isApprovalPath(wanted) || isConnectPath(wanted)
      ? { to: wanted }
      : {};
  const state = createState("person");
  const secrets = parts.identity.createSignInSecrets();
  // Auth0 would sign the same person in again without a word.
  const prompt = searchParams.get("account") === "other" && { prompt: "login" };
  const strength = readWanted(searchParams);
  const { maxAge } = strength;
  const asked = {
    state,
    isForGrant: false,
    ...prompt,
    ...strength,
    ...readInvitation(searchParams),
  };
  const location = await parts.identity.authorizationUrl(asked, secrets);
  return sendOff(parts, { state, location }, { ...secrets, ...to, ...(maxAge && { maxAge }) });
}

/**
 * How recent and strong a sign-in a page of ours asks for, in its link. Whoever changes the link gets
 * a sign-in that the page then finds not good enough.
 */
function readWanted(query: URLSearchParams): Pick<SignInRequest, "maxAge" | "acrValues"> {
  const maxAge = query.get("max_age") ?? "";
  return {
    ...(/^\d{1,9}$/.test(maxAge) ? { maxAge } : {}),
    ...(query.has("mfa") ? { acrValues: SECOND_FACTOR } : {}),
  };
}

/**
 * An invitation as Auth0 sends it: a ticket and the organization it is for, each a plain word. Half
 * of one is none.
 */
export function readInvitation(query: URLSearchParams): Partial<SignInRequest> {
  const invitation = query.get("invitation") ?? "";
  const organization = query.get("organization") ?? "";
  const isWhole = /^[\w-]{1,256}$/.test(invitation) && /^[\w-]{1,128}$/.test(organization);
  return isWhole ? { invitation, organization } : {};
}

/**
 * Whether a request to `/auth/callback` ends a sign-in that began here; the provider library's
 * states have no dot.
 */
export function isPersonReturn(request: Request): boolean {
  return stateOf(request).startsWith("person.");
}

/**
 * GET `/auth/callback` with such a state. It works once, in the browser it was made for (RFC 9700
 * §4.7).
 */
export async function finishPersonSignIn(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const work = parts.beginWork();
  try {
    return await finish(work, { request, exchange, parts });
  } catch (error) {
    // What was no verdict can be tried again with the same return; everything else uses it up.
    if (!isPassing(error)) await work.commit();
    throw error;
  } finally {
    exchange.execution.waitUntil(work.discard());
  }
}

interface Return {
  readonly request: Request;
  readonly exchange: Exchange;
  readonly parts: Parts;
}

async function finish(work: UnitOfWork, { request, exchange, parts }: Return): Promise<Response> {
  const { errand, endCookie } = await takeErrand(work, request, parts.now());
  const { to, ...secrets } = startedSchema.parse(errand);
  const answer = await parts.identity.redeemCode(new URL(request.url), stateOf(request), secrets);
  // Nothing of Auth0's is kept, whatever it gave.
  exchange.execution.waitUntil(abandonToken(parts, answer.refreshToken));
  const identity = await parts.identity.judgeSignIn(answer, secrets);
  exchange.note({ user: identity.userId });
  const { person, cookie } = await beginPerson(identity.userId, parts);
  await putSession(work, { person, identity }, parts);
  await work.commit({ isPatient: true }).catch((error: unknown) => {
    if (!isPassing(error)) throw error;
    // Auth0's code is used up: they are signed in, and what we know of them follows.
    exchange.execution.waitUntil(work.commitLater());
  });
  const headers = new Headers({ "Set-Cookie": cookie });
  headers.append("Set-Cookie", endCookie);
  return redirect(`${parts.config.issuer}${to}`, headers);
}
