/**
 * The way of one client, request by request, against a deployment: where it would stop, and why. A
 * profile and an address go in, a verdict for each step comes out, up to the first that fails. What
 * it registers is never used and ends within a day.
 */
import { randomBytes } from "node:crypto";
import { calculatePKCECodeChallenge } from "oauth4webapi";
import { isLoopbackUrl } from "../../src/variables.ts";
import {
  type Answer,
  type Ask,
  isAnswer,
  isObject,
  type NoAnswer,
  readObject,
  textOf,
} from "./answers.ts";
import { signIn } from "./browser.ts";
import { type Check, failure, ok, skipped, type Verdict } from "./check.ts";
import { type ClientProfile, CLIENTS } from "./clients.ts";
import { initialize, judgeChallenge, judgeDocument } from "./deployment.ts";
import { isOurs } from "./intermediary.ts";
import {
  judgeCall,
  judgeConsent,
  judgeForbidden,
  judgeMetadata,
  judgeRefusal,
  judgeStop,
  REGISTRATION_FIXES,
  SIGN_IN_FIXES,
} from "./walk-verdicts.ts";
import type { Subject } from "./subject.ts";

type Fields = Readonly<Record<string, unknown>>;

export const WALK_CHECKS: readonly Check[] = [{ id: "client", area: "Client", examine: walk }];

/** One client on its way, and what it has learnt so far. */
interface Walker {
  readonly profile: ClientProfile;
  readonly url: URL;
  readonly ask: Ask;
  /** The person's browser, which has none of the client's habits. */
  readonly browse: Ask;
  /** Who signs in; nobody when only the way to the consent page is gone. */
  readonly login: Subject["login"];
  readonly found: {
    challenge?: Answer;
    resource?: Fields;
    server?: Fields;
    client?: Fields;
    redirectUri: string;
    verifier: string;
    state: string;
    code?: string;
    tokens?: Fields;
  };
}

/** A verdict; a step that is right lets the next one follow. */
type Step = readonly [name: string, take: (walker: Walker) => Promise<Verdict>];

const STEPS: readonly Step[] = [
  ["comes without a token", comeWithoutToken],
  ["reads the resource metadata", readResource],
  ["reads the server metadata", readServer],
  ["registers", register],
  ["opens the consent page", openConsent],
];

const SIGNED_IN_STEPS: readonly Step[] = [
  ["signs in", signInAs],
  ["exchanges the code", exchange],
  ["calls with its token", callWithToken],
  ["lists the tools", listTools],
  ["renews its token", renew],
];

async function walk(subject: Subject): Promise<readonly Verdict[] | undefined> {
  const { client, url, ask, login } = subject;
  if (client === undefined || url === undefined) return undefined;
  const profile = CLIENTS[client];
  const walker: Walker = {
    profile,
    url,
    ask: withHabits(ask, profile, url),
    browse: ask,
    login,
    found: {
      redirectUri: profile.redirectUri,
      verifier: randomBytes(32).toString("base64url"),
      state: randomBytes(16).toString("base64url"),
    },
  };
  const steps = login === undefined ? STEPS : [...STEPS, ...SIGNED_IN_STEPS];
  const verdicts: Verdict[] = [];
  for (const [index, [name, take]] of steps.entries()) {
    const verdict = await take(walker).catch(judgeStop);
    const says = `${index + 1}. ${profile.title} ${name}: ${verdict.says}`;
    verdicts.push({ ...verdict, says });
    if (verdict.status === "failure") return verdicts;
  }
  return login === undefined
    ? [
        ...verdicts,
        skipped(
          "the rest needs somebody to sign in",
          "--login, or --login --person ada at the local tenant.",
        ),
      ]
    : verdicts;
}

/** Its user agent, and its page's origin: a page elsewhere may not call a server on this machine. */
function withHabits(ask: Ask, { userAgent, origin }: ClientProfile, url: URL): Ask {
  const hasOrigin = origin !== undefined && !isLoopbackUrl(url);
  const habits = { "User-Agent": userAgent, ...(hasOrigin ? { Origin: origin } : {}) };
  return (url, question = {}) =>
    ask(url, { ...question, headers: { ...habits, ...question.headers } });
}

async function comeWithoutToken({ ask, url, found }: Walker): Promise<Verdict> {
  const answer = await ask(new URL("/mcp", url), initialize());
  if (isAnswer(answer) && isOurs(answer) && answer.status === 403) return judgeForbidden(answer);
  if (isAnswer(answer)) found.challenge = answer;
  return judgeChallenge(answer, url);
}

async function readResource({ ask, url, found }: Walker): Promise<Verdict> {
  const header = found.challenge?.headers.get("WWW-Authenticate") ?? "";
  const place = /resource_metadata="([^"]*)"/.exec(header)?.[1] ?? "";
  const answer = await ask(URL.parse(place) ?? new URL("/", url));
  const document = readObject(answer);
  const resource = textOf(document, "resource");
  if (document === undefined || resource === undefined) return judgeDocument(place, answer);
  found.resource = document;
  return resource === `${url.origin}/mcp`
    ? ok(resource)
    : failure(
        `the server calls itself ${resource}`,
        "RESOURCE_BASE_URL must be the address that clients use.",
      );
}

async function readServer({ ask, url, found, profile }: Walker): Promise<Verdict> {
  const issuers = found.resource?.["authorization_servers"];
  const issuer = Array.isArray(issuers) ? String(issuers[0]) : url.origin;
  const tried: Verdict[] = [];
  for (const path of profile.serverMetadata) {
    const answer = await ask(new URL(path, issuer));
    const document = readObject(answer);
    if (document === undefined) {
      tried.push(judgeDocument(path, answer));
      continue;
    }
    found.server = document;
    return judgeMetadata(document, issuer, profile) ?? ok(`${path}, issuer ${issuer}`);
  }
  const says = tried.map((verdict) => verdict.says).join("; ");
  return failure(`no metadata: ${says}`, tried[0]?.fix ?? "A proxy must let /.well-known pass.");
}

async function register({ ask, url, found, profile }: Walker): Promise<Verdict> {
  const endpoint = textOf(found.server, "registration_endpoint");
  if (endpoint === undefined)
    return failure(
      "the server takes no registrations",
      "DYNAMIC_REGISTRATION=false: give the client an id of PREREGISTERED_CLIENTS by hand.",
    );
  const answer = await ask(new URL(endpoint, url), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...profile.registration, redirect_uris: [profile.redirectUri] }),
  });
  const client =
    isAnswer(answer) && answer.status === 201 && isObject(answer.json) ? answer.json : undefined;
  if (client === undefined) return judgeRefusal(answer, REGISTRATION_FIXES);
  found.client = client;
  found.redirectUri = profile.usedRedirectUri ?? profile.redirectUri;
  return ok(`${profile.redirectUri} is registered`);
}

async function openConsent(walker: Walker): Promise<Verdict> {
  const headers = { Accept: "text/html" };
  return judgeConsent(await walker.browse(await authorizationUrl(walker), { headers }));
}

async function authorizationUrl({ url, found, profile }: Walker): Promise<URL> {
  const start = new URL(textOf(found.server, "authorization_endpoint") ?? "/authorize", url);
  start.search = new URLSearchParams({
    response_type: "code",
    client_id: textOf(found.client, "client_id") ?? "",
    redirect_uri: found.redirectUri,
    code_challenge: await calculatePKCECodeChallenge(found.verifier),
    code_challenge_method: "S256",
    state: found.state,
    resource: resourceOf(profile, url),
    ...scopeOf(found.resource),
  }).toString();
  return start;
}

function resourceOf({ resource }: ClientProfile, url: URL): string {
  return resource === "exact" ? `${url.origin}/mcp` : `${url.origin}/`;
}

function scopeOf(resource: Fields | undefined): { readonly scope?: string } {
  const scopes = resource?.["scopes_supported"];
  return Array.isArray(scopes) ? { scope: scopes.join(" ") } : {};
}

async function signInAs(walker: Walker): Promise<Verdict> {
  const { found, login } = walker;
  // A browser here brings the answer here; one of its own cannot follow an address of an application.
  const isWeb = /^https?:/.test(found.redirectUri);
  if (login?.person === undefined && !(login?.account !== undefined && isWeb))
    await comeBackHere(walker);
  const redirectUri = new URL(found.redirectUri);
  const back = await signIn({
    start: await authorizationUrl(walker),
    redirectUri,
    ...login,
  });
  const { searchParams } = back;
  const code = searchParams.get("code");
  const error = searchParams.get("error");
  if (code === null)
    return failure(
      `sent back with ${error ?? "nothing"}`,
      error === null
        ? "A proxy before the Worker must pass Location unchanged, its query included."
        : (SIGN_IN_FIXES[error] ?? "npx wrangler tail: the line of /auth/callback has the reason."),
    );
  if (searchParams.get("state") !== found.state)
    return failure("its state came back changed", "A proxy must pass addresses unchanged.");
  found.code = code;
  return ok(`and is sent back to ${redirectUri.protocol}//${redirectUri.host}`);
}

/** A browser on this machine brings the answer here: the same client with one address more. */
async function comeBackHere({ ask, url, found, profile }: Walker): Promise<void> {
  const here = "http://127.0.0.1:17173/callback";
  const answer = await ask(
    new URL(textOf(found.server, "registration_endpoint") ?? "/register", url),
    {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...profile.registration, redirect_uris: [profile.redirectUri, here] }),
    },
  );
  if (isAnswer(answer) && isObject(answer.json)) found.client = answer.json;
  found.redirectUri = here;
}

async function exchange(walker: Walker): Promise<Verdict> {
  const { found } = walker;
  const answer = await askForTokens(walker, {
    grant_type: "authorization_code",
    code: found.code ?? "",
    code_verifier: found.verifier,
    redirect_uri: found.redirectUri,
  });
  return keepTokens(walker, answer);
}

async function renew(walker: Walker): Promise<Verdict> {
  const refreshToken = textOf(walker.found.tokens, "refresh_token");
  if (refreshToken === undefined)
    return failure("it got no refresh token", "Auth0 gives none: Allow Offline Access of the API.");
  const form = { grant_type: "refresh_token", refresh_token: refreshToken };
  const verdict = keepTokens(walker, await askForTokens(walker, form));
  return verdict.status === "failure" ? verdict : callWithToken(walker);
}

function keepTokens({ found }: Walker, answer: Answer | NoAnswer): Verdict {
  const tokens = readObject(answer);
  if (tokens === undefined)
    return judgeRefusal(answer, {
      invalid_client: "It authenticates as its registration says; a proxy must pass Authorization.",
      invalid_request: "A proxy must pass the form and its Content-Type unchanged.",
      invalid_grant:
        "The code or the session is gone: a store for each region, or one that was emptied?",
      invalid_target: "RESOURCE_BASE_URL must be the address that clients use.",
      temporarily_unavailable: "Auth0 or the store: --url without --as says which.",
    });
  found.tokens = tokens;
  return ok(`${String(tokens["expires_in"])} s long`);
}

function askForTokens(walker: Walker, form: Readonly<Record<string, string>>) {
  const { ask, url, found, profile } = walker;
  const id = textOf(found.client, "client_id") ?? "";
  const secret = textOf(found.client, "client_secret") ?? "";
  const isBasic = profile.authentication.startsWith("basic");
  const named = profile.authentication === "basic" ? {} : { client_id: id };
  const proof = profile.authentication === "post" ? { client_secret: secret } : {};
  return ask(new URL(textOf(found.server, "token_endpoint") ?? "/token", url), {
    method: "POST",
    headers: isBasic ? { Authorization: `Basic ${btoa(`${id}:${secret}`)}` } : {},
    body: new URLSearchParams({ ...form, ...named, ...proof, resource: resourceOf(profile, url) }),
  });
}

async function callWithToken({ ask, url, found }: Walker): Promise<Verdict> {
  const answer = await ask(new URL("/mcp", url), initialize(bearerOf(found.tokens)));
  return judgeCall(answer);
}

async function listTools({ ask, url, found, profile }: Walker): Promise<Verdict> {
  const answer = await ask(new URL("/mcp", url), {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": profile.protocolVersion,
      ...bearerOf(found.tokens),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 2, method: "tools/list" }),
  });
  const verdict = judgeCall(answer);
  if (!isAnswer(answer) || verdict.status === "failure") return verdict;
  const names = [...answer.text.matchAll(/"name":"([\w.-]+)"/g)].map(([, name]) => name);
  return names.length > 0
    ? ok(`${names.length} tools`)
    : failure("this person sees no tool", "Give them a role with the permissions of the tools.");
}

function bearerOf(tokens: Fields | undefined): Readonly<Record<string, string>> {
  return { Authorization: `Bearer ${textOf(tokens, "access_token") ?? ""}` };
}
