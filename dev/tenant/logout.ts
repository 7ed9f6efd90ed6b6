/**
 * Back-channel logout (OpenID Connect Back-Channel Logout 1.0) with the token Auth0 sends: `typ:
 * JWT`, two minutes of life. A person's session goes in; a signed token, or the client's answer to
 * it, comes out.
 */
import { randomUUID } from "node:crypto";
import type { Difference } from "./forgery.ts";
import { assembleJws } from "./jws.ts";
import type { Keyring } from "./keys.ts";

export interface LogoutSession {
  readonly sub: string;
  readonly sid?: string;
}

/** Back-channel logout of one tenant. */
export interface Logout {
  createLogoutToken(session: LogoutSession, difference?: Difference): string;
  deliverLogoutToken(logoutToken: string): Promise<Response>;
}

const ANSWER_WITHIN_MS = 5000;

interface Sender {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly keyring: Keyring;
}

/** Logout tokens of `sender`, delivered to `uri`; without an address there is nobody to tell. */
export function createLogout(sender: Sender, uri?: string): Logout {
  return {
    createLogoutToken: (session, difference = {}) => signLogoutToken(session, sender, difference),
    async deliverLogoutToken(logoutToken) {
      if (uri === undefined) return new Response(null);
      const body = new URLSearchParams({ logout_token: logoutToken });
      return fetch(uri, {
        method: "POST",
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
    },
  };
}

function signLogoutToken(session: LogoutSession, sender: Sender, difference: Difference): string {
  const key = sender.keyring.current();
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss: sender.issuer,
    aud: sender.clientId,
    iat,
    exp: iat + 120,
    jti: randomUUID(),
    events: { "http://schemas.openid.net/event/backchannel-logout": {} },
    ...session,
    ...difference.claims,
  };
  const header = { alg: "RS256", typ: "JWT", kid: key.kid, ...difference.header };
  return assembleJws(header, claims, {
    key,
    clientSecret: sender.clientSecret,
    seal: difference.seal ?? "honest",
  });
}
