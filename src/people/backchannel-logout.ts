/**
 * Back-channel logout (OpenID Connect Back-Channel Logout 1.0). A logout token of Auth0's comes in;
 * the grants of that session, or of that person when no session is named, end. A token works once.
 */
import { readFields, readSmallBody } from "../edge/body.ts";
import { isPassing, Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { chooseLoggedOut, listConnections } from "../grants/connections.ts";
import { endAtOnce, endingOf } from "../grants/ending.ts";
import { connectionsName } from "../grants/record.ts";
import type { LogoutNotice } from "../identity/provider.ts";
import type { Parts } from "../parts.ts";

/** A logout token is remembered a little longer than it lives. */
const CLOCK_SKEW_SECONDS = 120;

/**
 * Answers POST `/auth/backchannel-logout`: 200 when done, 400 for a token that does not count
 * (§2.8).
 */
export async function answerLogout(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const token = readFields(await readSmallBody(request)).get("logout_token");
  const notice = token === null ? undefined : await verify(parts, token);
  const ended = notice === undefined ? undefined : await endLoggedOut(notice, exchange, parts);
  if (notice === undefined || ended === undefined) {
    exchange.note({ reason: "logout_token_refused" });
    return answer(
      { error: "invalid_request", error_description: "The logout token does not count." },
      400,
    );
  }
  exchange.note({ user: notice.userId, ended });
  return answer(undefined, 200);
}

async function verify({ identity }: Parts, token: string): Promise<LogoutNotice | undefined> {
  try {
    return await identity.verifyLogoutToken(token);
  } catch (error) {
    if (error instanceof Refusal && !isPassing(error)) return undefined;
    throw error;
  }
}

/** Ends the grants and returns how many there were; undefined when the token has done so before. */
async function endLoggedOut(
  notice: LogoutNotice,
  exchange: Exchange,
  parts: Parts,
): Promise<number | undefined> {
  const { userId } = notice;
  const work = parts.beginWork();
  const used = `logout:${notice.tokenId}`;
  await work.prefetch({ records: [used], collections: [connectionsName(userId)] });
  if (work.hasRead(used)) return undefined;
  const connections = chooseLoggedOut(await listConnections(work, userId), notice.sessionId);
  // Used up in the same step, so that a logout that met an outage can be sent again.
  work.create(used, "used", Math.max(1, notice.expiresAt - parts.now()) + CLOCK_SKEW_SECONDS);
  await endAtOnce(
    parts,
    { work, execution: exchange.execution },
    connections.map((connection) => endingOf(userId, connection)),
  );
  return connections.length;
}

function answer(body: unknown, status: number): Response {
  return new Response(body === undefined ? null : JSON.stringify(body), {
    status,
    headers: {
      "Cache-Control": "no-store",
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    },
  });
}
