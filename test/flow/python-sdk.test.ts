/**
 * The official Python SDK (`mcp` 2.3.0, httpx2 2.13): what it sends, byte for byte, from the address
 * to a tool's answer and on through a refresh. It is not on npm, so its requests are written here, as
 * they were recorded from it.
 */
import { createHash, randomBytes } from "node:crypto";
import { request } from "node:http";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type House, startHouse } from "../support/house.ts";
import { approve } from "../support/stranger.ts";

const REDIRECT_URI = "http://localhost:3030/callback";
const REVISION = "2025-11-25";
/** What it says before a revision is agreed on. */
const NEWEST_REVISION = "2026-07-28";

let house: House;

beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.stop());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

type Header = readonly [string, string];

/**
 * One request as httpx2 writes it: these headers, in this order and these letters. Those of the
 * sign-in are made by hand there, without what its client adds.
 */
function httpx2(method: string, url: string, more: readonly Header[], body = ""): Promise<Answer> {
  const { hostname, port, host, pathname, search } = new URL(url);
  const headers: readonly Header[] = [
    ["Host", host],
    ...more,
    ...(body === "" ? [] : [["Content-Length", String(Buffer.byteLength(body))] as const]),
  ];
  return new Promise((resolve, reject) => {
    const options = { method, hostname, port, path: pathname + search, headers: headers.flat() };
    const sent = request({ ...options, setHost: false }, (response) => {
      void response.toArray().then((chunks) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: decode(Buffer.concat(chunks), response.headers["content-encoding"]),
        }),
      );
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

function decode(body: Buffer, encoding: string | undefined): string {
  return (encoding === "gzip" ? gunzipSync(body) : body).toString();
}

function rpc(body: string, token?: string): Promise<Answer> {
  return httpx2(
    "POST",
    `${house.issuer}/mcp`,
    [
      ["Accept-Encoding", "gzip, deflate"],
      ["Connection", "keep-alive"],
      ["User-Agent", "python-httpx2/2.13.1"],
      ["accept", "application/json, text/event-stream"],
      ["content-type", "application/json"],
      ...(body === INITIALIZE ? [] : [["mcp-protocol-version", REVISION] as const]),
      ...(token === undefined ? [] : [["Authorization", `Bearer ${token}`] as const]),
    ],
    body,
  );
}

const get = (url: string) => httpx2("GET", url, [["mcp-protocol-version", NEWEST_REVISION]]);

const INITIALIZE = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"${REVISION}","capabilities":{},"clientInfo":{"name":"mcp","version":"0.1.0"}}}`;

/** `urllib.parse.urlencode` and `quote(…, safe="")`. */
const urlencode = (fields: Readonly<Record<string, string>>) =>
  new URLSearchParams(fields).toString().replaceAll("*", "%2A").replaceAll("%7E", "~");
const quote = (text: string) => urlencode({ text }).slice("text=".length).replaceAll("+", "%20");

/** With the defaults, by a registered method, and as a public client. */
describe.each([undefined, "client_secret_post", "none"])("registered by %s", (method) => {
  let client: { client_id: string; client_secret: string; token_endpoint_auth_method: string };
  let metadata: Record<string, string>;
  let tokens: { access_token: string; refresh_token: string; scope: string };
  let scope: string;

  /** Its id stands in the form, whatever else it presents. */
  const token = async (fields: Readonly<Record<string, string>>): Promise<Answer> => {
    const { client_id: id, client_secret: secret, token_endpoint_auth_method: by } = client;
    const basic = Buffer.from(`${quote(id)}:${quote(secret)}`).toString("base64");
    return httpx2(
      "POST",
      metadata["token_endpoint"] ?? "",
      [
        ["Content-Type", "application/x-www-form-urlencoded"],
        ...(by === "client_secret_basic" ? [["Authorization", `Basic ${basic}`] as const] : []),
      ],
      urlencode({ ...fields, ...(by === "client_secret_post" && { client_secret: secret }) }),
    );
  };

  it("finds its way from the challenge to the server's metadata", async () => {
    const challenge = await rpc(INITIALIZE);
    expect(challenge.status).toBe(401);
    const header = String(challenge.headers["www-authenticate"]);
    scope = `${/scope="([^"]+)"/.exec(header)?.[1] ?? ""} offline_access`;
    const resource = await get(/resource_metadata="([^"]+)"/.exec(header)?.[1] ?? "");
    expect(JSON.parse(resource.text)).toMatchObject({ resource: `${house.issuer}/mcp` });
    const server = await get(`${house.issuer}/.well-known/oauth-authorization-server`);
    metadata = JSON.parse(server.text);
    expect(metadata).toMatchObject({ issuer: house.issuer });
  });

  it("registers", async () => {
    const by = method === undefined ? "" : `"token_endpoint_auth_method":"${method}",`;
    const registered = await httpx2(
      "POST",
      metadata["registration_endpoint"] ?? "",
      [["Content-Type", "application/json"]],
      `{"response_types":["code"],"scope":"${scope}","client_name":"Simple Auth Client","redirect_uris":["${REDIRECT_URI}"],${by}"grant_types":["authorization_code","refresh_token"],"application_type":"native"}`,
    );
    expect(registered.status).toBe(201);
    client = JSON.parse(registered.text);
    expect(client).toMatchObject({
      redirect_uris: [REDIRECT_URI],
      grant_types: ["authorization_code", "refresh_token"],
      token_endpoint_auth_method: method ?? "client_secret_basic",
      scope,
    });
  });

  it("signs in", async () => {
    const verifier = `${randomBytes(90).toString("base64url")}-._~1234`;
    const state = randomBytes(32).toString("base64url");
    const query = urlencode({
      response_type: "code",
      client_id: client.client_id,
      redirect_uri: REDIRECT_URI,
      state,
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
      resource: `${house.issuer}/mcp`,
      scope,
    });
    const url = new URL(`${metadata["authorization_endpoint"] ?? ""}?${query}`);
    const back = await approve({ url }, "rob");
    expect(back.searchParams.get("state")).toBe(state);
    const answer = await token({
      grant_type: "authorization_code",
      code: back.searchParams.get("code") ?? "",
      redirect_uri: REDIRECT_URI,
      client_id: client.client_id,
      code_verifier: verifier,
      resource: `${house.issuer}/mcp`,
    });
    expect(answer.status).toBe(200);
    tokens = JSON.parse(answer.text);
    expect(tokens).toMatchObject({ token_type: "Bearer", expires_in: 3600 });
  });

  it("opens a session, lists the tools and calls one", async () => {
    const opened = await rpc(INITIALIZE, tokens.access_token);
    expect(opened.text).toContain(`"protocolVersion":"${REVISION}"`);
    const started = '{"jsonrpc":"2.0","method":"notifications/initialized"}';
    expect((await rpc(started, tokens.access_token)).status).toBe(202);
    const list = '{"jsonrpc":"2.0","id":2,"method":"tools/list"}';
    expect((await rpc(list, tokens.access_token)).text).toContain('"get_user_info"');
    const call =
      '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"get_user_info","arguments":{}}}';
    expect((await rpc(call, tokens.access_token)).text).toContain("rob@acme.test");
  });

  it("refreshes, and goes on", async () => {
    const answer = await token({
      grant_type: "refresh_token",
      refresh_token: tokens.refresh_token,
      client_id: client.client_id,
      resource: `${house.issuer}/mcp`,
    });
    expect(answer.status).toBe(200);
    const { access_token } = JSON.parse(answer.text);
    const ping = '{"jsonrpc":"2.0","id":4,"method":"ping"}';
    expect((await rpc(ping, access_token)).status).toBe(200);
  });
});
