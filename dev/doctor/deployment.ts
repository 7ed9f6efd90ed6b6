/**
 * A deployment as clients meet it before they have a token: health, challenge, discovery documents
 * in every place where a client looks, host and issuer, what stands before it. Answers go in,
 * verdicts come out.
 */
import { type Answer, isAnswer, isObject, type NoAnswer, readObject, textOf } from "./answers.ts";
import { type Check, failure, ok, skipped, type Verdict, warning } from "./check.ts";
import { judgeClock, timeOf } from "./clock.ts";
import { describe, isOurs, judgeIntermediary, judgeSilence, placeInLog } from "./intermediary.ts";
import { organizationsOf } from "../../src/organizations.ts";
import type { Subject } from "./subject.ts";

const area = "Deployment";
const needs = ["deployment"];

export const DEPLOYMENT_CHECKS: readonly Check[] = [
  { id: "deployment", area, examine: withUrl(examineHealth) },
  { id: "deployment-clock", area, needs, examine: withUrl(examineClock) },
  { id: "readiness", area, needs, examine: withUrl(examineReadiness) },
  { id: "challenge", area, needs, examine: withUrl(examineChallenge) },
  { id: "resource-metadata", area, needs, examine: withUrl(examineResource) },
  { id: "organizations", area, needs, examine: withUrl(examineOrganizations) },
  { id: "server-metadata", area, needs, examine: withUrl(examineServer) },
  { id: "cors", area, needs, examine: withUrl(examineCors) },
  { id: "permissions-deployed", area, needs, examine: withUrl(examineScopes) },
];

export const RESOURCE_PATHS = [
  "/.well-known/oauth-protected-resource/mcp",
  "/.well-known/oauth-protected-resource",
];
export const SERVER_PATHS = [
  "/.well-known/oauth-authorization-server",
  "/.well-known/oauth-authorization-server/mcp",
  "/.well-known/openid-configuration",
  "/.well-known/openid-configuration/mcp",
  "/mcp/.well-known/openid-configuration",
];

/** The others are for clients that look in odd places. */
const SERVER_NEEDED = 3;

function withUrl<Result>(
  run: (subject: Subject, url: URL) => Promise<Result>,
): (subject: Subject) => Promise<Result | undefined> {
  return async (subject) => subject.url && run(subject, subject.url);
}

async function examineHealth({ ask }: Subject, url: URL): Promise<Verdict> {
  return judgeHealth(await ask(new URL("/health", url)));
}

/** Whether this Worker answers at all, and not what stands before it. */
export function judgeHealth(answer: Answer | NoAnswer): Verdict {
  if (!isAnswer(answer)) return judgeSilence("nothing answers there", answer);
  const before = judgeIntermediary(answer);
  if (before !== undefined) return before;
  if (answer.status === 500)
    return failure(
      "the Worker is not configured",
      "npx wrangler tail shows each problem by its name; npm run deploy uploads the variables.",
    );
  if (answer.status === 403)
    return failure(
      "the Worker does not answer to this host name",
      "RESOURCE_BASE_URL must be the address that clients use.",
    );
  if (!isObject(answer.json) || answer.json["status"] !== "ok")
    return failure(
      `something else answers there (${describe(answer)})`,
      "Compare the address with the one that npm run deploy printed.",
    );
  return ok("the Worker runs");
}

async function examineClock({ ask, now }: Subject, url: URL): Promise<Verdict> {
  return judgeClock("the deployment", timeOf(await ask(new URL("/health", url))), now());
}

async function examineReadiness({ ask }: Subject, url: URL): Promise<readonly Verdict[]> {
  const idle = await ask(new URL("/health", url), { method: "GET" });
  const ready = await ask(new URL("/ready", url));
  const wayMs = isAnswer(idle) && isAnswer(ready) ? ready.durationMs - idle.durationMs : 0;
  return [...judgeReadiness(ready), ...judgeDistance(wayMs)];
}

/** What the Worker itself can reach. */
export function judgeReadiness(answer: Answer | NoAnswer): readonly Verdict[] {
  const checks = isAnswer(answer) && isObject(answer.json) ? answer.json["checks"] : undefined;
  if (!isObject(checks)) return [failure("/ready does not answer", "npx wrangler tail shows why.")];
  const broken = Object.entries(checks).filter(([, found]) => found !== "ok");
  if (broken.length === 0) return [ok("the Worker reaches its store and Auth0")];
  return broken.map(([part, reason]) =>
    failure(
      `from the Worker: ${part} ${String(reason)}`,
      "docs/operations.md has each reason code.",
    ),
  );
}

const FAR_MS = 500;

/** One round from where the Worker runs to its store and to Auth0, side by side, at most. */
export function judgeDistance(wayMs: number): readonly Verdict[] {
  if (wayMs <= FAR_MS) return [];
  return [
    warning(
      `the Worker waits ${Math.round(wayMs)} ms for its store or Auth0`,
      "A database in a region far from your people: move it (docs/operations.md), or try Smart Placement in wrangler.toml.",
    ),
  ];
}

async function examineChallenge({ ask }: Subject, url: URL): Promise<Verdict> {
  return judgeChallenge(await ask(new URL("/mcp", url), initialize()), url);
}

/** The first message of an older client, which every server must answer. */
export function initialize(headers: Readonly<Record<string, string>> = {}) {
  return {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      ...headers,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: {
        protocolVersion: "2025-11-25",
        capabilities: {},
        clientInfo: { name: "npm-run-doctor", version: "1.0.0" },
      },
    }),
  } as const;
}

/** RFC 9728 §5.1: 401, and where the metadata is, as one absolute address at the same origin. */
export function judgeChallenge(answer: Answer | NoAnswer, url: URL): Verdict {
  if (!isAnswer(answer)) return judgeSilence("/mcp", answer);
  const before = judgeIntermediary(answer) ?? judgeTrouble(answer);
  if (before !== undefined) return before;
  if (answer.status === 200 && isOurs(answer))
    return warning("/mcp is open to everybody", "AUTH_ENABLED=false is for development.");
  const header = answer.headers.get("WWW-Authenticate") ?? "";
  const places = [...header.matchAll(/resource_metadata="([^"]*)"/g)].map(([, place]) => place);
  if (answer.status !== 401 || places.length === 0)
    return failure(
      `/mcp answers without a challenge (${describe(answer)})`,
      "A proxy before the Worker must pass requests, 401 and WWW-Authenticate unchanged.",
    );
  return judgePlaces(places, url);
}

/** The Worker's own refusal, though nobody has shown it anything yet. */
function judgeTrouble(answer: Answer): Verdict | undefined {
  if (!isOurs(answer) || (answer.status < 500 && answer.status !== 429)) return undefined;
  return failure(`the Worker answers ${answer.status}`, `Its reason: ${placeInLog(answer)}.`);
}

/** One address, absolute: a relative one is refused in silence (claude-ai-mcp#133). */
function judgePlaces(places: readonly (string | undefined)[], url: URL): Verdict {
  const [place = ""] = places;
  const told = URL.parse(place);
  if (places.length > 1 || told === null)
    return failure(
      `the challenge names ${places.length > 1 ? "two addresses" : "no whole address"}`,
      "A proxy must pass WWW-Authenticate unchanged.",
    );
  return told.origin === url.origin
    ? ok("/mcp asks for a token, and says where to get one")
    : failure(
        `the challenge sends clients to ${told.origin}, not to ${url.origin}`,
        "RESOURCE_BASE_URL must be the address that clients use; a proxy must pass headers unchanged.",
      );
}

async function examineResource({ ask }: Subject, url: URL): Promise<Verdict> {
  const answers = await Promise.all(RESOURCE_PATHS.map((path) => ask(new URL(path, url))));
  return judgeDocuments(RESOURCE_PATHS, answers) ?? judgeResource(answers.map(readObject), url);
}

/** Whether each is JSON, and says the same everywhere: clients look in different places. */
function judgeDocuments(
  paths: readonly string[],
  answers: readonly (Answer | NoAnswer)[],
): Verdict | undefined {
  for (const [index, path] of paths.entries()) {
    const answer = answers[index];
    if (answer === undefined || readObject(answer) !== undefined) continue;
    return judgeDocument(path, answer);
  }
  const texts = new Set(answers.map((answer) => isAnswer(answer) && answer.text));
  if (texts.size === 1) return undefined;
  return failure(
    `${paths.join(" and ")} differ`,
    "A proxy or cache before the Worker must leave /.well-known alone.",
  );
}

/** A document of `/.well-known` that is none. */
export function judgeDocument(path: string, answer: Answer | NoAnswer): Verdict {
  if (!isAnswer(answer)) return judgeSilence(path, answer);
  return failure(
    `${path} cannot be read (${describe(answer)})`,
    "A proxy must let all of /.well-known pass; a website's own fallback page must not answer there.",
  );
}

type Document = Readonly<Record<string, unknown>> | undefined;

/** RFC 9728 §3.3: the resource is the address that was asked for; one issuer, without a slash. */
export function judgeResource(documents: readonly Document[], url: URL): Verdict {
  const expected = `${url.origin}/mcp`;
  const others = documents.filter((document) => textOf(document, "resource") !== expected);
  if (others.length > 0)
    return failure(
      `the server calls itself ${textOf(others[0], "resource") ?? "nothing"}, not ${expected}`,
      "RESOURCE_BASE_URL must be the address that clients use: no slash at the end, no other host.",
    );
  const servers = documents[0]?.["authorization_servers"];
  return Array.isArray(servers) && servers[0] === url.origin
    ? ok("the resource metadata is right at both places")
    : failure(
        "the resource metadata names another authorization server",
        "RESOURCE_BASE_URL must be the address that clients use.",
      );
}

/** Each organization that the variables name has its own metadata, and names itself in it. */
async function examineOrganizations(
  { ask, config }: Subject,
  url: URL,
): Promise<Verdict | undefined> {
  const paths = (config === undefined ? [] : organizationsOf(config)).map(({ path }) => path);
  if (paths.length === 0) return undefined;
  const documents = await Promise.all(
    paths.map(async (path) => {
      const place = new URL(`/.well-known/oauth-protected-resource${path}`, url);
      return readObject(await ask(place));
    }),
  );
  const wrong = paths.filter(
    (path, index) => textOf(documents[index], "resource") !== url.origin + path,
  );
  return wrong.length === 0
    ? ok(`${paths.length} organizations are served: ${paths.join(", ")}`)
    : failure(
        `${wrong.join(" and ")} is not served`,
        "AUTH0_ORGANIZATIONS of the deployment is another list: npm run deploy.",
      );
}

async function examineServer({ ask }: Subject, url: URL): Promise<Verdict> {
  const answers = await Promise.all(SERVER_PATHS.map((path) => ask(new URL(path, url))));
  const needed = answers.slice(0, SERVER_NEEDED);
  return (
    judgeDocuments(SERVER_PATHS.slice(0, SERVER_NEEDED), needed) ??
    judgeServer(answers.map(readObject), url)
  );
}

const ENDPOINTS = ["authorization_endpoint", "token_endpoint", "registration_endpoint"];

/** RFC 8414 §3.3: the issuer to the letter; endpoints at its origin; S256. */
export function judgeServer(documents: readonly Document[], url: URL): Verdict {
  for (const document of documents) {
    if (document === undefined) continue;
    const issuer = textOf(document, "issuer");
    if (issuer !== url.origin)
      return failure(
        `the authorization server calls itself ${issuer}, not ${url.origin}`,
        "RESOURCE_BASE_URL must be the address that clients use, without a slash at the end.",
      );
    const elsewhere = ENDPOINTS.filter(
      (name) =>
        document[name] !== undefined &&
        URL.parse(textOf(document, name) ?? "")?.origin !== url.origin,
    );
    if (elsewhere.length > 0)
      return failure(
        `${elsewhere.join(", ")} is at another host`,
        "RESOURCE_BASE_URL must be the address that clients use.",
      );
  }
  const methods = documents[0]?.["code_challenge_methods_supported"];
  return Array.isArray(methods) && methods.includes("S256")
    ? ok(`the server metadata is right at ${documents.filter(Boolean).length} places`)
    : failure("the server metadata does not offer S256", "Another server answers there.");
}

async function examineCors({ ask }: Subject, url: URL): Promise<Verdict> {
  const answer = await ask(new URL("/mcp", url), {
    method: "OPTIONS",
    headers: {
      Origin: "http://localhost:6274",
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "authorization,content-type,mcp-protocol-version",
    },
  });
  return judgeCors(answer);
}

/** Clients in web pages, such as MCP Inspector, ask first. */
export function judgeCors(answer: Answer | NoAnswer): Verdict {
  const isAllowed =
    isAnswer(answer) &&
    answer.status < 300 &&
    answer.headers.get("Access-Control-Allow-Origin") !== null;
  return isAllowed
    ? ok("clients in web pages may ask")
    : warning(
        "clients in web pages may not ask",
        "Intended with ALLOWED_ORIGINS; else a proxy must pass OPTIONS unchanged.",
      );
}

async function examineScopes(
  { ask, permissions }: Subject,
  url: URL,
): Promise<Verdict | undefined> {
  if (permissions === undefined) return undefined;
  return judgeScopes(readObject(await ask(new URL(SERVER_PATHS[0] ?? "", url))), permissions);
}

/** Whether what is deployed are the tools that are here. */
export function judgeScopes(document: Document, permissions: readonly string[]): Verdict {
  const scopes = document?.["scopes_supported"];
  if (!Array.isArray(scopes)) return skipped("the deployment does not tell its permissions");
  const missing = permissions.filter((name) => !scopes.includes(name));
  return missing.length === 0
    ? ok("the tools here are those that are deployed, as far as permissions tell")
    : warning(`the deployment does not know ${missing.join(", ")} yet`, "npm run deploy");
}
