/**
 * A deployment as clients meet it before they have a token: health, challenge, discovery documents
 * in every place where a client looks, host and issuer, what stands before it. Answers go in,
 * verdicts come out.
 */
import { type Answer, isAnswer, isObject, type NoAnswer, readObject, textOf } from "./answers.ts";
import { type Check, failure, ok, skipped, type Verdict, warning } from "./check.ts";
import { organizationsOf } from "../../src/organizations.ts";
import type { Subject } from "./subject.ts";

const area = "Deployment";
const needs = ["deployment"];

export const DEPLOYMENT_CHECKS: readonly Check[] = [
  { id: "deployment", area, examine: withUrl(examineHealth) },
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
  if (!isAnswer(answer))
    return failure(
      `nothing answers there (${answer.failure})`,
      "Deploy first (npm run deploy), and attach the host: routes in wrangler.toml. DNS may take minutes.",
    );
  const before = judgeObstacle(answer);
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
      `something else answers there (${answer.status})`,
      "Compare the address with the one that npm run deploy printed.",
    );
  return ok("the Worker runs");
}

/** What stands before a Worker and answers in its place: it stops clients, which have no browser. */
export function judgeObstacle({ headers, status, text }: Answer): Verdict | undefined {
  if (headers.get("cf-mitigated") === "challenge" || /cf-chl|challenge-platform/.test(text))
    return failure(
      "Cloudflare challenges clients before the Worker sees them",
      "Cloudflare → your zone → Security: a rule that skips bot fight mode and challenges for this host.",
    );
  if (
    status === 403 &&
    /cloudflare|access denied|attention required/i.test(text) &&
    !text.startsWith("{")
  )
    return failure(
      "a firewall before the Worker refuses clients",
      "Cloudflare → your zone → Security → Events names the rule; let /mcp, /token, /register and /.well-known pass.",
    );
  if (
    (status === 302 || status === 303) &&
    /cloudflareaccess\.com/.test(headers.get("Location") ?? "")
  )
    return failure(
      "Cloudflare Access stands before the Worker",
      "MCP clients cannot sign in there: remove the application for this host, or bypass it.",
    );
  return undefined;
}

async function examineReadiness({ ask }: Subject, url: URL): Promise<readonly Verdict[]> {
  return judgeReadiness(await ask(new URL("/ready", url)));
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
  if (!isAnswer(answer)) return failure(`/mcp does not answer (${answer.failure})`, "Try again.");
  const before = judgeObstacle(answer);
  if (before !== undefined) return before;
  if (answer.status === 200)
    return warning("/mcp is open to everybody", "AUTH_ENABLED=false is for development.");
  const header = answer.headers.get("WWW-Authenticate") ?? "";
  const places = [...header.matchAll(/resource_metadata="([^"]*)"/g)].map(([, place]) => place);
  if (answer.status !== 401 || places.length === 0)
    return failure(
      `/mcp answers ${answer.status} without a challenge`,
      "A proxy before the Worker must pass 401 and WWW-Authenticate unchanged.",
    );
  const isRight = places.length === 1 && URL.parse(places[0] ?? "")?.origin === url.origin;
  return isRight
    ? ok("/mcp asks for a token, and says where to get one")
    : failure(
        "the challenge names another address than this one",
        "RESOURCE_BASE_URL must be the address that clients use.",
      );
}

async function examineResource({ ask }: Subject, url: URL): Promise<Verdict> {
  const answers = await Promise.all(RESOURCE_PATHS.map((path) => ask(new URL(path, url))));
  return judgeResource(answers.map(readObject), url);
}

type Document = Readonly<Record<string, unknown>> | undefined;

/** RFC 9728 §3.3: the resource is the address that was asked for; one issuer, without a slash. */
export function judgeResource(documents: readonly Document[], url: URL): Verdict {
  const missing = RESOURCE_PATHS.filter((_, index) => documents[index] === undefined);
  if (missing.length > 0)
    return failure(
      `${missing.join(" and ")} cannot be read`,
      "A proxy must let /.well-known pass.",
    );
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
  return judgeServer(answers.map(readObject), url);
}

const ENDPOINTS = ["authorization_endpoint", "token_endpoint", "registration_endpoint"];

/** RFC 8414 §3.3: the issuer to the letter; endpoints at its origin; S256. */
export function judgeServer(documents: readonly Document[], url: URL): Verdict {
  const needed = SERVER_PATHS.slice(0, 3);
  const missing = needed.filter((_, index) => documents[index] === undefined);
  if (missing.length > 0)
    return failure(
      `${missing.join(" and ")} cannot be read`,
      "A proxy must let /.well-known pass.",
    );
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
