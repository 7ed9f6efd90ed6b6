/**
 * `npm run doctor -- --as`: the way of each client, whole and broken. The Worker, its tenant and its
 * store are real; between client and Worker stands a proxy that does what proxies do.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CLIENT_NAMES, type ClientName } from "../../dev/doctor/arguments.ts";
import { examine, type Finding } from "../../dev/doctor/check.ts";
import { CHECKS } from "../../dev/doctor/checks.ts";
import { createSubject, type Subject } from "../../dev/doctor/subject.ts";
import { type Habit, type Intermediary, type Passing, stand } from "../support/before-worker.ts";
import { type House, randomKey, startHouse } from "../support/house.ts";
import { freePort } from "../support/port.ts";

let house: House;
let proxy: Intermediary;
let origin: string;
/** Workers with another key, or another idea of their address. */
let others: Readonly<Record<"key" | "address", string>>;

beforeAll(async () => {
  const port = await freePort();
  origin = `http://localhost:${port}`;
  house = await startHouse({ variables: { RESOURCE_BASE_URL: origin } });
  proxy = await stand(port, () => house.url);
  const [key, address] = await Promise.all([
    house.startAnother({ JWT_SIGNING_KEY: randomKey() }),
    house.startAnother({ RESOURCE_BASE_URL: house.url }),
  ]);
  others = { key: key.url, address: address.url };
});
afterAll(async () => {
  proxy.close();
  await house.stop();
});
beforeEach(() => proxy.does({}));

/** The findings about one client's way. */
async function go(client: ClientName, options: Partial<Subject> = {}): Promise<readonly Finding[]> {
  const subject = createSubject({
    variables: {},
    file: "none",
    url: new URL(origin),
    isForDeployment: false,
    login: { person: "ada" },
    client,
    looksAtDirectories: false,
    environmentName: undefined,
    managementToken: undefined,
    tools: undefined,
    permissions: undefined,
    ...options,
  });
  return examine(
    CHECKS.filter(({ id }) => id === "client"),
    subject,
  );
}

it.each(CLIENT_NAMES)("%s goes the whole way", async (client) => {
  const found = await go(client);
  expect(found.filter(({ status }) => status !== "ok")).toEqual([]);
  expect(found).toHaveLength(10);
});

it("without a person it stops at the consent page, and says so", async () => {
  const found = await go("cursor", { login: undefined });
  expect(found.map(({ status }) => status)).toEqual(["ok", "ok", "ok", "ok", "ok", "skipped"]);
});

const FORBIDDEN = {
  status: 403,
  headers: { "content-type": "text/html", server: "nginx" },
  body: "<html><h1>403 Forbidden</h1></html>",
};
const isWith = (path: string) => (passing: Passing) => passing.path === path;
const isWellKnown = ({ path }: Passing) => path.startsWith("/.well-known");
const refuse = (fits: (passing: Passing) => unknown, answer: object = FORBIDDEN): Habit => ({
  answer: (passing) => (fits(passing) ? answer : undefined),
});
/** A header of the request that does not arrive. */
const drop = (name: string): Habit => ({
  answer: ({ headers }) => void delete headers[name],
});
const rewrite = (
  fits: (passing: Passing) => unknown,
  from: string | RegExp,
  to: string,
): Habit => ({
  change: (returning, passing) => {
    if (fits(passing)) returning.body = returning.body.replaceAll(from, to);
  },
});
const rewriteHeader = (name: string, from: string | RegExp, to: string): Habit => ({
  change: ({ headers }) => {
    const value = headers[name];
    if (typeof value === "string") headers[name] = value.replace(from, to);
  },
});

type Stop = readonly [what: string, client: ClientName, Habit, says: RegExp, fix: RegExp];

const METADATA = ({ path }: Passing) => /oauth-authorization-server|openid/.test(path);

describe("stops, and says where and why:", () => {
  it.each<Stop>([
    [
      "a firewall before everything",
      "claude",
      refuse(() => true),
      /^1\. .*a firewall or proxy .*\(403, HTML, nginx\)/,
      /Security/,
    ],
    [
      "a firewall that does not like its name",
      "python",
      refuse(({ headers }) => /python/.test(headers["user-agent"] ?? "")),
      /^1\. .*a firewall/,
      /Events/,
    ],
    [
      "Cloudflare's browser check",
      "python",
      refuse(() => true, { status: 403, body: "error code: 1010" }),
      /^1\. .*error 1010/,
      /Browser Integrity Check/,
    ],
    [
      "a challenge for browsers",
      "chatgpt",
      refuse(() => true, { status: 403, headers: { "cf-mitigated": "challenge" } }),
      /^1\. .*challenges clients/,
      /bot fight/,
    ],
    [
      "a redirect to a slash",
      "cursor",
      refuse(isWith("/mcp"), { status: 301, headers: { location: "https://a.test/mcp/" } }),
      /^1\. .*redirects \(301 to https:\/\/a\.test\/mcp\/\)/,
      /RESOURCE_BASE_URL/,
    ],
    [
      "a proxy that drops the challenge",
      "codex",
      { change: ({ headers }) => void delete headers["www-authenticate"] },
      /^1\. .*without a challenge \(401\)/,
      /WWW-Authenticate/,
    ],
    [
      "a challenge with a relative address",
      "claude",
      rewriteHeader("www-authenticate", /(resource_metadata=")http:..[^/]*/, "$1"),
      /^1\. .*no whole address/,
      /unchanged/,
    ],
    [
      "a challenge that names an inner address",
      "claude",
      rewriteHeader("www-authenticate", /(resource_metadata=")http:..[^/]*/, "$1http://10.0.0.1"),
      /^1\. .*sends clients to http:\/\/10\.0\.0\.1/,
      /RESOURCE_BASE_URL/,
    ],
    [
      "a page application at /.well-known",
      "chatgpt",
      refuse(isWellKnown, { status: 200, body: "<!doctype html>" }),
      /^2\. .*cannot be read \(200, HTML\)/,
      /fallback page/,
    ],
    [
      "another resource",
      "cursor",
      rewrite(isWellKnown, /"resource":"[^"]*"/g, '"resource":"https://a.test/mcp"'),
      /^2\. .*calls itself https:\/\/a\.test\/mcp/,
      /RESOURCE_BASE_URL/,
    ],
    [
      "no server metadata",
      "codex",
      refuse(METADATA, { status: 404 }),
      /^3\. .*no metadata: .*\(404, empty\)/,
      /well-known/,
    ],
    [
      "another issuer: one slash",
      "python",
      rewrite(METADATA, /"issuer":"([^"]*)"/g, '"issuer":"$1/"'),
      /^3\. .*the issuer is .*\/, announced/,
      /without a slash/,
    ],
    [
      "an endpoint at an inner host",
      "claude",
      rewrite(METADATA, /"token_endpoint":"[^"]*"/g, '"token_endpoint":"http://10.0.0.1/token"'),
      /^3\. .*token_endpoint is at another host/,
      /RESOURCE_BASE_URL/,
    ],
    [
      "a method of authentication that is not offered",
      "claude",
      rewrite(METADATA, '"client_secret_post",', ""),
      /^3\. .*offers no client_secret_post/,
      /rewrites/,
    ],
    [
      "a rate limit of the zone",
      "cursor",
      refuse(isWith("/register"), { status: 429, body: "error code: 1015" }),
      /^4\. .*error 1015/,
      /Rate limiting rules/,
    ],
    [
      "a refusal of its registration",
      "cursor",
      refuse(isWith("/register"), {
        status: 400,
        headers: { "x-request-id": "a-1" },
        body: '{"error":"invalid_redirect_uri"}',
      }),
      /^4\. .*400 invalid_redirect_uri/,
      /ALLOWED_REDIRECT_URIS.*request a-1/,
    ],
    [
      "a firewall that sees an attack in a loopback address",
      "codex",
      refuse(({ target }) => target.includes("127.0.0.1")),
      /^5\. .*a firewall/,
      /\/authorize/,
    ],
    [
      "a cache that drops cookies",
      "claude",
      { change: ({ headers }) => void delete headers["set-cookie"] },
      /^5\. .*sets no cookie/,
      /Set-Cookie/,
    ],
    ["a proxy that drops cookies", "claude", drop("cookie"), /^6\. .*start again/, /Cookie/],
    [
      "an answer without its query",
      "chatgpt",
      rewriteHeader("location", /(connector\/oauth\/[\w-]+)\?.*/, "$1"),
      /^6\. .*sent back with nothing/,
      /Location/,
    ],
    [
      "another state",
      "claude",
      rewriteHeader("location", /(auth_callback.*state=)[^&]*/, "$1x"),
      /^6\. .*state came back changed/,
      /unchanged/,
    ],
    [
      "a firewall before the token",
      "python",
      refuse(isWith("/token")),
      /^7\. .*a firewall/,
      /\/token/,
    ],
    [
      "something else at the token",
      "codex",
      refuse(isWith("/token"), { status: 200, body: "<html>" }),
      /^7\. .*no answer of an OAuth server \(200, HTML\)/,
      /pass \/register and \/token/,
    ],
    [
      "a proxy that drops what authenticates it",
      "python",
      drop("authorization"),
      /^7\. .*401 invalid_client/,
      /Authorization/,
    ],
    [
      "a firewall before the token's use: 403 in JSON",
      "chatgpt",
      refuse(({ path, headers }) => path === "/mcp" && headers.authorization, {
        status: 403,
        body: '{"message":"Forbidden"}',
      }),
      /^8\. .*a firewall/,
      /\/mcp/,
    ],
    [
      "a proxy that drops the token",
      "cursor",
      drop("authorization"),
      /^8\. .*401$/,
      /did not arrive.*Authorization/,
    ],
    [
      "another key at /mcp",
      "claude",
      { leadTo: ({ path, headers }) => lead(path, headers.authorization, "key") },
      /^8\. .*503/,
      /JWT_SIGNING_KEY/,
    ],
    [
      "another address, so another issuer and audience, at /mcp",
      "codex",
      {
        answer: ({ path, headers }) => {
          if (path === "/mcp" && headers.authorization) headers.host = new URL(others.address).host;
          return undefined;
        },
        leadTo: ({ path, headers }) => lead(path, headers.authorization, "address"),
      },
      /^8\. .*401 invalid_token/,
      /Issuer and audience/,
    ],
    [
      "an empty answer",
      "python",
      {
        change: (returning, { path }) =>
          path === "/mcp" && returning.status === 200 && empty(returning),
      },
      /^8\. .*200, empty/,
      /the reason/,
    ],
  ])("%s (%s)", async (_, client, habit, says, fix) => {
    proxy.does(habit);
    const found = await go(client);
    expect(found.slice(0, -1).filter(({ status }) => status !== "ok")).toEqual([]);
    expect(found.at(-1)).toMatchObject({
      status: "failure",
      says: expect.stringMatching(says),
      fix: expect.stringMatching(fix),
    });
  });
});

function lead(path: string, token: string | undefined, to: keyof typeof others) {
  return path === "/mcp" && token !== undefined ? others[to] : undefined;
}

function empty(returning: { body: string }): void {
  returning.body = "";
}

describe("stops at Auth0's settings:", () => {
  it.each([
    [
      "RBAC is off",
      { api: { enforce_policies: false } },
      /^6\. .*503, “Auth0 sent no permissions”/,
    ],
    [
      "HS256",
      { api: { signing_alg: "HS256" } },
      /^6\. .*503, “Auth0 signs with the wrong algorithm”/,
    ],
  ] as const)("%s", async (_, changes, says) => {
    house.tenant.control.configure(changes);
    const found = await go("claude");
    house.tenant.control.clear();
    expect(found.at(-1)).toMatchObject({
      status: "failure",
      says: expect.stringMatching(says),
      fix: expect.stringMatching(/--login/),
    });
  });

  it("a person who says no", async () => {
    expect((await go("claude", { login: { person: "deny" } })).at(-1)).toMatchObject({
      status: "failure",
      says: expect.stringMatching(/^6\. .*access_denied/),
    });
  });
});
