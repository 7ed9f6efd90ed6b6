/**
 * What the token and revocation endpoints answer: noted, and on demand made worse. Answers come in
 * on their way out; the refresh tokens that were ended and the latest session of each person stay.
 */
import { decodeJwt } from "jose";
import type { Context, Middleware } from "oidc-provider";
import type { Dashboard } from "./dashboard.ts";
import { type Shape, shapeTokenResponse } from "./forgery.ts";
import type { Keyring } from "./keys.ts";
import type { LogoutSession } from "./logout.ts";

export interface Answers {
  readonly middleware: Middleware;
  /** How token responses differ from honest ones from now on. */
  shape(shape: Shape): void;
  accessTokenTtlSeconds(): number;
  revokedRefreshTokens(): readonly string[];
  /** The session of a person's latest ID token. */
  latestSession(sub: string): LogoutSession;
  /** Honest answers again, and nothing revoked yet. */
  clear(): void;
}

/** Auth0's default. */
const ACCESS_TOKEN_TTL_SECONDS = 86_400;

/** Honest answers, until told otherwise. */
export function createAnswers(
  keyring: Keyring,
  clientSecret: string,
  dashboard: Dashboard,
): Answers {
  const revoked = new Set<string>();
  const sessions = new Map<string, LogoutSession>();
  let shape: Shape = {};
  return {
    async middleware(ctx, next) {
      await next();
      if (ctx.path === "/oauth/revoke") noteRevocation(revoked, ctx);
      if (ctx.path !== "/oauth/token") return;
      noteSession(sessions, ctx.body);
      const nowSeconds = Math.floor(Date.now() / 1000);
      ctx.body = shapeTokenResponse(
        ctx.body,
        { ...dashboard.shape(), ...shape },
        {
          key: keyring.current(),
          clientSecret,
          nowSeconds,
        },
      );
    },
    shape: (next) => void (shape = next),
    accessTokenTtlSeconds: () => shape.accessTokenTtlSeconds ?? ACCESS_TOKEN_TTL_SECONDS,
    revokedRefreshTokens: () => [...revoked],
    latestSession: (sub) => sessions.get(sub) ?? { sub },
    clear() {
      shape = {};
      revoked.clear();
    },
  };
}

function noteRevocation(revoked: Set<string>, { oidc }: Context): void {
  const token = oidc?.entities.RefreshToken;
  if (token !== undefined) revoked.add(token.jti);
}

function noteSession(sessions: Map<string, LogoutSession>, body: unknown): void {
  if (
    typeof body !== "object" ||
    body === null ||
    !("id_token" in body) ||
    typeof body.id_token !== "string"
  )
    return;
  const { sub, sid } = decodeJwt<{ sub: string; sid: string }>(body.id_token);
  sessions.set(sub, { sub, sid });
}
