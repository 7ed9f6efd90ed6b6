import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { call, configOf, endpointOf, METADATA, post, RESOURCE, tokenOf } from "./endpoint.ts";

const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };
const bearer = { Authorization: `Bearer ${await tokenOf()}` };
const MiB = 1024 * 1024;

function refusal(code: number, message: string) {
  return { jsonrpc: "2.0", error: { code, message }, id: null };
}

describe("the origin", () => {
  it("that the operator did not list is refused before anything else, the preflight included", async () => {
    const headers = { ...bearer, Origin: "https://evil.example" };
    const config = configOf({ ALLOWED_ORIGINS: "https://chat.example" });
    for (const request of [
      post(list, headers),
      new Request(RESOURCE, { method: "OPTIONS", headers }),
    ]) {
      const { status, headers: sent, body, noted } = await endpointOf({ config })(request);
      expect(status).toBe(403);
      expect(sent.get("Access-Control-Allow-Origin")).toBeNull();
      expect(body).toEqual(refusal(-32_000, "This website may not call this server."));
      expect(noted).toEqual({ reason: "origin_refused", variable: "ALLOWED_ORIGINS" });
    }
  });

  it.each([
    ["any website", "https://chatgpt.com", configOf()],
    ["a page on the caller's machine", "http://localhost:6274", configOf()],
    [
      "a listed one",
      "https://a.example",
      configOf({ ALLOWED_ORIGINS: "https://b.example https://a.example" }),
    ],
  ])("of %s may read the answer and its challenge", async (_case, Origin, config) => {
    const { status, headers } = await endpointOf({ config })(post(list, { Origin }));
    expect(status).toBe(401);
    expect(headers.get("Access-Control-Allow-Origin")).toBe(Origin);
    expect(headers.get("Access-Control-Expose-Headers")).toBe(
      "WWW-Authenticate, Retry-After, Mcp-Session-Id, MCP-Protocol-Version",
    );
    expect(headers.get("Access-Control-Allow-Credentials")).toBeNull();
    expect(headers.get("Vary")).toContain("Origin");
  });

  it("is not asked for CORS when there is none", async () => {
    const { headers } = await endpointOf()(post(list, bearer));
    expect(headers.get("Access-Control-Allow-Origin")).toBeNull();
  });

  it("does not matter under a host name that a rebound DNS entry gave a local server", async () => {
    const send = endpointOf({ config: configOf({ RESOURCE_BASE_URL: "http://localhost:8787" }) });
    const { status, body, noted } = await send(
      post(list, { ...bearer, Host: "rebound.evil.example" }),
    );
    expect(status).toBe(403);
    expect(body).toEqual(refusal(-32_000, "This server does not answer to this host name."));
    expect(noted).toEqual({ reason: "host_refused", variable: "RESOURCE_BASE_URL" });
  });
});

it("answers a preflight before it asks for a token", async () => {
  const headers = {
    Origin: "http://localhost:6274",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers":
      "authorization,content-type,mcp-protocol-version,mcp-param-city",
  };
  const {
    status,
    headers: sent,
    body,
  } = await endpointOf()(new Request(RESOURCE, { method: "OPTIONS", headers }));
  expect(status).toBe(204);
  expect(sent.get("Access-Control-Allow-Origin")).toBe("http://localhost:6274");
  expect(sent.get("Access-Control-Allow-Methods")).toBe("POST");
  expect(sent.get("Access-Control-Allow-Headers")).toBe(
    "authorization,content-type,mcp-protocol-version,mcp-param-city",
  );
  expect(body).toBeUndefined();
});

describe("the method", () => {
  it.each(["GET", "DELETE", "PUT", "PATCH"])(
    "%s is not allowed, and the answer says which are",
    async (method) => {
      const { status, headers, body, noted } = await endpointOf()(
        new Request(RESOURCE, { method, headers: bearer }),
      );
      expect(status).toBe(405);
      expect(headers.get("Allow")).toBe("POST, OPTIONS");
      expect(body).toEqual(refusal(-32_000, "Method not allowed."));
      expect(noted).toEqual({
        user: "ada",
        client: "VwTeGPxg",
        caller: "person",
        reason: "method_not_allowed",
      });
    },
  );

  it.each(["GET", "DELETE"])(
    "%s without a token is a question of who asks first",
    async (method) => {
      const { status, headers } = await endpointOf()(new Request(RESOURCE, { method }));
      expect(status).toBe(401);
      expect(headers.get("WWW-Authenticate")).toContain("resource_metadata=");
    },
  );
});

describe("a token in the query", () => {
  it("is never read", async () => {
    const request = new Request(`${RESOURCE}?access_token=${await tokenOf()}`, post(list));
    const { status, headers, noted } = await endpointOf()(request);
    expect(status).toBe(401);
    expect(headers.get("WWW-Authenticate")).not.toContain("error");
    expect(noted).toEqual({ reason: "access_token_missing" });
  });

  it("next to one in the header is a mistake", async () => {
    const request = new Request(`${RESOURCE}?access_token=canary`, post(list, bearer));
    const { status, headers, body, noted } = await endpointOf()(request);
    expect(status).toBe(400);
    expect(headers.get("Cache-Control")).toBe("no-store");
    expect(body).toEqual({
      error: "invalid_request",
      error_description: "Send the access token once, in the Authorization header.",
    });
    expect(noted).toEqual({ reason: "access_token_repeated" });
  });
});

describe("a body of more than 1 MiB is refused", () => {
  const paddedBy = (characters: number) =>
    JSON.stringify({ ...list, params: { cursor: "x".repeat(characters) } });
  const padded = paddedBy(MiB);
  const chunks = () =>
    new ReadableStream({
      start(controller) {
        for (let at = 0; at < padded.length; at += 65_536)
          controller.enqueue(new TextEncoder().encode(padded.slice(at, at + 65_536)));
        controller.close();
      },
    });

  it.each([
    ["with its length declared", () => post(padded, bearer)],
    [
      "in chunks",
      () =>
        new Request(RESOURCE, {
          method: "POST",
          headers: post("", bearer).headers,
          body: chunks(),
        }),
    ],
    [
      "under a false length",
      () =>
        new Request(RESOURCE, {
          method: "POST",
          headers: post("", { ...bearer, "Content-Length": "10" }).headers,
          body: chunks(),
        }),
    ],
  ])("%s", async (_how, request) => {
    const { status, body, noted } = await endpointOf()(request());
    expect(status).toBe(413);
    expect(body).toEqual(refusal(-32_000, "The request body is too large."));
    expect(noted).toEqual({
      user: "ada",
      client: "VwTeGPxg",
      caller: "person",
      reason: "body_too_large",
    });
  });

  it.each([
    ["no token", {}],
    ["garbage for a token", { Authorization: "Bearer garbage" }],
  ])("and one that comes with %s is not even read", async (_what, headers) => {
    const request = new Request(RESOURCE, {
      method: "POST",
      headers: post("", headers).headers,
      body: chunks(),
    });
    const { status } = await endpointOf()(request);
    expect(status).toBe(401);
    expect(request.bodyUsed).toBe(false);
  });

  it("but one of just 1 MiB is read", async () => {
    const { status } = await endpointOf()(post(paddedBy(MiB - paddedBy(0).length), bearer));
    expect(status).toBe(200);
  });
});

describe("a body that is not a JSON-RPC message", () => {
  it.each([
    ["nothing", "", 400, -32_700],
    ["half an object", '{"jsonrpc":', 400, -32_700],
    ["a number", "1", 400, -32_600],
    ["null", "null", 400, -32_600],
    ["an object without a method", "{}", 400, -32_600],
    ["an empty batch", "[]", 400, -32_600],
    ["a batch of 101", JSON.stringify(Array.from({ length: 101 }, () => list)), 400, -32_600],
    [
      "half a million numbers",
      JSON.stringify(Array.from({ length: 500_000 }, () => 1)),
      400,
      -32_600,
    ],
    ["10 000 nested arrays", "[".repeat(10_000) + "]".repeat(10_000), 400, -32_600],
    [
      "10 000 nested objects",
      `{"jsonrpc":"2.0","id":1,"method":"x","params":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}}`,
      200,
      -32_601,
    ],
  ])("%s", async (_what, text, status, code) => {
    const answer = await endpointOf()(post(text, bearer));
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ jsonrpc: "2.0", error: { code } });
  });

  it("changes no prototype", async () => {
    const text =
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"__proto__","arguments":{"__proto__":{"polluted":true}},"__proto__":{"polluted":true}}}';
    const { body } = await endpointOf()(post(text, bearer));
    expect(body).toMatchObject({ error: { code: -32_602 } });
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});

it.each(["text/plain", "application/x-www-form-urlencoded", "application/jsonx"])(
  "refuses a body of type %s",
  async (type) => {
    const { status, body } = await endpointOf()(post(list, { ...bearer, "Content-Type": type }));
    expect(status).toBe(415);
    expect(body).toEqual(refusal(-32_000, "The request body must be application/json."));
  },
);

describe("a client that does not read event streams", () => {
  it.each(["application/json", "*/*", ""])("and accepts “%s” gets JSON", async (accept) => {
    const progress = {
      name: "count_down",
      arguments: { from: 1, step_ms: 1 },
      _meta: { progressToken: 1 },
    };
    for (const era of ["2025-11-25", "2026-07-28"] as const) {
      const request = call(era, "tools/call", progress, await tokenOf());
      request.headers.set("Accept", accept);
      const { status, headers, body } = await endpointOf()(request);
      expect(status).toBe(200);
      expect(headers.get("Content-Type")).toBe("application/json");
      expect(body).toMatchObject({ result: { content: [{ type: "text", text: "Lift-off." }] } });
    }
  });
});

it("serves a request that came under another name of ours, a tunnel's or 127.0.0.1", async () => {
  const { status } = await endpointOf()(
    new Request("https://a.tunnel.example/mcp", post(list, bearer)),
  );
  expect(status).toBe(200);
});

it("answers whatever it is sent with a status of its own and a body that can be read", async () => {
  const send = endpointOf();
  const header = fc.string().filter((text) => /^[\x20-\x7e]*$/.test(text));
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((json) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${json}}`),
  );
  await fc.assert(
    fc.asyncProperty(
      body,
      header,
      header,
      fc.boolean(),
      async (text, authorization, version, isSignedIn) => {
        const headers = {
          ...(isSignedIn ? bearer : { Authorization: authorization }),
          "MCP-Protocol-Version": version,
        };
        const { status, headers: sent } = await send(post(text, headers));
        expect([200, 202, 400, 401, 404]).toContain(status);
        expect(sent.get("WWW-Authenticate") === null).toBe(status !== 401);
      },
    ),
    { numRuns: 200 },
  );
});

describe("with sign-in off", () => {
  const config = configOf({ AUTH_ENABLED: "false", RESOURCE_BASE_URL: "http://localhost:8787" });
  const request = (body: unknown) => new Request("http://localhost:8787/mcp", post(body));
  const open = endpointOf({ config });

  it("every tool is listed", async () => {
    const { body } = await open(request(list));
    expect(body).toMatchObject({
      result: {
        tools: [
          { name: "get_user_info" },
          { name: "explain_access" },
          { name: "get_time" },
          { name: "count_down" },
        ],
      },
    });
  });

  it("a tool that needs a person says that there is none", async () => {
    const { body } = await open(
      request({ ...list, method: "tools/call", params: { name: "get_user_info" } }),
    );
    expect(body).toMatchObject({
      result: {
        isError: true,
        content: [
          { type: "text", text: "Nobody is signed in: this server runs with AUTH_ENABLED=false." },
        ],
      },
    });
  });

  it("there is no metadata that would send a client to sign in", async () => {
    const { status } = await open(new Request(METADATA));
    expect(status).toBe(404);
  });

  it("a website is still refused", async () => {
    const { status } = await open(
      new Request("http://localhost:8787/mcp", post(list, { Origin: "https://evil.example" })),
    );
    expect(status).toBe(403);
  });
});
