/**
 * Who calls: the claims of a verified access token go in, what a tool may know and what the
 * permission rule says come out. The identity provider's tokens are fetched when a tool asks for
 * them and kept nowhere.
 */
import type { Config } from "../config.ts";
import type { AccessTokenClaims, CallerKind } from "../grants/access-token.ts";
import { type Freshness, newest, type SignIn, stillGranted } from "../grants/freshness.ts";
import type { Grants, Standing, TokenGrant } from "../grants/grant.ts";
import { organizationIn } from "../organizations.ts";
import type { PermissionIndex } from "../grants/permission-index.ts";
import {
  effectivePermissions,
  type Judged,
  judgePermissions,
  type Verdict,
} from "./permissions.ts";
import { ToolError } from "./answer.ts";
import { namesIn } from "./other-apis.ts";
import type { Auth } from "./tool-context.ts";
import { sha256 } from "./tool-meta.ts";

export interface Caller {
  readonly auth: CallerAuth;
  /** What the caller can use, in no order. */
  permissions(): readonly string[];
  /** None where nobody signs in. */
  readonly grantId: string | undefined;
  /** The permission rule, applied to this caller. */
  judge(judged: Judged): Verdict;
  /** The same caller, with what is known of a newer sign-in of theirs than the token's. */
  renewed(wanted: Freshness): Promise<Renewed>;
  /** Ties a text to this person and this grant: it means nothing for another. */
  bind(content: string): Promise<string>;
}

/** What a tool is told of its caller, but for the permissions: they are put together on demand. */
export type CallerAuth = Omit<Auth, "permissions">;

interface Renewed {
  readonly caller: Caller;
  /** The client knows what to do with a challenge for a better sign-in (RFC 9470). */
  readonly readsChallenges: boolean;
}

/** Who a token speaks for, as far as this request goes. */
export interface Standpoint extends Standing {
  readonly signIn: SignIn;
  /** Epoch seconds. */
  now(): number;
}

const NONE: readonly string[] = [];

/**
 * Callers behind one verified access token: what it allows goes in, its caller comes out, the same one
 * for as long as that is the same.
 */
export function createCallers(
  claims: AccessTokenClaims,
  grants: Grants,
  now: () => number,
): (standing: Standing) => Caller {
  const signIn = signInOf(claims);
  let last: (Standing & { readonly caller: Caller }) | undefined;
  return ({ held, granted, withheld }) => {
    const isSame = last?.held === held && last.granted === granted && last.withheld === withheld;
    if (last !== undefined && isSame) return last.caller;
    const standing = { held, granted, withheld };
    const caller = signedInCaller(claims, { ...standing, signIn, now }, grants);
    last = { ...standing, caller };
    return caller;
  };
}

/** The caller behind a verified access token whose grant lives. */
function signedInCaller(claims: AccessTokenClaims, standpoint: Standpoint, grants: Grants): Caller {
  const { held, granted, withheld, signIn, now } = standpoint;
  const grant = grantOf(claims);
  const { organization } = grant;
  const standing = {
    held: setOf(held),
    granted: setOf(granted),
    withheld: setOf(withheld),
    signIn,
    get now() {
      return now();
    },
  };
  let effective: readonly string[] | undefined;
  return {
    grantId: grant.grantId,
    permissions: () => (effective ??= Object.freeze(effectivePermissions(standing))),
    judge: (judged) => judgeFor(claims.kind, judgePermissions(judged, standing)),
    async renewed(wanted) {
      const known = await grants.signInOf(grant, wanted);
      const better = { ...standpoint, signIn: newest(signIn, known.signIn) };
      return { ...known, caller: signedInCaller(claims, better, grants) };
    },
    bind: (content) => sha256([claims.sub, claims.grant_id, content].join("\n")),
    auth: {
      kind: claims.kind,
      userId: claims.sub,
      clientId: claims.client_id,
      issuer: claims.iss,
      audience: claims.aud,
      ...(organization === undefined ? {} : { organization }),
      scopes: Object.freeze([...scopesOf(claims), ...granted]),
      async accessToken() {
        const tokens = await grants.upstreamTokens(grant);
        return { token: tokens.accessToken, claims: tokens.claims };
      },
      tokenFor: ({ audience, scope }) =>
        grants.tokenFor(grant, { audience, scopes: namesIn(scope) }),
      ...(claims.kind === "machine" ? NOBODYS : personsOwn(grant, grants)),
    },
  };
}

const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

/** The same set for the same list, for as long as somebody has the list. */
function setOf(names: readonly string[]): ReadonlySet<string> {
  const known = sets.get(names) ?? new Set(names);
  sets.set(names, known);
  return known;
}

type PersonsOwn = Pick<Auth, "connectionToken" | "userInfo">;

/** What there is because somebody signed in. */
function personsOwn(grant: TokenGrant, grants: Grants): PersonsOwn {
  return {
    connectionToken: (connection, { scopes } = {}) =>
      grants.connectionToken(grant, { connection, scopes: namesIn(scopes) }),
    userInfo: () => grants.userInfo(grant),
  };
}

/** What a machine is told instead. */
const NOBODYS: PersonsOwn = {
  connectionToken: () => refuseToMachine("no accounts"),
  userInfo: () => refuseToMachine("no profile"),
};

/**
 * A challenge makes a client ask for more scopes: a person may say yes, a machine was given all that
 * it has (ext-auth, oauth-client-credentials: step-up is optional). Pure.
 */
export function judgeFor(kind: CallerKind, verdict: Verdict): Verdict {
  if (kind === "person") return verdict;
  if (verdict.verdict === "step_up") return { verdict: "denied", missing: verdict.scopes };
  return verdict.verdict === "stale" ? { verdict: "denied", missing: [NO_PERSON] } : verdict;
}

const NO_PERSON = "a person who has signed in, which a machine cannot be";

/**
 * Anyone, where sign-in is off (`AUTH_ENABLED=false`, loopback only): nothing is checked, nobody is
 * known.
 */
export function anonymousCaller({ issuer, resource }: Config): Caller {
  const anyone: Caller = {
    grantId: undefined,
    permissions: () => NONE,
    judge: () => ({ verdict: "allowed" }),
    renewed: () => Promise.resolve({ caller: anyone, readsChallenges: false }),
    bind: sha256,
    auth: {
      kind: "person",
      userId: "anonymous",
      clientId: "anonymous",
      issuer,
      audience: resource,
      scopes: [],
      accessToken: refuseWithoutSignIn,
      tokenFor: refuseWithoutSignIn,
      connectionToken: refuseWithoutSignIn,
      userInfo: refuseWithoutSignIn,
    },
  };
  return anyone;
}

/** The sign-in that an access token was issued for. */
function signInOf({ auth_time: at, mfa_time: mfaAt }: AccessTokenClaims): SignIn {
  return { ...(at === undefined ? {} : { at }), ...(mfaAt === undefined ? {} : { mfaAt }) };
}

/** The grant an access token belongs to. */
export function grantOf(claims: AccessTokenClaims): TokenGrant {
  const organization = organizationIn(claims.aud);
  return {
    ...(organization === undefined ? {} : { organization }),
    userId: claims.sub,
    grantId: claims.grant_id,
    storeName: claims.grant_record,
    issuedAt: claims.iat,
    lifeSeconds: claims.exp - claims.iat,
  };
}

/**
 * What an access token allows. One whose permissions are of another list was issued by another
 * version of us: the grant's record tells, unless the client had asked for less than it allows, which
 * only the token knows.
 */
export function standingOf(
  claims: AccessTokenClaims,
  grants: Grants,
  { index, now }: { readonly index: PermissionIndex; readonly now: number },
): Standing | undefined | Promise<Standing> {
  const { list, held, granted, narrowed, withheld = NONE, limited } = claims.permissions;
  if (list !== index.list) return narrowed ? undefined : grants.standing(grantOf(claims));
  return {
    held: index.decode(held),
    granted: stillGranted(
      index.decode(granted),
      limited && { names: index.decode(limited.bits), until: limited.until },
      now,
    ),
    withheld,
  };
}

/** The scopes of an access token (RFC 6749 §3.3: separated by spaces). */
function scopesOf(claims: AccessTokenClaims): string[] {
  return claims.scope.split(" ").filter((scope) => scope !== "");
}

function refuseToMachine(what: string): Promise<never> {
  return Promise.reject(new ToolError(`A machine calls here: it has ${what}.`));
}

function refuseWithoutSignIn(): Promise<never> {
  return Promise.reject(
    new ToolError("Nobody is signed in: this server runs with AUTH_ENABLED=false."),
  );
}
