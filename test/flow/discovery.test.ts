/**
 * How a client finds us: every address of the discovery contract, whoever asks and under whatever
 * name.
 */
import { once } from "node:events";
import { type IncomingMessage, request as sendRequest } from "node:http";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type House, PERMISSIONS, startHouse, type TestWorker } from "../support/house.ts";

const RESOURCE_METADATA = [
  "/.well-known/oauth-protected-resource",
  "/.well-known/oauth-protected-resource/mcp",
];
const SERVER_METADATA = [
  "/.well-known/oauth-authorization-server",
  "/.well-known/oauth-authorization-server/mcp",
  "/.well-known/openid-configuration",
  "/.well-known/openid-configuration/mcp",
  "/mcp/.well-known/openid-configuration",
];
const METADATA = [...RESOURCE_METADATA, ...SERVER_METADATA];
const AUTHENTICATION_METHODS = [
  "client_secret_basic",
  "client_secret_post",
  "none",
  "private_key_jwt",
];

let house: House;

beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.stop());

describe.each(METADATA)("%s", (path) => {
  it("is the whole document (RFC 9728 §3, RFC 8414 §3), for each website its own copy", async () => {
    const response = await fetch(house.issuer + path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual(expectedAt(path, house.issuer));
    // A cached copy without CORS headers would be of no use to a website.
    const isCached = SERVER_METADATA.includes(path);
    expect(response.headers.get("cache-control")).toBe(
      isCached ? "public, max-age=3600" : "no-store",
    );
    expect(response.headers.get("vary")).toBe(isCached ? "Origin" : null);
  });

  it("answers HEAD as GET, without the body", async () => {
    const [get, head] = await Promise.all(
      ["GET", "HEAD"].map((method) => fetch(house.issuer + path, { method })),
    );
    expect(head?.status).toBe(200);
    expect(await head?.text()).toBe("");
    for (const name of ["content-type", "cache-control", "vary"])
      expect(head?.headers.get(name), name).toBe(get?.headers.get(name));
  });

  it("may be read by every website, without credentials", async () => {
    const origin = "https://client.example";
    const preflight = await fetch(house.issuer + path, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "GET",
        "access-control-request-headers": "mcp-protocol-version",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-headers")).toBe("Authorization, *");
    const response = await fetch(house.issuer + path, { headers: { origin } });
    expect(response.status).toBe(200);
    for (const { headers } of [preflight, response]) {
      expect(headers.get("access-control-allow-origin")).toBe(origin);
      expect(headers.get("access-control-allow-credentials")).toBeNull();
      expect(headers.get("vary")).toContain("Origin");
    }
  });

  it.each(["POST", "PUT", "DELETE"])("refuses %s and says which methods it has", async (method) => {
    const response = await fetch(house.issuer + path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
    expect(await response.text()).toBe("");
  });

  it.each([
    ["as 127.0.0.1", {}],
    ["by a foreign host name", { host: "evil.example" }],
    [
      "through a proxy of another name",
      {
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "https",
        forwarded: "host=evil.example",
      },
    ],
  ])("says the same when it is called %s", async (_case, headers) => {
    const response = await sendTo("127.0.0.1", path, { headers });
    expect(response.statusCode).toBe(200);
    expect(await json(response)).toEqual(expectedAt(path, house.issuer));
  });
});

describe("/mcp without a token", () => {
  it.each(["localhost", "127.0.0.1"])(
    "under %s is answered with a challenge that leads here",
    async (hostname) => {
      const url = new URL("/mcp", house.issuer);
      url.hostname = hostname;
      const response = await fetch(url, {
        method: "POST",
        headers: { "x-forwarded-host": "evil.example" },
      });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe(challengeOf(house.issuer));
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(await response.json()).toEqual({
        error: "unauthorized",
        error_description: "Unauthorized. An access token is required.",
      });
    },
  );

  it("lets a page on the person's own machine read the challenge", async () => {
    const origin = "http://localhost:6274";
    const response = await fetch(`${house.issuer}/mcp`, { method: "POST", headers: { origin } });
    expect(response.status).toBe(401);
    expect(response.headers.get("access-control-allow-origin")).toBe(origin);
    expect(response.headers.get("access-control-expose-headers")).toContain("WWW-Authenticate");
  });

  it("refuses a name that a rebound DNS entry gave this machine", async () => {
    const response = await sendTo("127.0.0.1", "/mcp", {
      method: "POST",
      headers: { host: "evil.example" },
    });
    expect(response.statusCode).toBe(403);
    expect(response.headers).not.toHaveProperty("www-authenticate");
    expect(await json(response)).toMatchObject({
      error: { message: "This server does not answer to this host name." },
    });
  });

  it.each(["GET", "DELETE", "PUT"])("asks for one first, by %s too", async (method) => {
    const response = await fetch(`${house.issuer}/mcp`, { method });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain("resource_metadata=");
  });
});

describe("the other addresses", () => {
  it.each([
    ["/register", "POST, OPTIONS"],
    ["/token", "POST, OPTIONS"],
    ["/authorize", "GET, POST"],
    ["/auth/callback", "GET"],
    ["/auth/backchannel-logout", "POST"],
  ])("%s refuses a method it does not have and names those it has", async (path, allow) => {
    const response = await fetch(house.issuer + path, { method: "DELETE" });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe(allow);
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  it.each(["/register", "/token"])(
    "%s may be called by every website, without credentials",
    async (path) => {
      const origin = "https://client.example";
      const headers = { origin, "access-control-request-method": "POST" };
      const response = await fetch(house.issuer + path, { method: "OPTIONS", headers });
      expect(response.status).toBe(204);
      expect(response.headers.get("access-control-allow-origin")).toBe(origin);
      expect(response.headers.get("access-control-expose-headers")).toBe(
        "WWW-Authenticate, Retry-After",
      );
      expect(response.headers.get("access-control-allow-credentials")).toBeNull();
    },
  );

  it.each(["/authorize", "/auth/callback"])(
    "%s is for browsers, not for the scripts of websites",
    async (path) => {
      const headers = { origin: "https://client.example", "access-control-request-method": "POST" };
      const response = await fetch(house.issuer + path, { method: "OPTIONS", headers });
      expect(response.status).toBe(405);
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
    },
  );

  it("/sse says where to go instead", async () => {
    const response = await fetch(`${house.issuer}/sse`);
    expect(response.status).toBe(410);
    expect(await response.json()).toEqual({
      error: "not_found",
      error_description: `This server speaks Streamable HTTP at /mcp; the HTTP+SSE transport is gone. MCP is at ${house.issuer}/mcp.`,
    });
  });

  it("an unknown one is not found, in the form its reader understands", async () => {
    const [client, person] = await Promise.all(
      ["application/json", "text/html"].map((accept) =>
        fetch(`${house.issuer}/nothing`, { headers: { accept } }),
      ),
    );
    expect(client?.status).toBe(404);
    expect(await client?.json()).toEqual({
      error: "not_found",
      error_description: `There is nothing at this address. MCP is at ${house.issuer}/mcp.`,
    });
    expect(person?.status).toBe(404);
    expect(await person?.text()).toContain("<h1>Page not found</h1>");
  });
});

describe("behind a tunnel or a proxy", () => {
  const issuer = "https://mcp.example.com";
  let worker: TestWorker;

  beforeAll(async () => {
    worker = await house.startAnother({ RESOURCE_BASE_URL: issuer });
  });

  it.each(METADATA)("%s says what was configured, not where the request came in", async (path) => {
    const response = await fetch(worker.url + path, {
      headers: { "x-forwarded-host": "evil.example" },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("strict-transport-security")).toBe("max-age=31536000");
    expect(await response.json()).toEqual(expectedAt(path, issuer));
  });

  it("the challenge leads to what was configured", async () => {
    const response = await fetch(`${worker.url}/mcp`, { method: "POST" });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe(challengeOf(issuer));
  });
});

/** A request with a `Host` of our choice, which fetch does not send. */
async function sendTo(
  hostname: string,
  path: string,
  options: { method?: string; headers?: Record<string, string> },
) {
  const request = sendRequest({
    hostname,
    port: new URL(house.issuer).port,
    path,
    ...options,
  }).end();
  const [response]: IncomingMessage[] = await once(request, "response");
  if (response === undefined) throw new Error("no response");
  return response;
}

function expectedAt(path: string, issuer: string) {
  return RESOURCE_METADATA.includes(path) ? resourceMetadataOf(issuer) : serverMetadataOf(issuer);
}

/** RFC 6750 §3.1: a request without credentials gets no error code. */
function challengeOf(issuer: string): string {
  const metadata = `${issuer}/.well-known/oauth-protected-resource/mcp`;
  return `Bearer realm="OAuth", resource_metadata="${metadata}", scope="openid profile email"`;
}

function resourceMetadataOf(issuer: string) {
  return {
    resource: `${issuer}/mcp`,
    authorization_servers: [issuer],
    scopes_supported: ["openid", "profile", "email"],
    bearer_methods_supported: ["header"],
    resource_name: "The House",
    resource_documentation: "https://house.test/docs",
    resource_policy_uri: "https://house.test/privacy",
    resource_tos_uri: "https://house.test/terms",
  };
}

function serverMetadataOf(issuer: string) {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    revocation_endpoint: `${issuer}/token`,
    protected_resources: [`${issuer}/mcp`],
    scopes_supported: ["openid", "profile", "email", "offline_access", ...PERMISSIONS],
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    grant_types_supported: ["authorization_code", "refresh_token", "client_credentials"],
    token_endpoint_auth_methods_supported: AUTHENTICATION_METHODS,
    revocation_endpoint_auth_methods_supported: AUTHENTICATION_METHODS,
    token_endpoint_auth_signing_alg_values_supported: ["RS256", "ES256"],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
    service_documentation: "https://house.test/docs",
    op_policy_uri: "https://house.test/privacy",
    op_tos_uri: "https://house.test/terms",
  };
}
