/**
 * Auth0 as it looks to an application: discovery, keys, clock, and how it answers a wrong code and a
 * silent sign-in. Answers go in, verdicts come out; nothing changes at the tenant but a line in its
 * log.
 */
import type { IdentityConfig } from "../../src/config.ts";
import { readSigningKeys } from "../../src/identity/key-set.ts";
import type { Dialect } from "../../src/identity/dialect.ts";
import { dialectOf } from "../../src/identity/openid.ts";
import { readPublishedKeys } from "../../src/identity/machine-keys.ts";
import { judgeMetadata } from "../../src/identity/metadata.ts";
import { type Answer, isAnswer, isObject, type NoAnswer, readObject, textOf } from "./answers.ts";
import { type Check, failure, ok, skipped, type Verdict } from "./check.ts";
import { judgeClock, timeOf } from "./clock.ts";
import type { Subject } from "./subject.ts";

const needs = ["variables"];

export const TENANT_CHECKS: readonly Check[] = [
  { id: "tenant", area: "Auth0", needs, examine: withTenant(examineReachable) },
  { id: "issuer", area: "Auth0", needs: ["tenant"], examine: withTenant(examineIssuer) },
  { id: "keys", area: "Auth0", needs: ["issuer"], examine: withTenant(examineKeys) },
  { id: "clock", area: "Auth0", needs: ["tenant"], examine: withTenant(examineClock) },
  { id: "credentials", area: "Auth0", needs: ["issuer"], examine: withTenant(examineCredentials) },
  {
    id: "refresh-grant",
    area: "Auth0",
    needs: ["credentials"],
    examine: withTenant(examineRefresh),
  },
  { id: "authorize", area: "Auth0", needs: ["issuer"], examine: withTenant(examineAuthorize) },
  {
    id: "organization",
    area: "Auth0",
    needs: ["authorize"],
    examine: withTenant(examineOrganizations),
  },
  { id: "api-client", area: "Auth0", needs: ["issuer"], examine: withTenant(examineApiClient) },
  { id: "enterprise", area: "Auth0", needs, examine: examineEnterprises },
  { id: "machine-keys", area: "Auth0", needs, examine: examineMachineKeys },
  {
    id: "back-channel-logout",
    area: "Auth0",
    needs: ["issuer"],
    examine: withTenant(examineBackChannel),
  },
];

/** A subject together with what it says about Auth0. */
export interface Patient {
  readonly subject: Subject;
  readonly auth0: IdentityConfig;
  /** Where the deployment, or the local server, gets people back. */
  readonly redirectUri: string;
}

export function withTenant<Result>(
  run: (patient: Patient) => Promise<Result>,
): (subject: Subject) => Promise<Result | undefined> {
  return async (subject) => {
    const auth0 = subject.config?.auth?.identity;
    return auth0 && run({ subject, auth0, redirectUri: auth0.redirectUri });
  };
}

export function discoveryUrl({ issuer }: IdentityConfig): string {
  return `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
}

async function examineReachable({ subject, auth0 }: Patient): Promise<Verdict> {
  return judgeReachable(await subject.ask(discoveryUrl(auth0)));
}

/** Whether a tenant answers at `AUTH0_DOMAIN`. */
export function judgeReachable(answer: Answer | NoAnswer): Verdict {
  const look = "Compare AUTH0_DOMAIN with the application's Settings → Domain.";
  if (!isAnswer(answer))
    return failure(`nothing answers at AUTH0_DOMAIN (${answer.failure})`, look);
  if (answer.status === 429 || answer.status >= 500)
    return failure(
      `Auth0 answers ${answer.status}`,
      "Wait and try again; https://status.auth0.com tells of outages.",
    );
  if (!isObject(answer.json) || answer.status !== 200)
    return failure(`AUTH0_DOMAIN is no Auth0 tenant (${answer.status} for its metadata)`, look);
  return ok("a tenant answers at AUTH0_DOMAIN");
}

async function examineIssuer({ subject, auth0 }: Patient): Promise<Verdict> {
  const metadata = readObject(await subject.ask(discoveryUrl(auth0)));
  return judgeIssuer(metadata, auth0.issuer, dialectOf(auth0));
}

/** Whether it speaks for the host that was asked (OpenID Connect Discovery §4.3). */
export function judgeIssuer(
  metadata: Readonly<Record<string, unknown>> | undefined,
  issuer: string,
  dialect: Dialect,
): Verdict {
  const said = textOf(metadata, "issuer");
  if (said !== issuer)
    return failure(
      `the tenant calls itself ${said ?? "nothing"}`,
      "Use that host as AUTH0_DOMAIN. With a custom domain: that one, everywhere.",
    );
  if (judgeMetadata(metadata, issuer, dialect) === undefined)
    return failure(
      "the tenant's metadata lacks an endpoint, or has one at another host",
      "Use one domain everywhere: the custom one or Auth0's, as AUTH0_DOMAIN.",
    );
  return ok(`its issuer is ${issuer}`);
}

async function examineKeys({ subject, auth0 }: Patient): Promise<Verdict> {
  const metadata = readObject(await subject.ask(discoveryUrl(auth0)));
  return judgeKeySet(readObject(await subject.ask(textOf(metadata, "jwks_uri") ?? auth0.issuer)));
}

/** Whether tokens can be verified: RS256 or PS256, with a public key. */
export function judgeKeySet(keySet: Readonly<Record<string, unknown>> | undefined): Verdict {
  const count = readSigningKeys(keySet).length;
  return count === 0
    ? failure(
        "the tenant publishes no RSA signing key",
        "Auth0 → Settings → Signing Keys: RS256. Is this an Auth0 tenant?",
      )
    : ok(`${count} RSA signing keys are published`);
}

async function examineClock({ subject, auth0 }: Patient): Promise<Verdict> {
  return judgeClock("Auth0", timeOf(await subject.ask(discoveryUrl(auth0))), subject.now());
}

async function examineCredentials(patient: Patient): Promise<Verdict> {
  const answer = await redeem(patient, {
    grant_type: "authorization_code",
    code: "npm-run-doctor",
    code_verifier: "npm-run-doctor-npm-run-doctor-npm-run-doctor",
    redirect_uri: patient.redirectUri,
  });
  return judgeCredentials(answer);
}

/** A wrong code from the right application is `invalid_grant`; anything else is about the rest. */
export function judgeCredentials(answer: Answer | NoAnswer): Verdict {
  if (!isAnswer(answer))
    return failure(`the token endpoint does not answer (${answer.failure})`, "Try again.");
  const error = errorOf(answer);
  if (error === "invalid_grant") return ok("the client id and secret are right");
  if (isGrantTypeOff(answer))
    return failure(
      "the application may not use authorization codes",
      "Auth0 → your application → Advanced → Grant Types: Authorization Code on.",
    );
  if (answer.status === 429 || answer.status >= 500)
    return failure(`the token endpoint answers ${answer.status}`, "Wait and try again.");
  return failure(
    `Auth0 does not accept the application (${error})`,
    "Compare AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET with the application's Settings; its Credentials: Client Secret (Post).",
  );
}

async function examineRefresh(patient: Patient): Promise<Verdict> {
  const answer = await redeem(patient, {
    grant_type: "refresh_token",
    refresh_token: "npm-run-doctor",
  });
  return judgeRefreshGrant(answer);
}

/** Without the grant type people sign in again whenever Auth0's access token ends. */
export function judgeRefreshGrant(answer: Answer | NoAnswer): Verdict {
  if (isAnswer(answer) && isGrantTypeOff(answer))
    return failure(
      "the application may not use refresh tokens",
      "Auth0 → your application → Advanced → Grant Types: Refresh Token on.",
    );
  if (isAnswer(answer) && errorOf(answer) === "invalid_grant")
    return ok("the application may use refresh tokens");
  return skipped("whether the application may use refresh tokens was not told");
}

export async function redeem(
  { subject, auth0 }: Patient,
  form: Readonly<Record<string, string>>,
): Promise<Answer | NoAnswer> {
  const metadata = readObject(await subject.ask(discoveryUrl(auth0)));
  const endpoint = textOf(metadata, "token_endpoint") ?? auth0.issuer;
  return subject.ask(endpoint, { method: "POST", ...(await prove(auth0, form)) });
}

/** A form and headers that say and prove which application asks: by secret or by key. */
async function prove(auth0: IdentityConfig, form: Readonly<Record<string, string>>) {
  const body = new URLSearchParams(form);
  const headers = new Headers();
  const application = { client_id: auth0.clientId };
  const proof = dialectOf(auth0).authentication(auth0);
  await proof({ issuer: auth0.issuer }, application, body, headers);
  return { body, headers: Object.fromEntries(headers) };
}

/** The address to open: with `AUTH0_PAR` what it says is pushed before (RFC 9126). */
export async function addressOf({ subject, auth0 }: Patient, url: URL): Promise<URL> {
  const metadata = readObject(await subject.ask(discoveryUrl(auth0)));
  const endpoint = textOf(metadata, "pushed_authorization_request_endpoint");
  if (auth0.pushesRequests !== true || endpoint === undefined) return url;
  const form = Object.fromEntries(url.searchParams);
  const answer = await subject.ask(endpoint, { method: "POST", ...(await prove(auth0, form)) });
  const told = isAnswer(answer) && isObject(answer.json) ? answer.json : undefined;
  const pushed = new URL(url.origin + url.pathname);
  pushed.searchParams.set("client_id", auth0.clientId);
  pushed.searchParams.set("request_uri", textOf(told, "request_uri") ?? "");
  return pushed;
}

function errorOf(answer: Answer): string {
  const error = isObject(answer.json) ? textOf(answer.json, "error") : undefined;
  return /^[a-z_]{1,64}$/.test(error ?? "") ? (error ?? "") : String(answer.status);
}

function isGrantTypeOff(answer: Answer): boolean {
  return ["unauthorized_client", "unsupported_grant_type"].includes(errorOf(answer));
}

async function examineAuthorize(patient: Patient): Promise<Verdict> {
  const { subject, auth0, redirectUri } = patient;
  const metadata = readObject(await subject.ask(discoveryUrl(auth0)));
  const url = silentSignIn(textOf(metadata, "authorization_endpoint") ?? auth0.issuer, patient);
  if (
    auth0.pushesRequests === true &&
    metadata?.["pushed_authorization_request_endpoint"] === undefined
  )
    return failure(
      "the tenant takes no pushed authorization requests",
      "Auth0 → Settings → Advanced: Pushed Authorization Requests on, or leave AUTH0_PAR out.",
    );
  const opened = await addressOf(patient, url);
  return judgeAuthorize(await subject.ask(opened, { method: "GET" }), redirectUri);
}

/** Each of `AUTH0_ORGANIZATIONS`, as its own address would send people there. */
async function examineOrganizations(patient: Patient): Promise<readonly Verdict[]> {
  const { subject, auth0, redirectUri } = patient;
  const metadata = readObject(await subject.ask(discoveryUrl(auth0)));
  const endpoint = textOf(metadata, "authorization_endpoint") ?? auth0.issuer;
  const verdicts: Verdict[] = [];
  for (const { name, organization } of auth0.organizations ?? []) {
    const there = { ...patient, auth0: { ...auth0, organization } };
    const opened = await addressOf(there, silentSignIn(endpoint, there));
    const verdict = judgeAuthorize(await subject.ask(opened, { method: "GET" }), redirectUri);
    const says = verdict.status === "ok" ? "a sign-in of its members would begin" : verdict.says;
    verdicts.push({ ...verdict, says: `/mcp/o/${name}: ${says}` });
  }
  return verdicts;
}

const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

/** The Custom API Client, by a token that is none: what is refused first is the client. */
async function examineApiClient({ subject, auth0 }: Patient): Promise<Verdict | undefined> {
  const { apiClient } = auth0;
  if (apiClient === undefined) return undefined;
  const metadata = readObject(await subject.ask(discoveryUrl(auth0)));
  const answer = await subject.ask(textOf(metadata, "token_endpoint") ?? auth0.issuer, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: TOKEN_EXCHANGE,
      client_id: apiClient.clientId,
      client_secret: apiClient.clientSecret,
      subject_token: "npm-run-doctor",
      subject_token_type: ACCESS_TOKEN,
      audience: auth0.audience,
    }),
  });
  return judgeApiClient(answer);
}

/** Only a client that Auth0 does not know, or that may not exchange, is wrong here. */
export function judgeApiClient(answer: Answer | NoAnswer): Verdict {
  if (!isAnswer(answer) || answer.status === 429 || answer.status >= 500)
    return skipped("the Custom API Client could not be tried: the token endpoint does not answer");
  if (isGrantTypeOff(answer))
    return failure(
      "the Custom API Client may not exchange tokens",
      "Auth0 → APIs → your API → the Custom API Client: Token Exchange on (docs/calling-apis.md).",
    );
  if (answer.status === 401)
    return failure(
      `Auth0 does not accept the Custom API Client (${errorOf(answer)})`,
      "Compare AUTH0_API_CLIENT_ID and AUTH0_API_CLIENT_SECRET with Auth0 → APIs → your API → Custom API Client.",
    );
  return ok("the Custom API Client's id and secret are right");
}

/** Whether each company that vouches for its people publishes keys. */
async function examineEnterprises({ ask, config }: Subject): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const { issuer, jwks_uri: place } of config?.auth?.machines.enterprises ?? []) {
    const count = readSigningKeys(readObject(await ask(place))).length;
    verdicts.push(
      count === 0
        ? failure(
            `${issuer} publishes no RSA signing key at its jwks_uri`,
            "Compare jwks_uri in ENTERPRISE_ISSUERS with the issuer's own metadata.",
          )
        : ok(`${issuer} publishes ${count} signing keys`),
    );
  }
  return verdicts;
}

/** Whether each machine that publishes its keys does; without them it is told to come again. */
async function examineMachineKeys({ ask, config }: Subject): Promise<readonly Verdict[]> {
  const machines = config?.auth?.machines.keyed ?? [];
  const verdicts = machines.map(async ({ client_id: id, jwks_uri: place }) => {
    if (place === undefined) return [];
    const count = readPublishedKeys(readObject(await ask(place))).length;
    return count === 0
      ? failure(
          `${id} publishes no public key at its jwks_uri`,
          "PREREGISTERED_CLIENTS: the address must answer 200, without a redirect, with a JWK set of RSA or EC keys.",
        )
      : ok(`${id} publishes ${count} keys`);
  });
  return (await Promise.all(verdicts)).flat();
}

/** A sign-in that shows no page: it says at once what is wrong with it. */
export function silentSignIn(endpoint: string, { auth0, redirectUri }: Patient): URL {
  const url = new URL(endpoint);
  const parameters = {
    response_type: "code",
    client_id: auth0.clientId,
    redirect_uri: redirectUri,
    ...dialectOf(auth0).parametersOf(auth0, { state: "", isForGrant: true }),
    state: "npm-run-doctor",
    nonce: "npm-run-doctor",
    prompt: "none",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

type Cause = readonly [error: RegExp, description: RegExp, says: string, fix: string];

/** What Auth0 says when something is set otherwise; the first that fits. */
const CAUSES: readonly Cause[] = [
  [
    /./,
    /service not found/i,
    "Auth0 knows no API of this identifier",
    "AUTH0_AUDIENCE must be the API's Identifier to the letter, its trailing slash included.",
  ],
  [
    /./,
    /not enabled within domain/i,
    "the API is not enabled in this tenant",
    "AUTH0_AUDIENCE must be the Identifier of an API of the same tenant.",
  ],
  [
    /./,
    /pushed authorization/i,
    "the application requires pushed authorization requests",
    "Set AUTH0_PAR=true, or Auth0 → your application → Advanced → OAuth: Require Pushed Authorization Requests off.",
  ],
  [
    /./,
    /organization.*required/i,
    "the application takes members of an organization only",
    "Set AUTH0_ORGANIZATION (org_…), or let individuals in: your application → Login Experience.",
  ],
  [
    /./,
    /organization.*not allowed/i,
    "the application takes no organization",
    "Auth0 → your application → Login Experience: Business Users, or leave AUTH0_ORGANIZATION out.",
  ],
  [
    /./,
    /organization/i,
    "Auth0 refuses the organization",
    "Compare AUTH0_ORGANIZATION with Auth0 → Organizations: its ID (org_…), and enable the connection there.",
  ],
  [
    /./,
    /connection/i,
    "Auth0 refuses the connection",
    "AUTH0_CONNECTION must be the name of a connection that is enabled for the application.",
  ],
  [
    /unauthorized_client/,
    /grant type/i,
    "the application may not use authorization codes",
    "Auth0 → your application → Advanced → Grant Types: Authorization Code on.",
  ],
  [
    /unauthorized_client|access_denied/,
    /./,
    "the API's access policy does not let this application sign people in",
    "Auth0 → APIs → your API → Settings → Application Access Policy: All apps for user access, or authorize the application.",
  ],
];

/** Reads the tenant's answer; which check it makes first, the callback or the API, is not known. */
export function judgeAuthorize(answer: Answer | NoAnswer, redirectUri: string): Verdict {
  if (!isAnswer(answer))
    return failure(`the sign-in page does not answer (${answer.failure})`, "Try again.");
  const location = URL.parse(answer.headers.get("Location") ?? "");
  const isOurs = location !== null && `${location.origin}${location.pathname}` === redirectUri;
  if (!isOurs)
    return failure(
      `Auth0 does not send people back to ${redirectUri} (${answer.status})`,
      "Add it to the application's Allowed Callback URLs, exactly; or AUTH0_CLIENT_ID is of another tenant.",
    );
  return judgeRefusal(
    location.searchParams.get("error") ?? "",
    location.searchParams.get("error_description") ?? "",
  );
}

/** A silent sign-in of nobody is to fail, in one way. */
function judgeRefusal(error: string, description: string): Verdict {
  if (error === "" || /^(login|consent|interaction|account_selection)_required$/.test(error))
    return ok("callback and API are right: a sign-in would begin");
  const [, , says, fix] =
    CAUSES.find(([code, words]) => code.test(error) && words.test(description)) ?? [];
  return failure(
    says ?? `Auth0 refuses the sign-in (${/^[a-z_]{1,64}$/.test(error) ? error : "error"})`,
    fix ?? "Auth0 → Monitoring → Logs has the reason.",
  );
}

async function examineBackChannel({ subject, auth0 }: Patient): Promise<Verdict> {
  const metadata = readObject(await subject.ask(discoveryUrl(auth0)));
  return metadata?.["backchannel_logout_supported"] === true
    ? ok(
        `the tenant can tell of logouts: its Back-Channel Logout URI is ${new URL("/auth/backchannel-logout", auth0.redirectUri).href}`,
      )
    : skipped(
        "the tenant's plan has no back-channel logout: ended sessions are noticed at renewal",
      );
}
