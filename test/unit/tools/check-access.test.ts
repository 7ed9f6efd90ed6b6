import { expect, it } from "vitest";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import { checkAccess } from "../../../src/tools/check-access.ts";
import { call, endpointOf, tokenOf } from "../mcp/endpoint.ts";

it.each([
  [{}, "Tell me in a few sentences what I can do here."],
  [{ task: "read invoices" }, "Tell me whether I can do this here: read invoices"],
])("given %o asks a model to find out", async (input, line) => {
  const endpoint = endpointOf({
    catalogue: createCatalogue({ tools: [], prompts: [checkAccess] }),
  });
  const params = { name: "check_access", arguments: input };
  const { body } = await endpoint(call("2026-07-28", "prompts/get", params, await tokenOf()));
  expect(body).toMatchObject({
    result: {
      messages: [{ role: "user", content: { type: "text", text: expect.stringContaining(line) } }],
    },
  });
});
