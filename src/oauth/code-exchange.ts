/**
 * The exchange of an authorization code. A form with a code comes in; tokens go out, once:
 * exchanges of one code take turns, and the second one ends what the first one made (OAuth 2.1
 * §4.1.3).
 */
import { Refusal } from "../errors.ts";
import { revokeUpstream } from "../grants/ending.ts";
import { holdGrant } from "../grants/holding.ts";
import { grantName, readGrant, recordName, registrationNames } from "../grants/record.ts";
import {
  CLIENT_TTL_SECONDS,
  createAuthorizationServer,
  type TokenExchange,
} from "./authorization-server.ts";
import { presentedClientId } from "../clients/authentication.ts";
import { type Issuance, issue, lifetimes, tokenResponse } from "./issue.ts";
import { readGrantRef } from "./refresh-token.ts";
import { passOn, type TokenContext, type TokenRequest } from "./token-request.ts";

/** Answers `grant_type=authorization_code`. */
export async function exchangeCode(
  context: TokenContext,
  { request, form }: TokenRequest,
): Promise<Response> {
  const { parts, work, exchange } = context;
  const grant = readGrantRef(form.get("code") ?? "");
  if (grant === undefined) return passOn(context, request);
  const clientId = presentedClientId(form, request.headers.get("Authorization"));
  const names = [grantName(grant), recordName(grant), ...registrationNames(clientId)];
  await holdGrant(work, grant, { names, isSettled: async () => !work.hasRead(grantName(grant)) });
  const record = await readGrant(work, grant);
  let issuance: Issuance | undefined;
  const server = createAuthorizationServer(
    parts,
    { work, exchange },
    async (options: TokenExchange) => {
      if (record === undefined) throw new Refusal("grant_ended");
      issuance = { record, exchange: options };
      return lifetimes(record, parts.config.auth.accessTokenTtlSeconds, parts.now());
    },
  );
  const response = await server.fetch(request);
  if (!response.ok || issuance === undefined) {
    await work.commit();
    for (const ended of server.endedGrants) parts.keeper.sightings.noteEnded(ended);
    if (server.endedGrants.length > 0 && record !== undefined) revokeUpstream(context, record);
    return response;
  }
  const body = await issue(context, response, { issuance, token: { request, form } });
  for (const name of registrationNames(clientId)) work.extend(name, CLIENT_TTL_SECONDS);
  await work.commit();
  parts.keeper.sightings.noteAlive(grant, parts.now());
  exchange.note({ user: grant.userId });
  return tokenResponse(body, response.headers);
}
