import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { Refusal } from "../../../src/errors.ts";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import {
  definePrompt,
  defineResource,
  defineTool,
  type ToolContext,
  ToolError,
} from "../../../src/mcp/tool.ts";
import {
  call,
  catalogue,
  endpointOf,
  ISSUER,
  type Era,
  METADATA,
  post,
  tokenOf,
} from "./endpoint.ts";

const ERAS: readonly Era[] = ["2025-11-25", "2026-07-28"];
const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
const facts = { title: "Probe", description: "For a test." };

/**
 * A server of one tool, one prompt and one resource, each with the same permissions and the same
 * behaviour.
 */
function probes(
  permissions: readonly string[],
  run: (context: ToolContext) => string | Promise<string>,
) {
  return createCatalogue({
    tools: [
      defineTool({
        ...facts,
        name: "probe",
        permissions,
        annotations,
        input: z.object({}),
        run: (_input, context) => run(context),
      }),
    ],
    prompts: [
      definePrompt({
        ...facts,
        name: "probe",
        permissions,
        input: z.object({}),
        run: (_input, context) => run(context),
      }),
    ],
    resources: [
      defineResource({
        ...facts,
        name: "probe",
        uri: "test://probe",
        mimeType: "text/plain",
        permissions,
        run,
      }),
    ],
  });
}

const USES = [
  ["tools/list", "tools/call", { name: "probe" }],
  ["prompts/list", "prompts/get", { name: "probe" }],
  ["resources/list", "resources/read", { uri: "test://probe" }],
] as const;

describe.each(ERAS)("in %s", (era) => {
  describe.each(USES)("what %s shows and %s does", (list, use, params) => {
    const required = ["tool:a", "tool:b"];
    const endpoint = endpointOf({ catalogue: probes(required, () => "ran") });
    const listed = async (token: string) =>
      (await endpoint(call(era, list, {}, token))).text.includes('"Probe"');

    it("is shown and runs for a caller who holds and granted everything", async () => {
      const token = await tokenOf(required);
      const { status, body } = await endpoint(call(era, use, params, token));
      expect(await listed(token)).toBe(true);
      expect(status).toBe(200);
      expect(JSON.stringify(body)).toContain('"ran"');
    });

    it("is shown and challenges, with every missing scope and those it has, where this client was not granted them", async () => {
      const token = await tokenOf(required, []);
      const { status, headers, body, noted } = await endpoint(call(era, use, params, token));
      expect(await listed(token)).toBe(true);
      expect(status).toBe(403);
      expect(headers.get("WWW-Authenticate")).toBe(
        'Bearer error="insufficient_scope", error_description="This application was not granted every permission that this needs."' +
          `, scope="tool:a tool:b openid profile email", resource_metadata="${METADATA}"`,
      );
      expect(body).toMatchObject({ error: "insufficient_scope" });
      expect(noted).toMatchObject({ user: "ada", reason: "scope_insufficient" });
    });

    it("is hidden and names every missing permission where the person does not hold them", async () => {
      const token = await tokenOf([], required);
      const { status, headers, body, noted } = await endpoint(call(era, use, params, token));
      const text =
        "You do not have every permission that this needs. Missing: tool:a, tool:b. Ask an administrator to assign it in Auth0.";
      expect(await listed(token)).toBe(false);
      expect(status).toBe(200);
      expect(headers.get("WWW-Authenticate")).toBeNull();
      if (use === "tools/call")
        expect(body).toMatchObject({
          result: { isError: true, content: [{ type: "text", text }] },
        });
      else expect(body).toMatchObject({ error: { code: -32_600, message: text } });
      expect(noted).toMatchObject({ user: "ada", reason: "permission_missing" });
    });
  });

  it("a list holds for its caller alone", async () => {
    for (const [list] of USES) {
      const { body } = await endpointOf()(call(era, list, {}, await tokenOf()));
      if (era === "2026-07-28")
        expect(body).toMatchObject({ result: { cacheScope: "private", ttlMs: 60_000 } });
      else expect(body).not.toHaveProperty("result.cacheScope");
    }
  });

  it("lists tools in their order, byte for byte as prepared", async () => {
    const { text } = await endpointOf()(
      call(era, "tools/list", {}, await tokenOf(catalogue.requiredPermissions)),
    );
    const prepared = [...catalogue.tools.values()]
      .map(({ wire }) => JSON.stringify(wire))
      .join(",");
    expect(text).toContain(`"tools":[${prepared}]`);
  });

  it.each([
    ["tools/call", { name: "nothing" }, "Tool nothing not found"],
    ["tools/call", { name: "constructor" }, "constructor"],
    ["prompts/get", { name: "nothing" }, "Prompt nothing not found"],
    ["resources/read", { uri: "test://nothing" }, "test://nothing"],
  ])("%s of %o does not exist", async (method, params, message) => {
    const { status, body } = await endpointOf()(call(era, method, params, await tokenOf()));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      error: { code: -32_602, message: expect.stringContaining(message) },
    });
  });

  it("says which input is wrong, without running", async () => {
    const params = { name: "count_down", arguments: { from: "many" } };
    const { body } = await endpointOf()(call(era, "tools/call", params, await tokenOf()));
    expect(body).toMatchObject({
      result: { isError: true, content: [{ text: expect.stringContaining("from: ") }] },
    });
  });

  describe("a tool that throws", () => {
    it.each([
      [
        "what the caller may read",
        new ToolError("No such city."),
        "No such city.",
        { outcome: "tool_error" },
      ],
      [
        "a refusal",
        new Refusal("identity_unavailable"),
        "The sign-in service does not answer right now. Please try again shortly.",
        { outcome: "unavailable", reason: "identity_unavailable" },
      ],
    ])("%s answers with it", async (_what, error, text, note) => {
      const endpoint = endpointOf({ catalogue: probes([], () => Promise.reject(error)) });
      const { status, body, noted } = await endpoint(
        call(era, "tools/call", { name: "probe" }, await tokenOf()),
      );
      expect(status).toBe(200);
      expect(body).toMatchObject({ result: { isError: true, content: [{ type: "text", text }] } });
      expect(noted).toEqual({
        user: "ada",
        client: "VwTeGPxg",
        caller: "person",
        rpc: "tools/call",
        revision: era,
        tool: "probe",
        digest: expect.stringMatching(/^[\da-f]{12}$/),
        ...note,
      });
    });

    it.each(USES)(
      "anything else leaks nothing of it, and neither do prompts and resources: %s",
      async (_list, use, params) => {
        const fail = () => {
          throw new TypeError("canary\n    at canary");
        };
        const { status, body, text, noted } = await endpointOf({ catalogue: probes([], fail) })(
          call(era, use, params, await tokenOf()),
        );
        const message =
          "This failed on our side. An operator can find it by the request id request-1.";
        expect(status).toBe(200);
        if (use === "tools/call")
          expect(body).toMatchObject({
            result: { isError: true, content: [{ type: "text", text: message }] },
          });
        else expect(body).toMatchObject({ error: { message } });
        expect(noted).toMatchObject({
          reason: "tool_failed",
          failure: expect.stringMatching(/^TypeError at .*fail/),
        });
        expect(text + JSON.stringify(noted)).not.toContain("canary");
      },
    );
  });

  it("gives out only what an output schema names, and nothing when the output breaks it", async () => {
    const output = z.object({ shown: z.string() });
    const run = (shown: unknown) =>
      defineTool({
        ...facts,
        name: "probe",
        permissions: [],
        annotations,
        input: z.object({}),
        output,
        run: () => Object.assign({ shown: "yes" }, { shown, hidden: "canary" }),
      });
    const answers = [run("yes"), run(1)].map((tool) =>
      endpointOf({ catalogue: createCatalogue({ tools: [tool] }) }),
    );
    const [good, bad] = await Promise.all(
      answers.map(async (endpoint) =>
        endpoint(call(era, "tools/call", { name: "probe" }, await tokenOf())),
      ),
    );
    expect(good?.body).toMatchObject({
      result: {
        structuredContent: { shown: "yes" },
        content: [{ type: "text", text: '{"shown":"yes"}' }],
      },
    });
    expect(bad?.body).toMatchObject({ result: { isError: true } });
    expect(`${good?.text}${bad?.text}`).not.toContain("canary");
  });

  it("reports progress that advances, to a client that asked for it", async () => {
    const steps = async ({ progress }: ToolContext) => {
      for (const done of [1, 1, 0, 2]) await progress(done, 2, `step ${done}`);
      return "done";
    };
    const endpoint = endpointOf({ catalogue: probes([], steps) });
    const params = { name: "probe", _meta: { progressToken: "p" } };
    const { headers, text } = await endpoint(call(era, "tools/call", params, await tokenOf()));
    const messages = text
      .split("\n")
      .flatMap((line) => (line.startsWith("data: {") ? [JSON.parse(line.slice(6))] : []));
    expect(headers.get("Content-Type")).toBe("text/event-stream");
    expect(headers.get("X-Accel-Buffering")).toBe("no");
    expect(messages.slice(0, -1).map(({ params }) => params)).toEqual([
      { progressToken: "p", progress: 1, total: 2, message: "step 1" },
      { progressToken: "p", progress: 2, total: 2, message: "step 2" },
    ]);
    expect(messages.at(-1)).toMatchObject({ id: 1, result: { content: [{ text: "done" }] } });
  });

  it("answers in JSON when nobody asked for progress", async () => {
    const endpoint = endpointOf({
      catalogue: probes([], async ({ progress }) => (await progress(1), "done")),
    });
    const { headers, body } = await endpoint(
      call(era, "tools/call", { name: "probe" }, await tokenOf()),
    );
    expect(headers.get("Content-Type")).toBe("application/json");
    expect(body).toMatchObject({ result: { content: [{ text: "done" }] } });
  });

  it("tells a tool who calls, through which client, and what is effective", async () => {
    const { promise, resolve } = Promise.withResolvers<ToolContext>();
    const endpoint = endpointOf({ catalogue: probes([], (context) => (resolve(context), "done")) });
    await endpoint(
      call(
        era,
        "tools/call",
        { name: "probe" },
        await tokenOf(["tool:a", "tool:b"], ["tool:b", "tool:c"]),
      ),
    );
    const { auth, requestId, access } = await promise;
    expect({ ...auth }).toMatchObject({
      userId: "ada",
      clientId: "client-1",
      issuer: "https://mcp.example.com",
      audience: "https://mcp.example.com/mcp",
      scopes: ["openid", "profile", "email", "tool:b", "tool:c"],
      permissions: ["tool:b"],
    });
    expect(await auth.accessToken()).toMatchObject({
      token: "upstream token of ada",
      claims: { scope: expect.any(String) },
    });
    expect(await auth.userInfo()).toEqual({ name: "ada", email: "ada@example.com" });
    expect(requestId).toBe("request-1");
    expect(access()).toEqual([
      { name: "probe", title: "Probe", permissions: [], verdict: "allowed" },
    ]);
  });
});

describe("the permission is judged on the name in the body", () => {
  const forbidden = { name: "get_user_info", arguments: {} };

  it("and a header that names another tool is a mistake in 2026-07-28", async () => {
    const request = call("2026-07-28", "tools/call", forbidden, await tokenOf());
    request.headers.set("Mcp-Name", "get_time");
    const { status, body } = await endpointOf()(request);
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: { code: -32_020 } });
  });

  it("and such a header is nothing in 2025-11-25", async () => {
    const request = call("2025-11-25", "tools/call", forbidden, await tokenOf());
    request.headers.set("Mcp-Name", "get_time");
    const { body } = await endpointOf()(request);
    expect(body).toMatchObject({ result: { isError: true } });
  });
});

describe("a batch", () => {
  const bearerOf = async (...permissions: Parameters<typeof tokenOf>) => ({
    Authorization: `Bearer ${await tokenOf(...permissions)}`,
  });
  const batch = ["get_time", "get_user_info", "get_time"].map((name, id) => ({
    jsonrpc: "2.0",
    id,
    method: "tools/call",
    params: { name },
  }));

  it("is answered message by message where the person lacks a permission", async () => {
    const { status, body } = await endpointOf()(post(batch, await bearerOf()));
    expect(status).toBe(200);
    expect(body).toMatchObject([
      { id: 0, result: { structuredContent: {} } },
      { id: 1, result: { isError: true } },
      { id: 2, result: {} },
    ]);
  });

  it("is challenged as a whole, before anything runs, where a scope is missing", async () => {
    let ran = 0;
    const free = {
      ...facts,
      name: "get_time",
      permissions: [],
      annotations,
      input: z.object({}),
      run: () => `${++ran}`,
    };
    const guarded = { ...free, name: "get_user_info", permissions: ["tool:get_user_info"] };
    const endpoint = endpointOf({
      catalogue: createCatalogue({ tools: [defineTool(free), defineTool(guarded)] }),
    });
    const { status } = await endpoint(post(batch, await bearerOf(["tool:get_user_info"], [])));
    expect(status).toBe(403);
    expect(ran).toBe(0);
  });
});

it("lists a tool exactly when it runs or one authorization would let it run, and never runs it otherwise", async () => {
  const names = ["tool:a", "tool:b", "tool:c"];
  const subset = fc.subarray(names);
  await fc.assert(
    fc.asyncProperty(
      subset,
      subset,
      subset,
      fc.constantFrom(...ERAS),
      async (required, held, granted, era) => {
        let ran = false;
        const endpoint = endpointOf({ catalogue: probes(required, () => ((ran = true), "ran")) });
        const token = await tokenOf(held, granted);
        const { text } = await endpoint(call(era, "tools/list", {}, token));
        const { status } = await endpoint(call(era, "tools/call", { name: "probe" }, token));
        const isHeld = required.every((name) => held.includes(name));
        const isGranted = required.every((name) => granted.includes(name));
        expect(text.includes('"Probe"')).toBe(isHeld);
        expect(status).toBe(isHeld && !isGranted ? 403 : 200);
        expect(ran).toBe(isHeld && isGranted);
      },
    ),
    { numRuns: 60 },
  );
});

it.each(["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])(
  "greets a client of %s in its own revision",
  async (protocolVersion) => {
    const params = {
      protocolVersion,
      capabilities: {},
      clientInfo: { name: "test", version: "1" },
    };
    const { status, headers, body } = await endpointOf()(
      post(
        { jsonrpc: "2.0", id: 1, method: "initialize", params },
        { Authorization: `Bearer ${await tokenOf()}` },
      ),
    );
    expect(status).toBe(200);
    expect(headers.get("Mcp-Session-Id")).toBeNull();
    expect(body).toMatchObject({
      result: {
        protocolVersion,
        capabilities: {
          tools: { listChanged: false },
          prompts: { listChanged: false },
          resources: { listChanged: false },
        },
        serverInfo: {
          name: "house",
          title: "The House",
          version: "1.2.3",
          description: "A server for tests.",
          websiteUrl: ISSUER,
          icons: [{ src: `${ISSUER}/favicon.svg`, mimeType: "image/svg+xml", sizes: ["any"] }],
        },
        instructions: expect.stringMatching(/^Knock first\.\n\nTools act .* permission/),
      },
    });
  },
);

it("acknowledges a notification with 202 and nothing else", async () => {
  const { status, text } = await endpointOf()(
    post(
      { jsonrpc: "2.0", method: "notifications/initialized" },
      { Authorization: `Bearer ${await tokenOf()}` },
    ),
  );
  expect(status).toBe(202);
  expect(text).toBe("");
});
