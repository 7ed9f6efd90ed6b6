/**
 * Between the sign-in and the client. The grant is made and its code is held back: what the person
 * did not know when they were asked is told here, once. With their yes the client gets its code;
 * with a no the grant ends; or somebody else signs in instead. What waits works once, in the browser
 * it was made for, for ten minutes.
 */
import { authorizationErrorRedirect, type AuthRequest } from "@cloudflare/workers-oauth-provider";
import * as z from "zod";
import { readOwnForm } from "../edge/form.ts";
import { hostCookie, readHostCookie } from "../edge/host-cookie.ts";
import { nameRequest, redirect } from "../edge/redirect.ts";
import { Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { endAtOnce } from "../grants/ending.ts";
import { hashText, randomText } from "../keys.ts";
import { ConfirmationPage } from "../pages/confirmation.tsx";
import { renderPage } from "../pages/layout.tsx";
import { readProfile } from "../pages/person.tsx";
import { describePermissions } from "../pages/scope.ts";
import type { Parts } from "../parts.ts";
import { readStored } from "../storage/stored-text.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import { createAuthorizationServer } from "./authorization-server.ts";
import { redirectFaults } from "./authorize.ts";
import type { Telling } from "./choice.ts";
import { sendToSignIn } from "./consent.ts";
import { type DecisionContext, decideOnce } from "./decision.ts";

const PATH = "/authorize/confirm";

/** As long as a code that nobody exchanges. */
const TTL_SECONDS = 600;

const names = z.array(z.string()).readonly();

const heldBackSchema = z.object({
  /** The client's address with the code. */
  redirectTo: z.string(),
  grant: z.object({ userId: z.string(), grantId: z.string() }),
  /** What the identity provider is told of when the grant ends here. */
  refreshToken: z.string().exactOptional(),
  clientName: z.string(),
  profile: z.record(z.string(), z.unknown()),
  telling: z.object({ gained: names, kept: names, missing: names, tools: names }),
  /** The library's request, for another sign-in or a refusal. */
  asked: z.custom<AuthRequest>((value) => typeof value === "object" && value !== null),
  /** Epoch seconds; the store's own clock is not trusted. */
  expiresAt: z.int(),
});

type HeldBack = z.infer<typeof heldBackSchema>;

/**
 * Where the browser goes after the sign-in: to the client, or, when there is something to tell, to
 * the page that holds the client's code back.
 */
export async function onwardTo(
  work: UnitOfWork,
  parts: Parts,
  facts: Omit<HeldBack, "expiresAt" | "telling"> & { readonly telling: Telling | undefined },
): Promise<{ readonly location: string; readonly cookie?: string }> {
  if (facts.telling === undefined) return { location: facts.redirectTo };
  const secret = randomText(32);
  const id = await hashText(secret);
  const heldBack = { ...facts, expiresAt: parts.now() + TTL_SECONDS };
  work.create(nameOf(id), JSON.stringify(heldBack), TTL_SECONDS);
  return {
    location: `${parts.config.issuer}${PATH}?id=${id}`,
    cookie: hostCookie(cookieOf(id), secret, TTL_SECONDS),
  };
}

/** GET `/authorize/confirm`: tells. It can be loaded again. */
export async function showConfirmation(
  request: Request,
  _exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const id = new URL(request.url).searchParams.get("id") ?? "";
  await assertSameBrowser(request, id);
  const heldBack = readHeldBack(await parts.beginWork().get(nameOf(id)), parts.now());
  const { telling, asked } = heldBack;
  const profile = readProfile(heldBack.profile);
  const page = ConfirmationPage({
    clientName: heldBack.clientName,
    redirectUri: asked.redirectUri,
    profile,
    gained: describePermissions(telling.gained, parts),
    kept: describePermissions(telling.kept, parts),
    missing: describePermissions(telling.missing, parts),
    tools: parts.tools.filter(({ name }) => telling.tools.includes(name)),
    handle: id,
    action: PATH,
  });
  return renderPage(page, parts.look, { picture: profile.picture });
}

/** POST `/authorize/confirm`: goes on, back, or to another account. */
export async function takeConfirmation(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const form = await readOwnForm(request, parts.config.issuer);
  await assertSameBrowser(request, form.get("handle") ?? "");
  return decideOnce(exchange, parts, (context) => decide(form, context));
}

async function decide(
  form: URLSearchParams,
  { parts, work, exchange }: DecisionContext,
): Promise<Response> {
  const id = form.get("handle") ?? "";
  const headers = new Headers({ "Set-Cookie": hostCookie(cookieOf(id), "", 0) });
  const heldBack = readHeldBack(await work.take(nameOf(id), 2 * TTL_SECONDS), parts.now());
  const { asked, grant, redirectTo, refreshToken } = heldBack;
  return redirectFaults({ asked, exchange, headers }, async () => {
    const decision = form.get("decision");
    if (decision === "allow") {
      await work.commit();
      return redirect(redirectTo, headers);
    }
    const { api } = createAuthorizationServer(parts, { work, exchange });
    const isOtherAccount = decision === "switch";
    const answer = isOtherAccount
      ? await sendToSignIn({ api, parts }, asked, { headers, isOtherAccount })
      : redirect(denialOf(asked, exchange.requestId), headers);
    await endAtOnce(parts, { work, execution: exchange.execution }, [{ ...grant, refreshToken }]);
    if (!isOtherAccount) exchange.note({ reason: "consent_denied" });
    return answer;
  });
}

function denialOf(asked: AuthRequest, requestId: string): string {
  return nameRequest(authorizationErrorRedirect(asked, "access_denied"), requestId);
}

function readHeldBack(text: string | undefined, now: number): HeldBack {
  const heldBack = text === undefined ? undefined : readStored(heldBackSchema, text);
  if (heldBack === undefined || heldBack.expiresAt <= now)
    throw new Refusal("authorization_expired");
  return heldBack;
}

/** Only the browser that came back from the sign-in has the secret behind the id (RFC 9700 §4.7). */
async function assertSameBrowser(request: Request, id: string): Promise<void> {
  const secret = readHostCookie(request, cookieOf(id));
  if (secret === undefined || (await hashText(secret)) !== id)
    throw new Refusal("authorization_expired");
}

function nameOf(id: string): string {
  return `confirmation:${id}`;
}

function cookieOf(id: string): string {
  return `mcp-confirm-${id.replace(/[^\w-]/g, "").slice(0, 16)}`;
}
