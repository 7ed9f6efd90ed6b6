import { expect, it } from "vitest";
import * as z from "zod";
import { Refusal } from "../../../src/errors.ts";
import { namesIn } from "../../../src/mcp/other-apis.ts";
import { defineTool } from "../../../src/mcp/tool.ts";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import { signAccessToken } from "../../../src/grants/access-token.ts";
import { call, claimsOf, endpointOf, livingGrants, signingKeys, tokenOf } from "./endpoint.ts";

it.each([
  [undefined, []],
  ["", []],
  ["a b  a", ["a", "b"]],
  [
    ["b", "a", "b", ""],
    ["b", "a"],
  ],
])("the scopes of %o are %o", (scope, names) => {
  expect(namesIn(scope)).toEqual(names);
});

const pay = defineTool({
  name: "pay",
  title: "Pay",
  description: "Pays.",
  permissions: [],
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: true,
  },
  input: z.object({}),
  run: async (_, { auth }) => {
    try {
      return (await auth.tokenFor({ audience: "https://pay.test", scope: "pay" })).token;
    } catch (error) {
      if (error instanceof Error && error.name === "ToolError") return `caught: ${error.message}`;
      throw error;
    }
  },
});

it.each([
  ["other_api_denied", "may not use"],
  ["identity_unavailable", "try again"],
] as const)("a tool can catch what is in the way: %s", async (reason, words) => {
  const grants = { ...livingGrants, tokenFor: () => Promise.reject(new Refusal(reason)) };
  const endpoint = endpointOf({ catalogue: createCatalogue({ tools: [pay] }), grants });
  const answer = await endpoint(call("2026-07-28", "tools/call", { name: "pay" }, await tokenOf()));
  expect(answer.status).toBe(200);
  expect(answer.text).toContain("caught: ");
  expect(answer.text).toContain(words);
  expect(answer.noted).toMatchObject({ reason, outcome: "done" });
});

it.each([
  ["other_api_denied", "tool_error"],
  ["identity_rate_limited", "unavailable"],
] as const)("a tool that does not catch it fails with it: %s is %s", async (reason, outcome) => {
  const grants = { ...livingGrants, tokenFor: () => Promise.reject(new Refusal(reason)) };
  const plain = {
    ...pay,
    run: async (_: object, { auth }: Parameters<typeof pay.run>[1]) =>
      (await auth.tokenFor({ audience: "https://pay.test" })).token,
  };
  const endpoint = endpointOf({ catalogue: createCatalogue({ tools: [plain] }), grants });
  const answer = await endpoint(call("2025-11-25", "tools/call", { name: "pay" }, await tokenOf()));
  expect(answer.body).toMatchObject({ result: { isError: true } });
  expect(answer.status).toBe(200);
  expect(answer.noted).toMatchObject({ reason, outcome });
});

it("a machine is told that it calls in nobody's name, and keeps its token", async () => {
  const refused = () => Promise.reject(new Refusal("identity_refused"));
  const endpoint = endpointOf({
    catalogue: createCatalogue({ tools: [pay] }),
    grants: { ...livingGrants, tokenFor: refused },
  });
  const token = await signAccessToken(claimsOf({ kind: "machine" }), signingKeys);
  const answer = await endpoint(call("2026-07-28", "tools/call", { name: "pay" }, token));
  expect(answer.status).toBe(200);
  expect(answer.text).toContain("in nobody's name");
});
