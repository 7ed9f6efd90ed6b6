/**
 * A machine of the tenant: an application that authenticates itself (RFC 6749 §4.4). Its own
 * credentials go in, its verified token for our API comes out, or a refusal. Asked for once per
 * caller; what it costs and how long it is kept is decided above.
 */
import * as oauth from "oauth4webapi";
import { Refusal } from "../errors.ts";
import { judgeBearer } from "./access-token.ts";
import { refuseAt } from "./auth0-errors.ts";
import { isMachine, readMachinePermissions } from "./machine-token.ts";
import type { MachineCredentials, UpstreamTokens } from "./provider.ts";
import { tokenInvalid } from "./signed-token.ts";
import { expectationsOf, type Tenant } from "./tenant.ts";

/**
 * Auth0 gives all of the client grant when no scope is asked for. The token must be this machine's
 * own, for our API: whoever it speaks for is not taken from anybody else's word.
 */
export async function askForMachine(
  tenant: Tenant,
  { clientId, clientSecret }: MachineCredentials,
): Promise<UpstreamTokens> {
  const { config, tokenOptions, findKey, now } = tenant;
  const { audience, organization } = config;
  const client = { ...tenant.client, client_id: clientId };
  const metadata = await tenant.prepare();
  const answer = await oauth
    .clientCredentialsGrantRequest(
      metadata,
      client,
      oauth.ClientSecretPost(clientSecret),
      { audience, ...(organization === undefined ? {} : { organization }) },
      tokenOptions,
    )
    .then((response) => oauth.processClientCredentialsResponse(metadata, client, response))
    .catch(refuseAt("machine", now));
  if (answer.token_type !== "bearer") throw new Refusal("machine_token_bound");
  const expected = { ...expectationsOf(tenant), clientId };
  const claims = await judgeBearer(answer.access_token, findKey, expected);
  if (!isMachine(claims)) throw tokenInvalid("machine", { judged: "access_token" });
  return {
    accessToken: answer.access_token,
    claims,
    expiresAt: claims.exp,
    issuedAt: now(),
    permissions: readMachinePermissions(claims),
  };
}
