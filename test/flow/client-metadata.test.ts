/**
 * Clients known by their website (OAuth Client ID Metadata Documents): whom we believe, and what a
 * key proves.
 */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDocumentClient, type DocumentClient } from "../support/document-client.ts";
import { expectErrorPage } from "../support/error-page.ts";
import { type House, startHouse, type TestWorker } from "../support/house.ts";
import {
  createStranger,
  json,
  meetStranger,
  openConsent,
  type Stranger,
} from "../support/stranger.ts";
import { visit } from "../support/tenant.ts";

const REDIRECT_URI = "http://127.0.0.1:9/callback";

let house: House;
let anyone: Stranger;
/** Answers for the websites of clients; each test sets its own. */
let website: (request: Request) => Response | Promise<Response>;
let requested: string[];

beforeAll(async () => {
  house = await startHouse({
    elsewhere: (request) => {
      requested.push(request.url);
      return website(request);
    },
  });
  anyone = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());
beforeEach(() => {
  requested = [];
  website = () => new Response(null, { status: 404 });
});

describe("a client with a website", () => {
  it("signs in without registration, and the consent page names its verified domain", async () => {
    const { website: documents, client } = await documentClient("none");
    website = documents.answer;
    const { html } = await openConsent(client.begin());
    expect(html).toContain("https://<b>client.example</b>/");
    expect(html).toContain("Verified: it is described at this address.");
    expect(html).not.toContain("Unverified");
    const tokens = await client.signIn("rob");
    expect((await client.refresh(tokens.refresh_token)).status).toBe(200);
    expect((await client.revoke(tokens.access_token)).status).toBe(200);
  });

  it("has its document remembered as long as the website says", async () => {
    const { website: documents, client } = await documentClient("none");
    website = documents.answer;
    await client.signIn("rob");
    await client.signIn("rob");
    expect(requested).toEqual([client.clientId]);
  });
});

it("is believed whatever it says beside the point: null, nothing, and what we do not have", async () => {
  website = ({ url }) =>
    documentOf(url, {
      client_uri: null,
      logo_uri: "",
      contacts: [],
      scope: null,
      grant_types: ["authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
      response_types: ["code", "id_token"],
      token_endpoint_auth_methods_supported: null,
      unheard_of: { a: null },
    });
  const clientId = anyAddress();
  const authenticate = () => ({ form: { client_id: clientId } });
  const tokens = await createStranger({ ...anyone, clientId, authenticate }).signIn("rob");
  expect(tokens.refresh_token).toBeTruthy();
});

describe("a document", () => {
  it.each([
    ["that is missing", () => new Response("gone", { status: 404 })],
    [
      "that is no JSON",
      () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
    ],
    [
      "of another client",
      (url: string) => documentOf(url, { client_id: "https://client.example/other.json" }),
    ],
    [
      "of a client whose address differs by a slash",
      (url: string) => documentOf(url, { client_id: `${url}/` }),
    ],
    ["without a name", (url: string) => documentOf(url, { client_name: undefined })],
    ["without redirect URIs", (url: string) => documentOf(url, { redirect_uris: undefined })],
    [
      "with a script as redirect URI",
      (url: string) => documentOf(url, { redirect_uris: [REDIRECT_URI, "javascript:alert(1)"] }),
    ],
    ["with a secret", (url: string) => documentOf(url, { client_secret: "a shared secret" })],
    [
      "with a private key",
      (url: string) => documentOf(url, { jwks: { keys: [{ kty: "oct", k: "AAAA" }] } }),
    ],
    [
      "that wants to show a secret",
      (url: string) => documentOf(url, { token_endpoint_auth_method: "client_secret_basic" }),
    ],
    ["above 5 KB", (url: string) => documentOf(url, { padding: "x".repeat(5 * 1024) })],
  ])("%s is not believed", async (_case, answer) => {
    website = ({ url }) => answer(url);
    const clientId = anyAddress();
    await expectRefused(createStranger({ ...anyone, clientId }));
    expect(requested).toEqual([clientId]);
  });

  it.each([500, 503, 429])(
    "that cannot be had now (%d) is no fault of the client",
    async (status) => {
      website = () => new Response("broken", { status });
      const unreachable = createStranger({ ...anyone, clientId: anyAddress() });
      const page = await fetch(unreachable.begin().url, { redirect: "manual" });
      expect(page.status).toBe(503);
      expect(page.headers.get("retry-after")).toMatch(/^\d+$/);
      expect(page.headers.get("location")).toBeNull();
      const token = await unreachable.token({ grant_type: "authorization_code", code: "a:b:c" });
      expect(token.status).toBe(503);
      expect(token.headers.get("retry-after")).toMatch(/^\d+$/);
      expect(await token.json()).toMatchObject({ error: "temporarily_unavailable" });
      expect(house.log.at(-1)).toMatchObject({ status: 503, reason: "client_unreachable" });
    },
  );

  it("without the redirect URI of the request is believed, and nobody is sent there", async () => {
    website = ({ url }) => documentOf(url, { redirect_uris: ["https://client.example/callback"] });
    await expectRefused(
      createStranger({ ...anyone, clientId: anyAddress() }),
      "authorization_invalid",
    );
  });

  it.each([301, 302, 303, 307, 308])(
    "that a trusted site only redirects to (%d) is not believed",
    async (status) => {
      const clientId = `https://trusted.example/leave?to=${randomUUID()}`;
      website = ({ url }) =>
        url === clientId
          ? Response.redirect("https://evil.example/document.json", status)
          : documentOf(clientId, { client_name: "Trusted" });
      await expectRefused(createStranger({ ...anyone, clientId }));
      expect(requested).toEqual([clientId]);
    },
  );

  it.each([
    ["http://client.example/document.json", "client_unknown"],
    ["https://client.example", "client_unknown"],
    ["https://user@client.example/document.json", "client_address_refused"],
    ["https://client.example/document.json#fragment", "client_address_refused"],
    ["https://client.example/a/../document.json", "client_address_refused"],
    ["https://client.example:8443/document.json", "client_address_refused"],
    ["https://localhost/document.json", "client_address_refused"],
    ["https://store.internal/document.json", "client_address_refused"],
    ["https://printer.local./document.json", "client_address_refused"],
    ["https://intranet/document.json", "client_address_refused"],
    ["https://10.0.0.1/document.json", "client_address_refused"],
    ["https://0x7f.1/document.json", "client_address_refused"],
    ["https://[::ffff:7f00:1]/document.json", "client_address_refused"],
  ])("is not even asked for at %s", async (clientId, reason) => {
    website = ({ url }) => documentOf(url);
    await expectRefused(createStranger({ ...anyone, clientId }), reason);
    expect(requested).toEqual([]);
  });

  it.each([
    ["text/html; charset=utf-8", 400],
    ["text/json", 400],
    ["application/jsonp", 400],
    ["application/json; charset=utf-8", 200],
    ["application/client-metadata+json", 200],
  ])("that says it is %s", async (type, status) => {
    website = async ({ url }) =>
      new Response(await documentOf(url).text(), { headers: { "content-type": type } });
    const client = createStranger({ ...anyone, clientId: anyAddress() });
    const page = await visit(client.begin().url, new Map());
    expect(page.status).toBe(status);
    if (status === 400) await expectErrorPage(page, "client_document_invalid");
  });

  it.each([
    ["that is not let in", () => new Response("who are you?", { status: 403 })],
    ["whose host has no address", () => Promise.reject(new Error("getaddrinfo ENOTFOUND"))],
  ])("%s is no verdict on the client", async (_case, answer) => {
    website = answer;
    const client = createStranger({ ...anyone, clientId: anyAddress() });
    expect((await visit(client.begin().url, new Map())).status).toBe(503);
    const response = await client.refresh("unknown");
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: "temporarily_unavailable" });
    expect(requested).toEqual([client.clientId]);
  });

  it("is asked for once by a request, and a failure is remembered for ten seconds", async () => {
    website = () => new Response("broken", { status: 500 });
    const client = createStranger({ ...anyone, clientId: anyAddress() });
    const statusAt = async (offsetSeconds: number) => {
      await house.shiftClock(offsetSeconds);
      return (await visit(client.begin().url, new Map())).status;
    };
    expect(await statusAt(0)).toBe(503);
    website = ({ url }) => documentOf(url);
    expect(await statusAt(0)).toBe(503);
    expect(requested).toHaveLength(1);
    expect(await statusAt(11)).toBe(200);
    expect(requested).toHaveLength(2);
    await house.shiftClock(0);
  });

  it("may be on a developer's own machine, where it is named", async () => {
    const clientId = `https://localhost:9443/${randomUUID()}.json`;
    const named = createStranger({ ...anyone, clientId });
    const statusAt = async (worker: TestWorker) => {
      const { pathname, search } = named.begin().url;
      return (await fetch(worker.url + pathname + search, { redirect: "manual" })).status;
    };
    expect(await statusAt(house)).toBe(400);
    // Asked for, but nobody is there.
    const worker = await house.startAnother({ CLIENT_DOCUMENT_HOSTS: "localhost:9443" });
    expect(await statusAt(worker)).toBe(503);
  });

  it("that is wrong is told in words about the document", async () => {
    website = ({ url }) => documentOf(url, { client_name: undefined });
    const page = await visit(
      createStranger({ ...anyone, clientId: anyAddress() }).begin().url,
      new Map(),
    );
    const html = await page.text();
    expect(html).toContain("the document at its client_id");
    expect(html).not.toContain("registration");
    await expect
      .poll(() => house.log.at(-1))
      .toMatchObject({ reason: "client_document_invalid", check: "content" });
  });

  it.each([
    ["client_id", { client_id: "https://client.example/other.json" }],
    ["client_id", { client_id: 7 }],
    ["client_name", { client_name: undefined }],
    ["redirect_uris", { redirect_uris: undefined }],
    ["redirect_uris", { redirect_uris: REDIRECT_URI }],
    ["redirect_uris", { redirect_uris: [REDIRECT_URI, "javascript:alert(1)"] }],
    ["client_secret", { client_secret: "a shared secret" }],
    ["token_endpoint_auth_method", { token_endpoint_auth_method: "client_secret_post" }],
    ["document", { client_name: "x".repeat(6000) }],
  ])(
    "names the member that is wrong, on the page and in both logs: %s",
    async (parameter, bent) => {
      website = ({ url }) => documentOf(url, bent);
      const stranger = createStranger({ ...anyone, clientId: anyAddress() });
      const html = await (await visit(stranger.begin().url, new Map())).text();
      expect(html).toMatch(new RegExp(`${parameter} (?:is|must)`));
      const line = { reason: "client_document_invalid", parameter, problem: expect.any(String) };
      await expect.poll(() => house.log.at(-1)).toMatchObject(line);
      expect((await stranger.refresh("unknown")).status).toBe(401);
      await expect.poll(() => house.log.at(-1)).toMatchObject(line);
    },
  );

  it("that is gone makes its client an invalid one at the token endpoint", async () => {
    const response = await createStranger({ ...anyone, clientId: anyAddress() }).refresh("unknown");
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: "invalid_client" });
  });
});

describe("a client with a key", () => {
  it("authenticates with its key (RFC 7523), once with each assertion", async () => {
    const { website: documents, client } = await documentClient("private_key_jwt");
    website = documents.answer;
    const tokens = await client.signIn("rob");
    const renewed = await json<{ refresh_token: string }>(
      await client.refresh(tokens.refresh_token),
      200,
    );
    const assertion = await documents.assert(house.issuer);
    const repeating = createStranger({ ...client, authenticate: () => ({ form: assertion }) });
    const again = await json<{ refresh_token: string }>(
      await repeating.refresh(renewed.refresh_token),
      200,
    );
    const replayed = await repeating.refresh(again.refresh_token);
    expect(replayed.status).toBe(401);
    expect(await replayed.json()).toMatchObject({ error: "invalid_client" });
    expect((await client.refresh(again.refresh_token)).status).toBe(200);
  });

  it.each([
    ["no assertion", () => Promise.resolve({})],
    [
      "an assertion for another server",
      (documents: DocumentClient) => documents.assert("https://other.example"),
    ],
    [
      "an assertion of another client",
      async () => (await createDocumentClient(anyAddress())).assert(house.issuer),
    ],
    [
      "an assertion by another key",
      async ({ clientId }: DocumentClient) =>
        (await createDocumentClient(clientId)).assert(house.issuer),
    ],
  ])("refuses it with %s", async (_case, prove) => {
    const { website: documents, client } = await documentClient("private_key_jwt");
    website = documents.answer;
    const tokens = await client.signIn("rob");
    const impostor = createStranger({
      ...client,
      authenticate: async () => ({
        form: { client_id: client.clientId, ...(await prove(documents)) },
      }),
    });
    const response = await impostor.refresh(tokens.refresh_token);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: "invalid_client" });
    expect((await client.refresh(tokens.refresh_token)).status).toBe(200);
  });
});

/** An address that no cache has seen. */
function anyAddress(): string {
  return `https://client.example/${randomUUID()}.json`;
}

function documentOf(url: string, difference: Readonly<Record<string, unknown>> = {}): Response {
  const document = {
    client_id: url,
    client_name: "A client",
    redirect_uris: [REDIRECT_URI],
    token_endpoint_auth_method: "none",
  };
  return Response.json({ ...document, ...difference });
}

async function documentClient(method: "none" | "private_key_jwt") {
  const documents = await createDocumentClient(anyAddress(), method);
  const authenticate = async () =>
    method === "none"
      ? { form: { client_id: documents.clientId } }
      : { form: await documents.assert(house.issuer) };
  return {
    website: documents,
    client: createStranger({ ...anyone, clientId: documents.clientId, authenticate }),
  };
}

/** The person gets a page and is sent nowhere. */
async function expectRefused(client: Stranger, reason = "client_document_invalid"): Promise<void> {
  await expectErrorPage(await visit(client.begin().url, new Map()), reason);
}

it("nothing that the provider library prints by itself reaches the log", async () => {
  website = ({ url }) => documentOf(url, { client_id: "canary-of-a-stranger" });
  const client = createStranger({ ...anyone, clientId: `${anyAddress()}?canary` });
  await visit(client.begin().url, new Map());
  await client.refresh("unknown");
  await expect.poll(() => house.log.at(-1)).toMatchObject({ route: "/token" });
  expect(house.log.filter((line) => "text" in line)).toEqual([]);
  expect(JSON.stringify(house.log)).not.toContain("canary");
});

it.each([`x\n{"reason":"forged"}`, "\u202ex", "x".repeat(513)])(
  "a client_id that is no client_id is printed nowhere: %j",
  async (clientId) => {
    const client = createStranger({ ...anyone, clientId });
    expect((await visit(client.begin().url, new Map())).status).toBe(400);
    const response = await client.refresh("unknown");
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: "invalid_client" });
    expect(JSON.stringify(house.log)).not.toMatch(/forged|\u202e|xxx/);
  },
);
