/**
 * Rotation: what a refresh that was judged brings. The grant as it stands goes in; its next version
 * is written, and the client's answer comes out, or the word that another request was first.
 */
import { Refusal } from "../errors.ts";
import { abandonToken } from "../grants/ending.ts";
import type { GrantRecord, StandingGrant } from "../grants/record.ts";
import {
  commitKeeping,
  type Keeping,
  scopesOf,
  writeGrant,
  writeTokens,
} from "../grants/writing.ts";
import type { UpstreamTokens } from "../identity/provider.ts";
import { createAuthorizationServer } from "./authorization-server.ts";
import {
  endOf,
  issueTokens,
  lifetimes,
  sealRefreshToken,
  tokenResponse,
  tokenResponseSchema,
} from "./issue.ts";
import { placeOf } from "./refresh-place.ts";
import { findSuperseded, type PresentedRefreshToken, supersede } from "./refresh-token.ts";
import { type TokenContext, type TokenRequest, withoutScope } from "./token-request.ts";

/** A refresh under way. */
export interface Refresh extends TokenContext {
  readonly token: TokenRequest;
  readonly presented: PresentedRefreshToken;
  /** The hash of the presented token. */
  readonly tokenId: string;
  readonly clientId: string | undefined;
  /** Auth0's newer tokens, when they could not be written because another request was first. */
  carried?: UpstreamTokens;
}

/**
 * The next version of the grant. The current token is superseded by a newer one; a sibling gets
 * what is current, and only Auth0's newer tokens are written.
 */
export async function advance(
  refresh: Refresh,
  { standing, verdict, before }: Advance,
): Promise<Response | "again"> {
  const { parts, work, exchange } = refresh;
  const made = await make(refresh, standing, verdict).catch((error: unknown) => ({ error }));
  if (made instanceof Response || "error" in made) {
    // Whatever is wrong with the client's request, Auth0 has given newer tokens.
    if (before !== undefined) await keepTokens(refresh, standing, before);
    if (made instanceof Response) return made;
    throw made.error;
  }
  const next = { record: made.record, generation: standing.generation + 1 };
  if (verdict === "sibling" && before === undefined) return tokenResponse(made.body, new Headers());
  writeGrant(work, next, { now: parts.now(), scopes: scopesOf(next.record, parts.permissions) });
  const outcome =
    before === undefined
      ? await work.commit()
      : await commitKeeping(work, keepingOf(refresh, before));
  if (outcome === "overtaken") {
    if (before !== undefined) refresh.carried = standing.record.tokens;
    return "again";
  }
  if (outcome === "ended") {
    // The grant was ended meanwhile: Auth0's newer tokens must not outlive it.
    exchange.execution.waitUntil(
      abandonToken(parts, before && standing.record.tokens.refreshToken),
    );
    throw new Refusal("grant_conflict");
  }
  parts.keeper.noteRecord(next);
  exchange.note({ user: standing.record.userId });
  return tokenResponse(made.body, new Headers());
}

interface Advance {
  readonly standing: StandingGrant;
  readonly verdict: "current" | "sibling";
  /** Auth0's tokens before they were renewed, if they were. */
  readonly before?: UpstreamTokens;
}

interface Made {
  readonly record: GrantRecord;
  readonly body: Record<string, unknown>;
}

async function make(
  refresh: Refresh,
  standing: StandingGrant,
  verdict: Advance["verdict"],
): Promise<Made | Response> {
  return verdict === "current" ? rotate(refresh, standing) : catchUp(refresh, standing.record);
}

/** A newer refresh token in place of the presented one, by the library. */
async function rotate(
  refresh: Refresh,
  { record, generation }: StandingGrant,
): Promise<Made | Response> {
  const { parts, token, presented, tokenId } = refresh;
  const now = parts.now();
  const server = createAuthorizationServer(parts, refresh, async () =>
    lifetimes(record, parts.config.auth, now),
  );
  const form = new URLSearchParams(token.form);
  form.set("refresh_token", presented.inner);
  const response = await server.fetch(withoutScope({ request: token.request, form }));
  const provider = server.grantText();
  if (!response.ok || provider === undefined) return response;
  const answered = tokenResponseSchema.parse(await response.json());
  const inner = answered.refresh_token ?? "";
  const refreshToken = await sealRefreshToken(parts, inner, { record, generation, token });
  const body = await issueTokens(parts, record, {
    scope: token.form.get("scope"),
    refreshToken,
    expiresInSeconds: answered.expires_in,
  });
  const { clientFamily } = token.network;
  const place = await placeOf(token, record.proofKey);
  return {
    body,
    record: {
      ...record,
      ...supersede(record, { id: tokenId, place, at: now }),
      provider,
      latest: { refreshToken, usedId: tokenId, asked: askedOf(token), body, clientFamily, at: now },
      expiresAt: endOf(record, parts.config.auth, now),
    },
  };
}

/** What is current, for a window of the client that stayed behind: no branch, no rotation. */
async function catchUp(refresh: Refresh, record: GrantRecord): Promise<Made> {
  const { parts, token, exchange, tokenId } = refresh;
  const now = parts.now();
  const use = findSuperseded(tokenId, record.superseded);
  exchange.note({
    sibling: true,
    user: record.userId,
    secondsAgo: now - (use?.at ?? now),
    generationsAgo: use === undefined ? 0 : record.superseded.indexOf(use) + 1,
  });
  const { accessTokenTTL } = lifetimes(record, parts.config.auth, now);
  const body = await issueTokens(parts, record, {
    scope: token.form.get("scope"),
    refreshToken: record.latest?.refreshToken,
    expiresInSeconds: accessTokenTTL,
  });
  return { record, body };
}

/**
 * Writes Auth0's newer tokens in place of these, whatever becomes of the request. If the grant was
 * ended meanwhile they must not outlive it.
 */
export async function keepTokens(
  refresh: Refresh,
  standing: StandingGrant,
  used: UpstreamTokens,
): Promise<void> {
  const { parts, work, exchange } = refresh;
  const { permissions } = parts;
  const writing = { keeping: keepingOf(refresh, used), now: parts.now(), permissions };
  const written = await writeTokens(work, standing, writing);
  if (written === undefined)
    exchange.execution.waitUntil(abandonToken(parts, standing.record.tokens.refreshToken));
}

function keepingOf(refresh: Refresh, { refreshToken = "" }: UpstreamTokens): Keeping {
  return {
    waitUntil: (work) => refresh.exchange.execution.waitUntil(work),
    onSaved: () => refresh.parts.keeper.renewals.noteSaved(refreshToken),
  };
}

/** What a refresh asks for beside its token. */
export function askedOf({ form }: TokenRequest): string {
  return JSON.stringify([form.get("scope") ?? "", form.getAll("resource")]);
}
