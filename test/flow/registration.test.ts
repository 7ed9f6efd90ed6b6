/**
 * Who a client can be: registered by itself, or by the operator. What it may say of itself, and
 * where it may be sent.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectErrorPage } from "../support/error-page.ts";
import { type House, startHouse } from "../support/house.ts";
import {
  type Credentials,
  createStranger,
  json,
  meetStranger,
  openConsent,
  type Stranger,
} from "../support/stranger.ts";
import { ON_ITS_OWN, visit } from "../support/tenant.ts";

const REDIRECT_URI = "http://127.0.0.1:9/callback";
const OPERATORS_CLIENTS = [
  { client_id: "known-public", client_name: "Known", redirect_uris: [REDIRECT_URI] },
  {
    client_id: "known-confidential",
    client_name: "Known too",
    redirect_uris: [REDIRECT_URI],
    token_endpoint_auth_method: "client_secret_basic",
    client_secret: "a secret: with % and +",
  },
  {
    client_id: "known-native",
    client_name: "Known on a device",
    redirect_uris: ["operators-app://callback"],
  },
];

const DAY_SECONDS = 86_400;

let house: House;
let anyone: Stranger;

beforeAll(async () => {
  house = await startHouse({
    variables: {
      PREREGISTERED_CLIENTS: JSON.stringify(OPERATORS_CLIENTS),
      ALLOWED_REDIRECT_URIS: "team-app://oauth/callback, team-app://server/*",
    },
  });
  anyone = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());

describe("dynamic registration (RFC 7591)", () => {
  it("gives a public client an id and no secret", async () => {
    const response = await register({
      token_endpoint_auth_method: "none",
      client_name: "n",
      application_type: "native",
      scope: "openid tool:get_user_info unheard-of",
      software_id: "s",
      software_version: "1",
      client_uri: null,
      logo_uri: "",
      contacts: [],
      unheard_of: 1,
    });
    expect(response.status).toBe(201);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({
      client_id: expect.stringMatching(/^[\w-]{16}$/),
      client_id_issued_at: expect.closeTo(Date.now() / 1000, -2),
      client_name: "n",
      redirect_uris: [REDIRECT_URI],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
      application_type: "native",
      scope: "openid tool:get_user_info",
      software_id: "s",
      software_version: "1",
    });
  });

  it("narrows a registration to what this server can do, and says so", async () => {
    const answer = await json(
      await register({
        redirect_uris: [REDIRECT_URI, "unheard-of://client/callback", "http://client.example/"],
        grant_types: ["authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
        response_types: ["code", "id_token"],
        token_endpoint_auth_methods_supported: ["private_key_jwt", "none"],
      }),
      201,
    );
    expect(answer).toMatchObject({
      redirect_uris: [REDIRECT_URI],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    });
  });

  it.each<[string, Readonly<Record<string, unknown>>, string, string]>([
    [
      "grant_types",
      { grant_types: ["password"] },
      "invalid_client_metadata",
      "registration_invalid",
    ],
    [
      "client_uri",
      { client_uri: "javascript:alert(1)" },
      "invalid_client_metadata",
      "registration_invalid",
    ],
    [
      "redirect_uris",
      { redirect_uris: ["unheard-of://x"] },
      "invalid_redirect_uri",
      "registration_redirect_invalid",
    ],
    [
      "redirect_uris",
      { redirect_uris: null },
      "invalid_redirect_uri",
      "registration_redirect_invalid",
    ],
  ])(
    "names what is wrong, %s, to its maker and in the log",
    async (parameter, metadata, error, reason) => {
      const answer = await json<Record<string, string>>(await register(metadata), 400);
      expect(answer).toEqual({
        error,
        error_description: expect.stringContaining(` ${parameter} `),
      });
      expect(house.log.at(-1)).toMatchObject({ reason, parameter, problem: expect.any(String) });
    },
  );

  it.each(["client_secret_basic", "client_secret_post"] as const)(
    "gives a %s client a secret, which it must show",
    async (method) => {
      const { client_id: clientId, client_secret: secret } = await json<Registered>(
        await register({ token_endpoint_auth_method: method }),
        201,
      );
      const known = (presented: string) =>
        createStranger({
          ...anyone,
          clientId,
          authenticate: () => credentials(method, clientId, presented),
        });
      const tokens = await known(secret).signIn("rob");
      expect((await known(secret).refresh(tokens.refresh_token)).status).toBe(200);
      for (const request of [
        () => known("wrong").refresh(tokens.refresh_token),
        () => known("wrong").revoke(tokens.refresh_token),
      ]) {
        const response = await request();
        expect(response.status).toBe(401);
        expect(response.headers.get("www-authenticate")).toBe(
          method === "client_secret_basic" ? 'Basic realm="OAuth"' : null,
        );
        expect(await response.json()).toMatchObject({ error: "invalid_client" });
      }
      const nameless = createStranger({ ...anyone, clientId });
      expect(await json(await nameless.refresh(tokens.refresh_token), 401)).toMatchObject({
        error: "invalid_client",
      });
      expect((await known(secret).revoke(tokens.access_token)).status).toBe(200);
    },
  );

  it("refuses a code to a client that cannot prove itself, and leaves it to the one who can", async () => {
    const { client_id: clientId, client_secret: secret } = await json<Registered>(
      await register({}),
      201,
    );
    const authenticate = () => credentials("client_secret_basic", clientId, secret);
    const client = createStranger({ ...anyone, clientId, authenticate });
    const attempt = client.begin();
    const callback = await client.approve(attempt, "rob");
    const impostor = createStranger({ ...anyone, clientId });
    expect(await json(await impostor.exchange(attempt, callback), 401)).toMatchObject({
      error: "invalid_client",
    });
    expect((await client.exchange(attempt, callback)).status).toBe(200);
  });

  it.each([
    [
      "21 redirect URIs",
      {
        redirect_uris: Array.from({ length: 21 }, (_, index) => `https://client.example/${index}`),
      },
    ],
    ["no redirect URI", { redirect_uris: [] }],
    ["a redirect URI that is no list", { redirect_uris: REDIRECT_URI }],
    ["a long redirect URI", { redirect_uris: [`https://client.example/${"x".repeat(2000)}`] }],
    ["a script as redirect URI", { redirect_uris: ["javascript:alert(1)"] }],
    ["a script as redirect URI, in disguise", { redirect_uris: [" JavaScript:alert(1)"] }],
    ["data as redirect URI", { redirect_uris: ["data:text/html,hello"] }],
    ["a file as redirect URI", { redirect_uris: ["file:///etc/passwd"] }],
    [
      "plain http elsewhere than on loopback",
      { redirect_uris: ["http://client.example/callback"] },
    ],
    ["a redirect URI with a user", { redirect_uris: ["https://claude.ai@evil.example/callback"] }],
    ["a redirect URI with a fragment", { redirect_uris: ["https://client.example/callback#"] }],
    ["a relative redirect URI", { redirect_uris: ["/callback"] }],
    [
      "one bad redirect URI among good ones",
      { redirect_uris: [REDIRECT_URI, "javascript:alert(1)"] },
    ],
    ["a long name", { client_name: "x".repeat(201) }],
    ["a script as logo", { logo_uri: "javascript:alert(1)" }],
    ["a script as website", { client_uri: "javascript:alert(1)" }],
    ["the implicit grant", { grant_types: ["implicit"], response_types: ["token"] }],
    [
      "a method of authentication that only websites have",
      { token_endpoint_auth_method: "private_key_jwt" },
    ],
  ])("refuses %s", async (_case, metadata) => {
    const response = await register(metadata);
    expect(response.status).toBe(400);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const { error, error_description: description } = await response.json();
    expect(["invalid_client_metadata", "invalid_redirect_uri"]).toContain(error);
    expect(description).not.toMatch(/alert|passwd|hello/);
  });

  it("tells a client with a key of its own how else it may be known", async () => {
    const response = await register({ token_endpoint_auth_method: "private_key_jwt" });
    const { error_description: description } = await response.json();
    expect(description).toContain("token_endpoint_auth_method must be one of");
    expect(description).toContain("known by its metadata document, or added by the operator");
  });

  it("refuses what is no JSON object", async () => {
    for (const body of ["{", "[]", "null", '"text"', ""])
      expect((await registerText(body)).status).toBe(400);
  });

  it.each([
    ["64 KB", false],
    ["64 KB in pieces of unknown number", true],
  ])("refuses a body above %s, whatever the length says", async (_case, inPieces) => {
    const text = JSON.stringify({ redirect_uris: [REDIRECT_URI], padding: "x".repeat(64 * 1024) });
    const response = await registerText(inPieces ? new Blob([text]).stream() : text);
    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({
      error: "invalid_request",
      error_description: "The request body is too large.",
    });
  });

  it("forgets a client within a day, unless it leads to a login, and then keeps it 90 days", async () => {
    const ttlSeconds = async (key: string) => Number(await house.store.run("TTL", key));
    await house.store.flush();
    const client = await meetStranger(`${house.issuer}/mcp`);
    const [key = ""] = (await house.store.dump()).filter((text) => !text.includes("."));
    expect(await ttlSeconds(key)).toBeCloseTo(DAY_SECONDS, -2);
    await client.signIn("rob");
    expect(await ttlSeconds(key)).toBeCloseTo(90 * DAY_SECONDS, -2);
    anyone = await meetStranger(`${house.issuer}/mcp`);
  });
});

describe("a redirect URI in a scheme of its own", () => {
  it.each([
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "vscode://saoudrizwan.claude-dev/mcp-auth/callback/1a2b",
  ])("is used when we know whose it is: %s", async (redirectUri) => {
    const client = await registered(
      { redirect_uris: [redirectUri], token_endpoint_auth_method: "none" },
      redirectUri,
    );
    const { html } = await openConsent(client.begin());
    expect(html).toContain("An application on this device");
    const attempt = client.begin();
    const callback = await client.approve(attempt, "rob");
    expect(callback.href.startsWith(`${redirectUri}?`)).toBe(true);
    expect((await client.exchange(attempt, callback)).status).toBe(200);
  });

  it.each([
    "unheard-of://client/callback",
    "cursor://evil.extension/oauth/callback",
    "cursor://anysphere.cursor-mcp/oauth/callback/../../evil",
  ])("is neither registered nor used otherwise: %s", async (redirectUri) => {
    const redirect_uris = [redirectUri];
    expect(await json(await register({ redirect_uris }), 400)).toMatchObject({
      error: "invalid_redirect_uri",
    });
    expect(house.log.at(-1)).toMatchObject({ variable: "ALLOWED_REDIRECT_URIS" });
    const client = await registered(
      { redirect_uris: [REDIRECT_URI, redirectUri], token_endpoint_auth_method: "none" },
      redirectUri,
    );
    await expectRefused(client);
    expect(house.log.at(-1)).toMatchObject({
      parameter: "redirect_uri",
      variable: "ALLOWED_REDIRECT_URIS",
    });
  });

  it.each(["team-app://oauth/callback", "team-app://server/1a2b"])(
    "is used when the operator allows it: %s",
    async (redirectUri) => {
      const client = await registered(
        { redirect_uris: [redirectUri], token_endpoint_auth_method: "none" },
        redirectUri,
      );
      const attempt = client.begin();
      const callback = await client.approve(attempt, "rob");
      expect(callback.href.startsWith(`${redirectUri}?`)).toBe(true);
      expect((await client.exchange(attempt, callback)).status).toBe(200);
    },
  );

  it("is used by a client that the operator registered with it, and by no other", async () => {
    const redirectUri = "operators-app://callback";
    const client = createStranger({ ...anyone, clientId: "known-native", redirectUri });
    expect((await client.approve(client.begin(), "rob")).searchParams.get("code")).toBeTruthy();
    await expectRefused(createStranger({ ...anyone, redirectUri }));
  });
});

it("can be switched off, by which clients with a document or of the operator lose nothing", async () => {
  const closed = await house.startAnother({ DYNAMIC_REGISTRATION: "false" });
  const refused = await fetch(`${closed.url}/register`, { method: "POST", body: "{}" });
  expect(await json(refused, 403)).toMatchObject({ error: "access_denied" });
  expect(closed.log.at(-1)).toMatchObject({
    reason: "registration_off",
    variable: "DYNAMIC_REGISTRATION",
  });
  const metadata = await json<Record<string, unknown>>(
    await fetch(`${closed.url}/.well-known/oauth-authorization-server`),
    200,
  );
  expect(metadata).not.toHaveProperty("registration_endpoint");
  expect(metadata).toHaveProperty("client_id_metadata_document_supported");
});

it("is what is left to clients when their documents are switched off", async () => {
  const closed = await house.startAnother({ CLIENT_DOCUMENTS: "false" });
  const metadata = await json<Record<string, unknown>>(
    await fetch(`${closed.url}/.well-known/oauth-authorization-server`),
    200,
  );
  expect(metadata["client_id_metadata_document_supported"]).not.toBe(true);
  expect(metadata).toHaveProperty("registration_endpoint");
  const url = new URL(`${closed.url}/authorize?response_type=code`);
  url.searchParams.set("client_id", "https://client.example/client.json");
  expect((await fetch(url, { redirect: "manual" })).status).toBe(400);
});

describe("a client that the operator registered", () => {
  it("signs in, refreshes and revokes without a secret when it is public", async () => {
    const client = createStranger({ ...anyone, clientId: "known-public" });
    expect((await openConsent(client.begin())).html).toContain("<bdi>Known</bdi> asks to connect");
    const tokens = await client.signIn("rob");
    expect((await client.refresh(tokens.refresh_token)).status).toBe(200);
    expect((await client.revoke(tokens.access_token)).status).toBe(200);
  });

  it("shows its secret when it has one", async () => {
    const clientId = "known-confidential";
    const known = (secret: string) =>
      createStranger({
        ...anyone,
        clientId,
        authenticate: () => credentials("client_secret_basic", clientId, secret),
      });
    const client = known("a secret: with % and +");
    const tokens = await client.signIn("rob");
    expect((await client.refresh(tokens.refresh_token)).status).toBe(200);
    const refused = await known("a secret").refresh(tokens.refresh_token);
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toBe('Basic realm="OAuth"');
  });

  it("is sent to no other address than the operator gave", async () => {
    await expectRefused(
      createStranger({ ...anyone, clientId: "known-public", redirectUri: "https://evil.example/" }),
    );
  });
});

interface Registered {
  readonly client_id: string;
  readonly client_secret: string;
}

function register(metadata: Readonly<Record<string, unknown>>): Promise<Response> {
  return registerText(JSON.stringify({ redirect_uris: [REDIRECT_URI], ...metadata }));
}

function registerText(body: string | ReadableStream): Promise<Response> {
  const headers = { "content-type": "application/json", ...ON_ITS_OWN };
  return fetch(`${house.issuer}/register`, {
    method: "POST",
    headers,
    body,
    ...(typeof body === "string" ? {} : { duplex: "half" }),
  });
}

async function registered(
  metadata: Readonly<Record<string, unknown>>,
  redirectUri: string,
): Promise<Stranger> {
  const { client_id: clientId } = await json<Registered>(await register(metadata), 201);
  return createStranger({ ...anyone, clientId, redirectUri });
}

/** RFC 6749 §2.3.1: in the Basic header both parts are form-encoded. */
function credentials(
  method: "client_secret_basic" | "client_secret_post",
  clientId: string,
  secret: string,
): Credentials {
  if (method === "client_secret_post")
    return { form: { client_id: clientId, client_secret: secret } };
  const encode = (text: string) => new URLSearchParams({ text }).toString().slice("text=".length);
  return { headers: { authorization: `Basic ${btoa(`${encode(clientId)}:${encode(secret)}`)}` } };
}

/** The person gets a page and is sent nowhere. */
async function expectRefused(client: Stranger): Promise<void> {
  await expectErrorPage(await visit(client.begin().url, new Map()), "authorization_invalid");
}
