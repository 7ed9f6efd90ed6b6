/**
 * An application that a company sends for one of its people (RFC 7523 §2.1 with an ID-JAG). Its own
 * credentials and the company's assertion come in; an access token of ours goes out, with what the
 * company lets it do, and never more than the operator lets the company.
 */
import {
  authenticateClient,
  presentedClientId,
  showsCredentials,
} from "../clients/authentication.ts";
import { Refusal } from "../errors.ts";
import type { Applicant } from "../grants/applicant.ts";
import { registrationNames } from "../grants/record.ts";
import type { Vouched } from "../identity/enterprise.ts";
import { deriveUserId } from "../identity/user-id.ts";
import { signText } from "../keys.ts";
import { admitApplicant } from "./applicant.ts";
import { createAuthorizationServer } from "./authorization-server.ts";
import { assertResource } from "./resource.ts";
import type { TokenContext, TokenRequest } from "./token-request.ts";

export const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** How clients find out that they may come so (§6 of the draft). */
export const ID_JAG_PROFILE = "urn:ietf:params:oauth:grant-profile:id-jag";

/** Clocks differ; an assertion is remembered a little longer than it lives. */
const CLOCK_TOLERANCE_SECONDS = 60;

/** Its grant lives on while it comes again. */
const VOUCHED_SECONDS = 30 * 86_400;

/**
 * Answers `grant_type=…jwt-bearer`. The client is known first, by more than its name; then the
 * assertion is judged, which costs nothing; only then does it count, once.
 */
export async function admitVouched(context: TokenContext, token: TokenRequest): Promise<Response> {
  const { parts, work } = context;
  const { config, enterprises, now } = parts;
  const { form, request } = token;
  assertResource(form, config.resource);
  const authorization = request.headers.get("Authorization");
  const clientId = presentedClientId(form, authorization) ?? "";
  if (!showsCredentials(form, authorization)) throw new Refusal("machine_refused");
  await work.prefetch({ records: registrationNames(clientId) });
  const server = createAuthorizationServer(parts, context);
  const refused = await authenticateClient(server, request, form);
  if (refused !== undefined) return refused;
  const addressee = { issuer: config.issuer, resource: config.resource, clientId };
  const vouched = await enterprises.judge(form.get("assertion") ?? "", addressee);
  const { issuer, id, expiresAt } = vouched;
  const ttlSeconds = expiresAt - now() + CLOCK_TOLERANCE_SECONDS;
  if (!(await work.claim(`id-jag:${issuer.issuer}:${id}`, ttlSeconds)))
    throw new Refusal("assertion_repeated");
  return admitApplicant(context, token, await describeVouched(context, vouched, clientId));
}

/**
 * Whom the company vouches for. A prefix makes the person the same as after a sign-in at Auth0
 * through the company's connection there; otherwise they are the company's own, whatever their
 * names.
 */
async function describeVouched(
  { parts }: TokenContext,
  { issuer, subject, scopes }: Vouched,
  clientId: string,
): Promise<Applicant> {
  const { config, machineKeys, now, permissions } = parts;
  const held = permissions.filter((name) => issuer.max_permissions.includes(name));
  const granted = scopes === undefined ? held : held.filter((name) => scopes.includes(name));
  const { subject_prefix: prefix } = issuer;
  const userId = await (prefix === undefined
    ? deriveUserId(issuer.issuer, subject)
    : deriveUserId(config.auth.identity.issuer, `${prefix}${subject}`));
  const [{ key }] = machineKeys;
  return {
    kind: "person",
    userId,
    slot: `${issuer.issuer} ${userId} ${clientId}`,
    clientId,
    clientName: nameOf(clientId, parts),
    fingerprint: await signText(`vouched\0${JSON.stringify([held, granted])}`, key),
    granted,
    obtain: async () => ({
      accessToken: "",
      claims: {},
      issuedAt: now(),
      expiresAt: now() + VOUCHED_SECONDS,
      permissions: held,
    }),
  };
}

function nameOf(clientId: string, { config }: TokenContext["parts"]): string {
  const known = config.auth.preregisteredClients.find(({ client_id: id }) => id === clientId);
  return known?.client_name ?? clientId;
}
