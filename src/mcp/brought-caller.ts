/**
 * A caller who brings the identity provider's own access token. What was read from it goes in, a
 * caller comes out. The token itself goes no further: it was issued to the caller, not to us, and is
 * passed on to nobody (MCP authorization, token passthrough).
 */
import type { BroughtCaller } from "../identity/provider.ts";
import { REFUSALS, type Refusal } from "../errors.ts";
import { createMemory } from "../grants/memory.ts";
import { ToolError } from "./answer.ts";
import type { Caller } from "./caller.ts";
import { effectivePermissions, judgePermissions, type Verdict } from "./permissions.ts";
import { sha256 } from "./tool-meta.ts";

/** What judges the provider's tokens. */
export interface BroughtTokens {
  claimsToBeOurs(token: string): boolean;
  judgeBrought(token: string): Promise<BroughtCaller>;
}

/** So many of an isolate's latest are known without another look at their signature. */
const MOST_REMEMBERED_TOKENS = 500;

/** Judges a token once, and its time each time. Refuses as `judgeBrought` does. */
export function createBroughtJudge(
  { judgeBrought }: BroughtTokens,
  now: () => number,
): (token: string) => Promise<BroughtCaller> {
  const known = createMemory<BroughtCaller>(MOST_REMEMBERED_TOKENS);
  return async (token) => {
    const time = { now: now(), maxAgeSeconds: Number.POSITIVE_INFINITY };
    const remembered = known.recall(token, time);
    if (remembered !== undefined && remembered.expiresAt > time.now) return remembered;
    const brought = await judgeBrought(token);
    known.keep(token, brought, time.now);
    return brought;
  };
}

/**
 * RFC 6750 §3.1, without naming our authorization server: whoever brings such a token got it
 * elsewhere, and gets the next one there.
 */
export function refuseBrought({ reason }: Pick<Refusal, "reason">): Response {
  const { status, code, text } = REFUSALS[reason];
  const headers = new Headers({ "Cache-Control": "no-store" });
  if (status === 401) headers.set("WWW-Authenticate", `Bearer error="${code}"`);
  return Response.json({ error: code, error_description: text }, { status, headers });
}

/** Whether a refusal is of such a token. */
export function isOfBrought({ reason }: Pick<Refusal, "reason">): boolean {
  return reason.startsWith("brought_token_");
}

/**
 * Such a caller, at this time (epoch seconds). What is missing is told in words: a challenge would
 * begin a sign-in with us.
 */
export function broughtCaller(brought: BroughtCaller, now: number): Caller {
  const { kind, userId, clientId, issuer, audience, held, granted } = brought;
  const permissions = { held: new Set(held), granted: new Set(granted) };
  const standing = { ...permissions, withheld: new Set<string>(), signIn: {}, now };
  const caller: Caller = {
    grantId: undefined,
    permissions: () => effectivePermissions(standing),
    judge: (judged) => inWords(judgePermissions(judged, standing)),
    renewed: () => Promise.resolve({ caller, readsChallenges: false }),
    bind: (content) => sha256(["brought", userId, clientId, content].join("\n")),
    auth: {
      kind,
      userId,
      clientId,
      issuer,
      audience,
      scopes: [...granted],
      accessToken: refuse,
      tokenFor: refuse,
      connectionToken: refuse,
      userInfo: refuse,
    },
  };
  return caller;
}

function inWords(verdict: Verdict): Verdict {
  if (verdict.verdict === "step_up") return { verdict: "denied", missing: verdict.scopes };
  return verdict.verdict === "stale" ? { verdict: "denied", missing: [SIGN_IN_HERE] } : verdict;
}

const SIGN_IN_HERE = "a recent sign-in at this server, which a token brought along is not";

function refuse(): Promise<never> {
  return Promise.reject(
    new ToolError(
      "This caller did not sign in here but brought a token of its own, which is not passed on. Connect through this server's sign-in to use this.",
    ),
  );
}
