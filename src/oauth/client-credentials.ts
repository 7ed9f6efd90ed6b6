/**
 * A machine at the token endpoint (RFC 6749 §4.4; MCP extension
 * `io.modelcontextprotocol/oauth-client-credentials`). Its credentials come in; an access token of
 * ours goes out, and never a refresh token. Whether they hold, Auth0 says: here they are neither kept
 * nor logged.
 */
import { presentedClientId } from "../clients/authentication.ts";
import { readSecret } from "../clients/credentials.ts";
import type { Config } from "../config.ts";
import { Refusal } from "../errors.ts";
import { type Machine, openMachineGrant, opensGrant } from "../grants/machine.ts";
import type { GrantRecord } from "../grants/record.ts";
import { deriveUserId } from "../identity/user-id.ts";
import { signText } from "../keys.ts";
import type { Parts } from "../parts.ts";
import { assertScope, issueTokens, tokenResponse } from "./issue.ts";
import { machineScope } from "./scopes.ts";
import type { TokenContext, TokenRequest } from "./token-request.ts";

/** Whether machines may come at all. */
export function admitsMachines({ auth }: Parts["config"]): boolean {
  return auth.machines.areAtProvider;
}

/** Answers `grant_type=client_credentials`. */
export async function admitMachine(context: TokenContext, token: TokenRequest): Promise<Response> {
  const { parts, exchange, work } = context;
  const { config, now } = parts;
  assertResource(token.form, config);
  const machine = await readMachine(context, token);
  exchange.note({ user: machine.userId, caller: "machine" });
  const { record, generation, isKept } = await openMachineGrant({
    work,
    machine,
    now,
    cacheSeconds: config.auth.machines.cacheSeconds,
    waitUntil: (more) => exchange.execution.waitUntil(more),
  });
  exchange.note({ upstream: isKept ? "kept" : "asked" });
  parts.keeper.noteRecord({ record, generation });
  const scope = machineScope(token.form.get("scope"), parts.permissions);
  assertScope(record, scope, parts.permissions);
  const expiresInSeconds = Math.min(
    config.auth.accessTokenTtlSeconds,
    record.tokens.expiresAt - now(),
  );
  const asked = { scope, refreshToken: undefined, expiresInSeconds };
  return tokenResponse(await issueTokens(parts, record, asked), new Headers());
}

/**
 * Whether a token request comes from the machine that a grant belongs to: the same credentials that
 * opened it last. Nobody is asked.
 */
export async function isFromMachine(
  context: TokenContext,
  token: TokenRequest,
  { grantId, userId }: GrantRecord,
): Promise<boolean> {
  const machine = await readMachine(context, token);
  return machine.userId === userId && opensGrant(context.work, machine, grantId);
}

/** RFC 8707 §2: a token is for the one resource, named or not. */
function assertResource(form: URLSearchParams, { resource }: Config): void {
  if (form.getAll("resource").some((asked) => asked !== resource))
    throw new Refusal("resource_unknown");
}

/** Who asks, by credentials that Auth0 can judge: an application's id and secret, shown once. */
async function readMachine(
  { parts, exchange }: TokenContext,
  { form, request }: TokenRequest,
): Promise<Machine> {
  const { config, identity, machineKeys } = parts;
  const authorization = request.headers.get("Authorization");
  const clientId = presentedClientId(form, authorization) ?? "";
  const clientSecret = readSecret({ form, authorization });
  if (!isAtAuth0(clientId, config) || clientSecret === "") throw new Refusal("machine_refused");
  const [{ key }] = machineKeys;
  return {
    userId: await deriveUserId(config.auth.identity.issuer, `${clientId}@clients`),
    clientId,
    clientName: clientId,
    fingerprint: await signText(`${clientId}\0${clientSecret}`, key),
    async obtain() {
      await exchange.limits?.hold("machines", clientId);
      return identity.machineTokens({ clientId, clientSecret });
    },
  };
}

/**
 * Whether Auth0 may be asked about a client of this id. Our own application is no machine: its secret
 * is not to be guessed here. An address is no application's id.
 */
function isAtAuth0(clientId: string, { auth }: Parts["config"]): boolean {
  return (
    clientId !== "" &&
    clientId !== auth.identity.clientId &&
    !clientId.includes(":") &&
    !auth.preregisteredClients.some(({ client_id: known }) => known === clientId)
  );
}
