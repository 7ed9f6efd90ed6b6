/**
 * A real sign-in at Auth0, past the Worker, and what its tokens say about the settings. Tokens go
 * into judges and nowhere else; what comes out are verdicts. The session is ended afterwards.
 */
import { randomBytes } from "node:crypto";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader } from "jose";
import { calculatePKCECodeChallenge } from "oauth4webapi";
import { judgeShape } from "../../src/identity/access-token.ts";
import type { Reason } from "../../src/errors.ts";
import type { Dialect } from "../../src/identity/dialect.ts";
import { dialectOf } from "../../src/identity/openid.ts";
import { readSigningKeys } from "../../src/identity/key-set.ts";
import { isForOrganization } from "../../src/identity/organization.ts";
import { verifySignedToken } from "../../src/identity/signed-token.ts";
import { type Answer, isAnswer, isObject, type NoAnswer, readObject, textOf } from "./answers.ts";
import { signIn } from "./browser.ts";
import { type Check, failure, ok, skipped, type Verdict, warning } from "./check.ts";
import type { Subject } from "./subject.ts";
import {
  discoveryUrl,
  judgeAuthorize,
  type Patient,
  redeem,
  addressOf,
  silentSignIn,
  withTenant,
} from "./tenant.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What one sign-in brought to light. */
interface Evidence {
  readonly subject: Subject;
  readonly patient: Patient;
  readonly metadata: Fields | undefined;
  readonly tokens: Fields;
  readonly nonce: string;
}

const area = "Sign-in";
const needs = ["login"];

export const SIGN_IN_CHECKS: readonly Check[] = [
  { id: "login", area, needs: ["issuer", "credentials"], examine: withTenant(examineLogin) },
  { id: "access-token", area, needs, examine: withEvidence(examineAccessToken) },
  { id: "permissions", area, needs, examine: withEvidence(examinePermissions) },
  { id: "id-token", area, needs, examine: withEvidence(examineIdToken) },
  { id: "userinfo", area, needs, examine: withEvidence(examineUserInfo) },
  { id: "refresh-token", area, needs, examine: withEvidence(examineRefreshToken) },
  { id: "calling-further", area, needs, examine: withEvidence(sayUntried) },
];

/** A sign-in is had once for all checks. */
const evidenceOf = new WeakMap<Subject, Evidence>();

function withEvidence<Result>(
  run: (evidence: Evidence) => Promise<Result> | Result,
): (subject: Subject) => Promise<Result | undefined> {
  return async (subject) => {
    const evidence = evidenceOf.get(subject);
    return evidence && run(evidence);
  };
}

async function examineLogin(patient: Patient): Promise<Verdict | undefined> {
  const { subject } = patient;
  if (subject.login === undefined) return undefined;
  const redirectUri = localCallback(subject);
  const here = { ...patient, redirectUri: redirectUri.href };
  const metadata = readObject(await subject.ask(discoveryUrl(patient.auth0)));
  const start = silentSignIn(textOf(metadata, "authorization_endpoint") ?? "", here);
  const silent = await addressOf(here, start);
  const refused = judgeAuthorize(await subject.ask(silent, { method: "GET" }), redirectUri.href);
  if (refused.status === "failure") return refused;
  const nonce = randomBytes(16).toString("base64url");
  const verifier = randomBytes(32).toString("base64url");
  start.searchParams.delete("prompt");
  start.searchParams.set("nonce", nonce);
  start.searchParams.set("code_challenge", await calculatePKCECodeChallenge(verifier));
  const back = await signIn({
    start: await addressOf(here, start),
    redirectUri,
    ...subject.login,
  });
  const returned = judgeReturn(back);
  if (returned !== undefined) return returned;
  const answer = await redeem(here, {
    grant_type: "authorization_code",
    code: back.searchParams.get("code") ?? "",
    code_verifier: verifier,
    redirect_uri: redirectUri.href,
  });
  const tokens = readObject(answer);
  if (tokens === undefined)
    return failure(
      "Auth0 gave no tokens for the code",
      "Auth0 → Monitoring → Logs has the reason.",
    );
  evidenceOf.set(subject, { subject, patient: here, metadata, tokens, nonce });
  return ok("somebody signed in");
}

/** Where a browser on this machine can be sent back to. */
function localCallback({ config }: Subject): URL {
  const port = process.env["DEV_PORT"] || "8787";
  return new URL(
    config?.isLoopback
      ? (config.auth?.identity.redirectUri ?? "")
      : `http://localhost:${port}/auth/callback`,
  );
}

/** The browser's return. */
export function judgeReturn(url: URL): Verdict | undefined {
  if (url.searchParams.has("code")) return undefined;
  const error = url.searchParams.get("error") ?? "no code";
  return failure(
    `the sign-in was refused (${/^[a-z_]{1,64}$/.test(error) ? error : "error"})`,
    "A person, an Action or an organization said no: Auth0 → Monitoring → Logs has the reason.",
  );
}

async function examineAccessToken({ subject, patient, metadata, tokens }: Evidence) {
  const token = textOf(tokens, "access_token") ?? "";
  const keySet = readObject(await subject.ask(textOf(metadata, "jwks_uri") ?? ""));
  return judgeAccessToken(token, {
    keySet,
    issuer: patient.auth0.issuer,
    audience: patient.auth0.audience,
    clientId: patient.auth0.clientId,
    organization: patient.auth0.organization,
    dialect: dialectOf(patient.auth0),
    now: subject.now(),
  });
}

interface Expected {
  readonly keySet: Fields | undefined;
  readonly issuer: string;
  readonly audience: string;
  readonly clientId: string;
  readonly organization: string | undefined;
  readonly dialect: Dialect;
  readonly now: number;
}

/** The Worker's own rules, each with the switch that breaks it. */
export async function judgeAccessToken(token: string, expected: Expected): Promise<Verdict> {
  const shape = judgeShape(token);
  if (shape === "identity_token_opaque")
    return failure(
      "the access token is opaque or encrypted",
      "AUTH0_AUDIENCE must be the API's Identifier; Token Encryption of the API off.",
    );
  if (shape === "identity_algorithm_refused")
    return failure("the API signs with HS256", "Auth0 → APIs → your API: Signing Algorithm RS256.");
  const keys = createLocalJWKSet({ keys: readSigningKeys(expected.keySet) });
  const judged = "access_token";
  const problem = await verifySignedToken(token, keys, { ...expected, judged }).then(
    () => undefined,
    (error: unknown) =>
      error instanceof Error && error.cause instanceof Error ? error.cause : error,
  );
  if (problem !== undefined)
    return failure(
      `the access token does not pass our checks (${problem instanceof Error ? problem.message : "error"})`,
      "One domain everywhere, RS256, and clocks that agree.",
    );
  const claims = decodeJwt(token);
  if (!expected.dialect.isForClient(claims, expected.clientId))
    return failure("the access token is another application's", "Compare AUTH0_CLIENT_ID.");
  if (!isForOrganization(claims, expected.organization))
    return failure(
      "the access token is not for the organization",
      "Compare AUTH0_ORGANIZATION: the ID (org_…), or a name, which the tenant must be told to send.",
    );
  const hours = Math.round(((claims.exp ?? 0) - (claims.iat ?? 0)) / 360) / 10;
  return ok(
    `the access token is a JWT for the API, signed with ${decodeProtectedHeader(token).alg}, ${hours} h long`,
  );
}

function examinePermissions({ subject, patient, tokens }: Evidence): Verdict | undefined {
  const token = textOf(tokens, "access_token") ?? "";
  if (judgeShape(token) !== undefined && token.split(".").length !== 3) return undefined;
  const held = dialectOf(patient.auth0).readPermissions(decodeJwt(token));
  return judgePermissions(held, subject.permissions ?? []);
}

/** Absent is a switch; empty is a person without a role. */
export function judgePermissions(
  held: readonly string[] | Reason,
  required: readonly string[],
): Verdict {
  if (held === "identity_permissions_missing")
    return failure(
      "Auth0 sends no permissions",
      "Auth0 → APIs → your API → RBAC Settings: Enable RBAC, and Add Permissions in the Access Token.",
    );
  if (typeof held === "string")
    return failure("Auth0 sends more permissions than are accepted", "Fewer permissions a person.");
  const lacking = required.filter((name) => !held.includes(name));
  return lacking.length === 0
    ? ok("this person has every permission that a tool names")
    : warning(
        `this person lacks ${lacking.join(", ")}`,
        "Auth0 → User Management → Roles: give them the role; does the API know the permission?",
      );
}

function examineIdToken({ patient, tokens, nonce }: Evidence): Verdict {
  return judgeIdToken(textOf(tokens, "id_token"), nonce, patient.auth0.organization);
}

/** The application's own algorithm is set apart from the API's. */
export function judgeIdToken(
  token: string | undefined,
  nonce: string,
  organization: string | undefined,
): Verdict {
  if (token === undefined)
    return failure("Auth0 sends no ID token", "Is it an OpenID application?");
  if (decodeProtectedHeader(token).alg?.startsWith("HS"))
    return failure(
      "the application signs ID tokens with HS256",
      "Auth0 → your application → Advanced → OAuth: JSON Web Token Signature Algorithm RS256.",
    );
  const claims = decodeJwt(token);
  if (claims["nonce"] !== nonce)
    return failure("the ID token is not for this sign-in", "Another provider answers there.");
  if (!isForOrganization(claims, organization))
    return failure("the ID token is not for the organization", "Compare AUTH0_ORGANIZATION.");
  return ok("the ID token is signed with a public key");
}

async function examineUserInfo({ subject, metadata, tokens }: Evidence): Promise<Verdict> {
  const answer = await subject.ask(textOf(metadata, "userinfo_endpoint") ?? "", {
    headers: { Authorization: `Bearer ${textOf(tokens, "access_token") ?? ""}` },
  });
  return judgeUserInfo(answer);
}

/** `/userinfo` refuses tokens that were minted on another host of the same tenant. */
export function judgeUserInfo(answer: Answer | NoAnswer): Verdict {
  if (isAnswer(answer) && answer.status === 200) return ok("/userinfo tells who it is");
  if (isAnswer(answer) && answer.status === 429)
    return skipped("/userinfo is busy: it answers five times a minute for each person");
  return failure(
    `/userinfo refuses the token (${isAnswer(answer) ? answer.status : answer.failure})`,
    "With a custom domain: use that one as AUTH0_DOMAIN, and nowhere the other.",
  );
}

async function examineRefreshToken({
  subject,
  patient,
  metadata,
  tokens,
}: Evidence): Promise<readonly Verdict[]> {
  const first = textOf(tokens, "refresh_token");
  if (first === undefined) return [judgeNoRefreshToken()];
  const renew = (token: string) =>
    redeem(patient, { grant_type: "refresh_token", refresh_token: token });
  const renewed = readObject(await renew(first));
  const second = textOf(renewed, "refresh_token") ?? first;
  const again = second === first ? undefined : await renew(first);
  const claims = claimsOf(renewed);
  await subject.ask(textOf(metadata, "revocation_endpoint") ?? patient.auth0.issuer, {
    method: "POST",
    body: new URLSearchParams({
      client_id: patient.auth0.clientId,
      client_secret: patient.auth0.clientSecret,
      token: second,
    }),
  });
  return judgeRenewal({ renewed, rotates: second !== first, again, claims });
}

function judgeNoRefreshToken(): Verdict {
  return failure(
    "Auth0 gives no refresh token: people sign in again whenever its access token ends",
    "Auth0 → APIs → your API: Allow Offline Access on; your application → Grant Types: Refresh Token on.",
  );
}

interface Renewal {
  readonly renewed: Fields | undefined;
  readonly rotates: boolean;
  /** What the first refresh token was answered when it came twice. */
  readonly again: Answer | NoAnswer | undefined;
  readonly claims: Fields | undefined;
}

/** Whether a session lasts, and whether a lost answer ends it. */
export function judgeRenewal({ renewed, rotates, again, claims }: Renewal): readonly Verdict[] {
  if (renewed === undefined)
    return [
      failure("Auth0 does not renew the session", "Auth0 → Monitoring → Logs has the reason."),
    ];
  const permissions =
    claims !== undefined && !("permissions" in claims)
      ? [failure("a renewed access token has no permissions", "An Action may take them away.")]
      : [ok("the session can be renewed")];
  if (!rotates)
    return [
      ...permissions,
      warning(
        "refresh tokens are not rotated: one that leaks is of use for ever",
        "Auth0 → your application → Settings: Refresh Token Rotation on, Rotation Overlap Period 30 s.",
      ),
    ];
  const overlaps = again !== undefined && isAnswer(again) && again.status === 200;
  return [
    ...permissions,
    overlaps
      ? ok("refresh tokens are rotated, and an answer that is lost can be asked for again")
      : warning(
          "a refresh token that comes twice ends the session: there is no Rotation Overlap Period",
          "Auth0 → your application → Settings: Rotation Overlap Period 10 to 30 s.",
        ),
  ];
}

/** What takes another API, another service or a second factor: nobody here has them. */
function sayUntried({ subject }: Evidence): Verdict | undefined {
  if (subject.config?.auth?.identity.apiClient === undefined) return undefined;
  return skipped(
    "tokens for other APIs and for accounts, and second factors, are not tried here",
    "docs/calling-apis.md says what to try once at your own tenant.",
  );
}

function claimsOf(renewed: Fields | undefined): Fields | undefined {
  const token = textOf(renewed, "access_token") ?? "";
  const claims: unknown = token.split(".").length === 3 ? decodeJwt(token) : undefined;
  return isObject(claims) ? claims : undefined;
}
