/**
 * A machine at the token endpoint (RFC 6749 §4.4; MCP extension
 * `io.modelcontextprotocol/oauth-client-credentials`). Its credentials come in; an access token of
 * ours goes out, and never a refresh token. Whether they hold, Auth0 says: here they are neither kept
 * nor logged.
 */
import type { JWK } from "jose";
import { CLOCK_TOLERANCE_SECONDS, readAssertion, verifyAssertion } from "../clients/assertion.ts";
import { presentedClientId } from "../clients/authentication.ts";
import { readSecret } from "../clients/credentials.ts";
import { Refusal } from "../errors.ts";
import { type Applicant, opensGrant } from "../grants/applicant.ts";
import type { GrantRecord } from "../grants/record.ts";
import type { MachineCredentials, UpstreamTokens } from "../identity/provider.ts";
import { deriveUserId } from "../identity/user-id.ts";
import { signText } from "../keys.ts";
import { organizationAt } from "../organizations.ts";
import type { Parts } from "../parts.ts";
import type { KeyedMachine } from "../variables.ts";
import { admitApplicant } from "./applicant.ts";
import { assertResource } from "./resource.ts";
import type { TokenContext, TokenRequest } from "./token-request.ts";

/** Answers `grant_type=client_credentials`. */
export async function admitMachine(context: TokenContext, token: TokenRequest): Promise<Response> {
  const { config } = context.parts;
  // Auth0 asks machines of an organization for a client grant of their own, which is not judged here.
  if (token.form.getAll("resource").some((asked) => organizationAt(asked, config) !== undefined))
    throw new Refusal("resource_for_people");
  assertResource(token.form, config.resource);
  const machine = await readMachine(context, token);
  return admitApplicant(context, token, machine);
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

/** Who asks, by the one set of credentials that is shown. */
async function readMachine(context: TokenContext, token: TokenRequest): Promise<Applicant> {
  const { config } = context.parts;
  const { form, request } = token;
  const authorization = request.headers.get("Authorization");
  const clientId = presentedClientId(form, authorization) ?? "";
  const clientSecret = readSecret({ form, authorization });
  const keyed = config.auth.machines.keyed.find(({ client_id: known }) => known === clientId);
  if (keyed !== undefined) return readKeyed(context, form, keyed);
  if (!isAtAuth0(clientId, config) || clientSecret === "") throw new Refusal("machine_refused");
  return machineAtAuth0(context, { clientId, clientSecret });
}

/** By its id and secret, which Auth0 judges. */
async function machineAtAuth0(
  { parts: { config, identity, machineKeys }, exchange }: TokenContext,
  credentials: MachineCredentials,
): Promise<Applicant> {
  const { clientId, clientSecret } = credentials;
  const [{ key }] = machineKeys;
  return {
    ...(await describeMachine(clientId, config)),
    fingerprint: await signText(`secret\0${clientId}\0${clientSecret}`, key),
    async obtain() {
      await exchange.limits?.hold("machines", clientId);
      return identity.machineTokens(credentials);
    },
  };
}

/**
 * By an assertion that it signed with its own key (RFC 7523 §2.2), once. What it may do stands in
 * our configuration; nobody is asked.
 */
async function readKeyed(
  { parts, work }: TokenContext,
  form: URLSearchParams,
  machine: KeyedMachine,
): Promise<Applicant> {
  const { config, machineKeys, now } = parts;
  const { client_id: clientId, client_name: clientName, permissions } = machine;
  const proof = await judgeProof(readAssertion(form), machine, parts);
  if (typeof proof === "string") throw new Refusal("machine_refused", { facts: { check: proof } });
  const ttlSeconds = proof.expiresAt - now() + CLOCK_TOLERANCE_SECONDS;
  if (!(await work.claim(`machine-assertion:${clientId}:${proof.id}`, ttlSeconds)))
    throw new Refusal("machine_refused", { facts: { check: "jti" } });
  const [{ key }] = machineKeys;
  return {
    ...(await describeMachine(clientId, config)),
    clientName,
    fingerprint: await signText(`key\0${clientId}\0${JSON.stringify(permissions)}`, key),
    obtain: async () => withoutToken(permissions, now()),
  };
}

/** With the keys written down here, or those that it publishes: as they are now, when none fits. */
async function judgeProof(
  assertion: string,
  { client_id: clientId, jwks }: KeyedMachine,
  { config: { issuer }, publishedKeys, now }: Parts,
) {
  const verify = (keys: readonly JWK[]) =>
    verifyAssertion(assertion, { clientId, keys, issuer, now: now() });
  const published = publishedKeys.get(clientId);
  if (published === undefined) return verify(jwks?.keys ?? []);
  const proof = await verify(await published.read());
  return proof === "key" ? verify(await published.reread()) : proof;
}

/** Longer than a machine's grant is kept without another start. */
const KEYED_SECONDS = 30 * 86_400;

/** Of Auth0's there is no token. */
function withoutToken(permissions: readonly string[], now: number): UpstreamTokens {
  return {
    accessToken: "",
    claims: {},
    expiresAt: now + KEYED_SECONDS,
    issuedAt: now,
    permissions,
  };
}

/** A machine has the id that Auth0 would give it, whoever knows it, and one grant. */
async function describeMachine(clientId: string, { auth }: Parts["config"]) {
  const userId = await deriveUserId(auth.identity.issuer, `${clientId}@clients`);
  const granted = "all" as const;
  return {
    kind: "machine",
    userId,
    slot: userId,
    clientId,
    clientName: clientId,
    granted,
  } as const;
}

/**
 * Whether Auth0 may be asked about a client of this id. Our own application is no machine: its secret
 * is not to be guessed here. An address is no application's id.
 */
function isAtAuth0(clientId: string, { auth }: Parts["config"]): boolean {
  return (
    auth.machines.areAtProvider &&
    clientId !== "" &&
    clientId !== auth.identity.clientId &&
    !clientId.includes(":") &&
    !auth.preregisteredClients.some(({ client_id: known }) => known === clientId)
  );
}
