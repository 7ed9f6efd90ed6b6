/**
 * A machine's way to a token: its id and its secret, with the official client's own provider. The
 * refusal of the resource server goes in, tokens come out. The secret is printed nowhere, and given
 * to the server that was named only.
 */
import {
  ClientCredentialsProvider,
  fetchToken,
  type OAuthTokens,
} from "@modelcontextprotocol/client";
import { ROBOT } from "../tenant/machines.ts";
import { Obstacle } from "../obstacle.ts";
import type { Wish } from "./arguments.ts";
import { describeTokens, discover } from "./authorization.ts";
import type { Steps } from "./steps.ts";

/** Where the secret of a machine is read that is not the local robot. */
const SECRET_VARIABLE = "MACHINE_SECRET";

/** Everything between the first refusal and the token of the machine that this wish names. */
export async function authorizeMachine(
  wish: Wish,
  refusal: Response,
  steps: Steps,
): Promise<OAuthTokens> {
  const clientId = wish.machine ?? ROBOT.clientId;
  const clientSecret = secretOf(clientId);
  const { resource, server } = await discover(wish.url, refusal, steps);
  const expectedIssuer = wish.url.origin;
  const provider = new ClientCredentialsProvider({ clientId, clientSecret, expectedIssuer });
  const { scope } = wish;
  return steps.run(
    "token",
    () =>
      fetchToken(provider, server.issuer, {
        metadata: server,
        resource,
        fetchFn: steps.fetch,
        ...(scope === undefined ? {} : { scope }),
      }),
    (tokens) => `${clientId}: ${describeTokens(tokens)}`,
  );
}

function secretOf(clientId: string): string {
  const secret =
    process.env[SECRET_VARIABLE] ?? (clientId === ROBOT.clientId ? ROBOT.clientSecret : undefined);
  if (secret !== undefined) return secret;
  throw new Obstacle(
    `The secret of ${clientId} is needed.`,
    `Put it into the environment variable ${SECRET_VARIABLE}.`,
  );
}
