import { expect, it } from "vitest";
import * as z from "zod";
import { Refusal } from "../../../src/errors.ts";
import { signAccessToken } from "../../../src/grants/access-token.ts";
import type { Grants } from "../../../src/grants/grant.ts";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import { defineTool, ToolError } from "../../../src/mcp/tool.ts";
import { call, claimsOf, endpointOf, livingGrants, signingKeys, tokenOf } from "./endpoint.ts";

const SCOPE = "https://www.googleapis.com/auth/calendar.readonly";

const agenda = defineTool({
  name: "agenda",
  title: "Agenda",
  description: "Reads the agenda.",
  permissions: [],
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: true,
  },
  input: z.object({
    scopes: z.array(z.string()).default([SCOPE]),
    catches: z.boolean().default(false),
  }),
  async run({ scopes, catches }, { auth }) {
    try {
      return (await auth.connectionToken("google-oauth2", { scopes })).token;
    } catch (error) {
      if (catches && error instanceof ToolError) return "without the agenda";
      throw error;
    }
  },
});

const catalogue = createCatalogue({ tools: [agenda] });
const refuse: Grants["connectionToken"] = () =>
  Promise.reject(new Refusal("account_not_connected"));
const OPENS_PAGES = {
  _meta: { "io.modelcontextprotocol/clientCapabilities": { elicitation: { url: {} } } },
};

async function use(input: object, { connectionToken = refuse, params = {} as object } = {}) {
  const endpoint = endpointOf({ catalogue, grants: { ...livingGrants, connectionToken } });
  const all = { name: "agenda", arguments: input, ...params };
  return endpoint(call("2026-07-28", "tools/call", all, await tokenOf()));
}

it("gives the token of an account that opens what is asked for", async () => {
  const answer = await use({}, livingGrants);
  expect(answer.text).toContain("token of ada at google-oauth2");
});

it.each([
  ["nothing is connected", {}, refuse],
  ["it opens too little", { scopes: [SCOPE, "more"] }, livingGrants.connectionToken],
])("where %s, the model is told, with the page", async (_, input, connectionToken) => {
  const answer = await use(input, { connectionToken });
  expect(answer).toMatchObject({ status: 200, body: { result: { isError: true } } });
  expect(answer.text).toMatch(
    /Give them this link: https:\/\/mcp\.example\.com\/connect\/[\da-f]{64} \./,
  );
  expect(answer.noted).toMatchObject({ reason: "account_not_connected", outcome: "tool_error" });
});

it("a client that opens pages is given the page, once, and then words", async () => {
  const asked = await use({}, { params: OPENS_PAGES });
  expect(asked.body).toMatchObject({
    result: {
      resultType: "input_required",
      inputRequests: {
        connect: { params: { mode: "url", url: expect.stringContaining("/connect/") } },
      },
    },
  });
  expect(asked.noted).toMatchObject({ outcome: "asked" });
  const inputResponses = { connect: { action: "accept" } };
  const told = await use({}, { params: { ...OPENS_PAGES, inputResponses } });
  expect(told.body).toMatchObject({ result: { isError: true } });
});

it("a tool may go on without", async () => {
  const answer = await use({ catches: true }, { params: OPENS_PAGES });
  expect(answer.text).toContain("without the agenda");
});

it("a machine has no accounts, and is sent nowhere", async () => {
  const endpoint = endpointOf({ catalogue });
  const token = await signAccessToken(claimsOf({ kind: "machine" }), signingKeys);
  const answer = await endpoint(call("2026-07-28", "tools/call", { name: "agenda" }, token));
  expect(answer.body).toMatchObject({ result: { isError: true } });
  expect(answer.text).toContain("A machine calls here: it has no accounts.");
  expect(answer.text).not.toContain("/connect/");
});
