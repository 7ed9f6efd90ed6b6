import { expect, it } from "vitest";
import { offerings } from "../../../src/tools/index.ts";
import { call, catalogue, endpointOf, livingGrants, tokenOf } from "../mcp/endpoint.ts";

const everything = await tokenOf(catalogue.requiredPermissions);
const use = async (
  name: string,
  input: Record<string, unknown> = {},
  token = everything,
  endpoint = endpointOf(),
) => endpoint(call("2026-07-28", "tools/call", { name, arguments: input }, token));

it("offers tools that say what they do and what they need", () => {
  const needs = offerings.tools.map(({ name, permissions }) => [name, permissions]);
  expect(needs).toEqual([
    ["get_user_info", ["tool:get_user_info"]],
    ["explain_access", ["tool:explain_access"]],
    ["get_time", []],
    ["count_down", []],
  ]);
  for (const { title, description } of [
    ...offerings.tools,
    ...(offerings.prompts ?? []),
    ...(offerings.resources ?? []),
  ])
    expect(title.length > 3 && description.length > 20).toBe(true);
});

it("get_user_info tells who is signed in and what Auth0's token says, but not the token", async () => {
  const { body, text } = await use("get_user_info");
  const structuredContent = {
    issuer: "https://tenant.example.com/",
    audience: ["https://api.example.com", "https://tenant.example.com/userinfo"],
    scope: "openid profile email offline_access",
    permissions: ["tool:get_user_info"],
    user_info: { name: "ada", email: "ada@example.com" },
  };
  expect(body).toMatchObject({
    result: {
      structuredContent,
      content: [{ type: "text", text: JSON.stringify(structuredContent) }],
    },
  });
  expect(text).not.toContain("upstream token");
});

it("get_user_info fails without details when Auth0's token is not what it should be", async () => {
  const grants = {
    ...livingGrants,
    upstreamTokens: async (...about: Parameters<typeof livingGrants.upstreamTokens>) => ({
      ...(await livingGrants.upstreamTokens(...about)),
      claims: { iss: 1, sub: "canary" },
    }),
  };
  const { body, text } = await use("get_user_info", {}, everything, endpointOf({ grants }));
  expect(body).toMatchObject({
    result: { isError: true, content: [{ text: expect.stringContaining("request-1") }] },
  });
  expect(text).not.toContain("canary");
});

it("explain_access shows every tool, also those the caller does not see", async () => {
  const { body } = await use("explain_access", {}, await tokenOf(["tool:explain_access"]));
  expect(body).toMatchObject({
    result: {
      structuredContent: {
        permissions: ["tool:explain_access"],
        tools: [
          {
            name: "get_user_info",
            title: "Get user info",
            permissions: ["tool:get_user_info"],
            access: "an administrator must assign a permission",
          },
          {
            name: "explain_access",
            title: "Explain access",
            permissions: ["tool:explain_access"],
            access: "allowed",
          },
          { name: "get_time", title: "Get the time", permissions: [], access: "allowed" },
          { name: "count_down", title: "Count down", permissions: [], access: "allowed" },
        ],
      },
    },
  });
});

it("explain_access knows what one more authorization would give", async () => {
  const { body } = await use(
    "explain_access",
    {},
    await tokenOf(["tool:explain_access", "tool:get_user_info"], ["tool:explain_access"]),
  );
  expect(body).toMatchObject({
    result: {
      structuredContent: {
        tools: [{ access: "the person must allow it to this application" }, {}, {}, {}],
      },
    },
  });
});

it("get_time tells the time in UTC", async () => {
  const { body } = await use("get_time");
  expect(body).toMatchObject({
    result: {
      structuredContent: {
        utc: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        weekday: expect.stringMatching(/day$/),
      },
    },
  });
});

it.each(["2025-11-25", "2026-07-28"] as const)(
  "count_down reports each step in %s",
  async (era) => {
    const params = {
      name: "count_down",
      arguments: { from: 3, step_ms: 1 },
      _meta: { progressToken: 7 },
    };
    const { text } = await endpointOf()(call(era, "tools/call", params, everything));
    expect(
      [...text.matchAll(/"progress":(\d),"total":3,"message":"(\d) to go"/g)].map(
        ([, done, left]) => [done, left],
      ),
    ).toEqual([
      ["1", "2"],
      ["2", "1"],
      ["3", "0"],
    ]);
    expect(text).toContain("Lift-off.");
  },
);

it.each([{ from: 0 }, { from: 21 }, { from: 1.5 }, { step_ms: 0 }, { step_ms: 1001 }])(
  "count_down refuses %o",
  async (input) => {
    const { body } = await use("count_down", input);
    expect(body).toMatchObject({
      result: {
        isError: true,
        content: [{ text: expect.stringContaining("Invalid arguments for tool count_down") }],
      },
    });
  },
);

it.each([
  [{}, "Tell me in a few sentences what I can do here."],
  [{ task: "read invoices" }, "Tell me whether I can do this here: read invoices"],
])("check_access given %o asks a model to find out", async (input, line) => {
  const { body } = await endpointOf()(
    call("2026-07-28", "prompts/get", { name: "check_access", arguments: input }, everything),
  );
  expect(body).toMatchObject({
    result: {
      messages: [{ role: "user", content: { type: "text", text: expect.stringContaining(line) } }],
    },
  });
});

it("the guide to permissions can be read", async () => {
  const { body } = await endpointOf()(
    call("2026-07-28", "resources/read", { uri: "guide://permissions" }, everything),
  );
  expect(body).toMatchObject({
    result: {
      contents: [
        {
          uri: "guide://permissions",
          mimeType: "text/markdown",
          text: expect.stringMatching(/^# How permissions work/),
        },
      ],
    },
  });
});
