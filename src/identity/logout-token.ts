/**
 * The logout token (OpenID Connect Back-Channel Logout 1.0). What the identity provider posted goes
 * in; whose session ended comes out. An ID token or an access token never passes for one.
 */
import type { JWTVerifyGetKey } from "jose";
import * as z from "zod";
import type { LogoutNotice } from "./provider.ts";
import {
  CLOCK_TOLERANCE_SECONDS,
  type Expectations,
  tokenInvalid,
  verifySignedToken,
} from "./signed-token.ts";
import { deriveSessionId, deriveUserId } from "./user-id.ts";

/**
 * §2.4: the event is named and nothing but an object; a nonce is prohibited, so that an ID token is
 * told apart.
 */
const logoutClaimsSchema = z.looseObject({
  jti: z.string().min(1),
  sid: z.string().min(1).exactOptional(),
  events: z.object({
    "http://schemas.openid.net/event/backchannel-logout": z.record(z.string(), z.unknown()),
  }),
  nonce: z.undefined().optional(),
});

/** Auth0 writes `JWT`, the specification recommends `logout+jwt`. */
const TYPES = new Set(["jwt", "logout+jwt"]);

/**
 * Verifies a logout token (§2.6); one without `sub` names nobody whom we know. Refuses with
 * `identity_token_invalid`. `expiresAt` includes the tolerance: until then the token must be
 * remembered, so that it is accepted once.
 */
export async function verifyLogoutToken(
  token: string,
  findKey: JWTVerifyGetKey,
  expected: Expectations,
): Promise<LogoutNotice> {
  const { claims, typ } = await verifySignedToken(token, findKey, {
    ...expected,
    audience: expected.clientId,
    judged: "logout_token",
  });
  const logout = logoutClaimsSchema.safeParse(claims).data;
  if (logout === undefined || !TYPES.has(typ?.toLowerCase() ?? ""))
    throw tokenInvalid("logout_claims", { judged: "logout_token" });
  return {
    userId: await deriveUserId(expected.issuer, expected.dialect.subjectOf(claims)),
    ...(logout.sid === undefined
      ? {}
      : { sessionId: await deriveSessionId(expected.issuer, logout.sid) }),
    tokenId: logout.jti,
    expiresAt: claims.exp + CLOCK_TOLERANCE_SECONDS,
  };
}
