/**
 * Authorization requests that must not be answered as they ask: what ends on a page, and what goes
 * back to the client.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectErrorPage } from "../support/error-page.ts";
import { type House, startHouse } from "../support/house.ts";
import {
  type Attempt,
  json,
  locationOf,
  meetStranger,
  type Stranger,
} from "../support/stranger.ts";
import { visit } from "../support/tenant.ts";

const REDIRECT_URIS = [
  "http://127.0.0.1:9/callback",
  "http://localhost:8080/callback",
  "https://client.example/callback",
];

let house: House;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse();
  client = await meetStranger(`${house.issuer}/mcp`, { redirect_uris: REDIRECT_URIS });
});
afterAll(() => house.stop());

describe("a request whose redirect URI is not exactly a registered one ends on a page", () => {
  it.each([
    ["another path", "https://client.example/other"],
    ["a longer path", "https://client.example/callback/"],
    ["a shorter path", "https://client.example/call"],
    ["a path that leads back", "https://client.example/x/../callback"],
    ["an encoded path", "https://client.example/%63allback"],
    ["a query", "https://client.example/callback?next=evil"],
    ["a fragment", "https://client.example/callback#"],
    ["a user", "https://client.example@evil.example/callback"],
    ["another host", "https://evil.example/callback"],
    ["a longer host", "https://client.example.evil.example/callback"],
    ["another scheme", "http://client.example/callback"],
    ["the same in capitals", "HTTPS://CLIENT.example/callback"],
    ["the default port", "https://client.example:443/callback"],
    ["another port elsewhere than on loopback", "https://client.example:8443/callback"],
    ["another loopback host", "http://[::1]:9/callback"],
    ["another loopback address", "http://127.0.0.2:9/callback"],
    ["another path on loopback", "http://127.0.0.1:9/other"],
    ["https on loopback", "https://127.0.0.1:9/callback"],
    ["a loopback address in capitals", "http://LOCALHOST:8080/callback"],
    ["a loopback address in short", "http://127.1:9/callback"],
    ["a loopback address as a number", "http://2130706433:9/callback"],
    ["a path on loopback that leads back", "http://127.0.0.1:9/x/../callback"],
    ["an encoded path on loopback", "http://127.0.0.1:9/%2e/callback"],
    ["a backslash on loopback", "http://127.0.0.1:9\\callback"],
    ["an empty query on loopback", "http://127.0.0.1:9/callback?"],
    ["a user on loopback", "http://evil@127.0.0.1:9/callback"],
    ["a line break", "https://client.example/callback\r\nLocation: https://evil.example"],
    ["a script", "javascript:alert(1)"],
    ["data", "data:text/html,hello"],
    ["nothing", ""],
  ])("%s", async (_case, redirect_uri) => {
    await expectErrorPage(await open({ redirect_uri }), "authorization_invalid");
  });

  it.each([
    ["https://client.example/other", "its path differs"],
    ["https://evil.example/callback", "its host differs"],
    ["https://client.example:8443/callback", "its port differs"],
    ["http://client.example/callback", "must be https, or http on a loopback host"],
    ["javascript:alert(1)", "is in a scheme that is never allowed"],
    ["", "is missing"],
  ])("and page and log say for its maker what is wrong with %s", async (redirect_uri, problem) => {
    const html = await expectErrorPage(await open({ redirect_uri }), "authorization_invalid");
    expect(html).toMatch(/redirect_uri (?:is|must)/);
    expect(html).toContain(problem);
    expect(house.log.at(-1)).toMatchObject({
      reason: "authorization_invalid",
      parameter: "redirect_uri",
      problem: expect.stringContaining(problem),
    });
  });

  it("also when there is something else to complain about", async () => {
    const redirect_uri = "https://evil.example/callback";
    await expectErrorPage(
      await open({ redirect_uri, code_challenge: undefined }),
      "authorization_invalid",
    );
    await expectErrorPage(
      await open({ redirect_uri, response_type: "token" }),
      "authorization_invalid",
    );
    await expectErrorPage(
      await open({ redirect_uri, resource: "https://evil.example/" }),
      "authorization_invalid",
    );
  });

  it("also when it is registered, but in a scheme that we do not send anybody to", async () => {
    const redirect_uri = "unheard-of://client/callback";
    const odd = await meetStranger(client.resource, {
      redirect_uris: [...REDIRECT_URIS, redirect_uri],
    });
    await expectErrorPage(
      await open({ redirect_uri, code_challenge: undefined }, odd),
      "authorization_invalid",
    );
  });

  it("while the port of a loopback address may be any (RFC 8252 §7.3)", async () => {
    for (const redirect_uri of [
      "http://127.0.0.1:4711/callback",
      "http://127.0.0.1/callback",
      "http://localhost:9/callback",
    ])
      expect((await open({ redirect_uri })).status, redirect_uri).toBe(200);
    const attempt = client.begin({ redirect_uri: "http://127.0.0.1:4711/callback" });
    const callback = await client.approve(attempt, "rob");
    expect(callback.host).toBe("127.0.0.1:4711");
    expect(await json(await client.exchange(attempt, callback), 400)).toMatchObject({
      error: "invalid_grant",
    });
  });
});

describe("a request that could mean two things, or whose client is unknown, ends on a page", () => {
  it.each(["redirect_uri", "state", "client_id", "scope", "code_challenge", "response_type"])(
    "%s twice",
    async (name) => {
      const { url } = client.begin({ scope: "openid" });
      url.searchParams.append(name, url.searchParams.get(name) ?? "");
      await expectErrorPage(await visit(url, new Map()), "authorization_invalid");
      expect(house.log.at(-1)).toMatchObject({ parameter: name, problem: "stands twice" });
    },
  );

  it.each([undefined, "", "nobody", "' OR 1=1", "x".repeat(5000)])(
    "the client %s",
    async (client_id) => {
      await expectErrorPage(await open({ client_id }), "client_unknown");
      expect(house.log.at(-1)).toMatchObject({ parameter: "client_id" });
    },
  );
});

describe("a request that its client made wrong goes back to it, with state and iss", () => {
  it.each([
    ["no PKCE", { code_challenge: undefined, code_challenge_method: undefined }, "invalid_request"],
    ["a method without a challenge", { code_challenge: undefined }, "invalid_request"],
    ["plain PKCE", { code_challenge_method: "plain" }, "invalid_request"],
    [
      "PKCE without a method, which means plain",
      { code_challenge_method: undefined },
      "invalid_request",
    ],
    ["a challenge that is too short", { code_challenge: "abc" }, "invalid_request"],
    ["a challenge that is too long", { code_challenge: "a".repeat(44) }, "invalid_request"],
    ["a challenge in other characters", { code_challenge: "!".repeat(43) }, "invalid_request"],
    ["a token instead of a code", { response_type: "token" }, "unsupported_response_type"],
    ["a code and a token", { response_type: "code id_token" }, "unsupported_response_type"],
    ["no response type", { response_type: undefined }, "invalid_request"],
    ["another resource", { resource: "https://other.example/mcp" }, "invalid_target"],
    ["another path as resource", { resource: "{issuer}/other" }, "invalid_target"],
    ["an answer in a form", { response_mode: "form_post" }, "invalid_request"],
    ["the resource with a fragment", { resource: "{issuer}/mcp#fragment" }, "invalid_target"],
    ["a relative resource", { resource: "mcp" }, "invalid_target"],
  ])("%s", async (_case, bent: Parameters, error) => {
    const resource = bent["resource"]?.replace("{issuer}", house.issuer) ?? client.resource;
    const response = await open({ ...bent, resource, state: "the state" });
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("set-cookie")).toBeNull();
    const { error_description: description, ...answer } = Object.fromEntries(
      locationOf(response).searchParams,
    );
    expect(answer).toEqual({ error, state: "the state", iss: house.issuer });
    expect(description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]{1,200}$/);
    const [, parameter] = /^(\w+) /.exec(description ?? "") ?? [];
    const bentNames = [...Object.keys(bent), "code_challenge_method"];
    expect(bentNames).toContain(parameter);
    expect(house.log.at(-1)).toMatchObject({ reason: "authorization_invalid", error, parameter });
  });

  it("also a confidential client without PKCE", async () => {
    const secretive = await meetStranger(client.resource, {
      token_endpoint_auth_method: "client_secret_basic",
    });
    const response = await open(
      { code_challenge: undefined, code_challenge_method: undefined },
      secretive,
    );
    expect(locationOf(response).searchParams.get("error")).toBe("invalid_request");
  });

  it("a second resource beside ours", async () => {
    const { url } = client.begin();
    url.searchParams.append("resource", "https://other.example/mcp");
    expect(locationOf(await visit(url, new Map())).searchParams.get("error")).toBe(
      "invalid_target",
    );
  });
});

it.each([
  ["no resource, which means our only one", () => undefined],
  ["an empty resource", () => ""],
  ["the issuer", () => house.issuer],
  ["the issuer with a slash", () => `${house.issuer}/`],
  ["ours with a slash", () => `${client.resource}/`],
  ["ours at this machine's other name", () => client.resource.replace("localhost", "127.0.0.1")],
  ["ours in capitals", () => client.resource.replace("http://localhost", "HTTP://LOCALHOST")],
  ["ours with a query, which some clients add", () => `${client.resource}?session=1`],
])("a request for %s is accepted, and its token is for us", async (_case, resourceOf) => {
  const attempt = begin({ resource: resourceOf() });
  const tokens = await json<{ resource: string }>(
    await client.exchange(attempt, await client.approve(attempt, "rob")),
    200,
  );
  expect(tokens.resource).toBe(client.resource);
});

type Parameters = Readonly<Record<string, string | undefined>>;

/** An authorization request with some parameters replaced, or taken away. */
function begin(parameters: Parameters, asking: Stranger = client): Attempt {
  const attempt = asking.begin();
  for (const [name, value] of Object.entries(parameters))
    if (value === undefined) attempt.url.searchParams.delete(name);
    else attempt.url.searchParams.set(name, value);
  return attempt;
}

function open(parameters: Parameters, asking: Stranger = client): Promise<Response> {
  return visit(begin(parameters, asking).url, new Map());
}
