import { expect, it } from "vitest";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import { explainAccess } from "../../../src/tools/explain-access.ts";
import { offerings } from "../../support/served.ts";
import { serve } from "../../support/tool-kit.ts";
import { call, endpointOf, tokenOf } from "../mcp/endpoint.ts";

const others = offerings.tools.filter(({ name }) => name !== explainAccess.name);
const catalogue = createCatalogue({ tools: [explainAccess, ...others] });

async function accessOf(held: readonly string[], granted = held): Promise<unknown> {
  const token = await tokenOf(held, granted);
  const request = call("2026-07-28", "tools/call", { name: "explain_access" }, token);
  return (await endpointOf({ catalogue })(request)).body;
}

it("shows every tool, also those the caller does not see", async () => {
  expect(await accessOf(["tool:explain_access"])).toMatchObject({
    result: {
      structuredContent: {
        permissions: ["tool:explain_access"],
        tools: [
          {
            name: "explain_access",
            title: "Explain access",
            permissions: ["tool:explain_access"],
            access: "allowed",
          },
          {
            name: "get_user_info",
            title: "Get user info",
            permissions: ["tool:get_user_info"],
            access: "an administrator must assign a permission",
          },
          { name: "get_time", title: "Get the time", permissions: [], access: "allowed" },
          { name: "count_down", title: "Count down", permissions: [], access: "allowed" },
        ],
      },
    },
  });
});

it("knows what one more authorization would give", async () => {
  const held = ["tool:explain_access", "tool:get_user_info"];
  expect(await accessOf(held, ["tool:explain_access"])).toMatchObject({
    result: {
      structuredContent: {
        tools: [{}, { access: "the person must allow it to this application" }, {}, {}],
      },
    },
  });
});

it("shows it as a card, which says nothing until the result has come", async () => {
  const { text, status } = await serve({ tools: [explainAccess] })
    .as(["tool:explain_access"])
    .read("ui://explain_access/view.html");
  expect(status).toBe(200);
  expect(text).toContain("What you can use here");
  expect(text).not.toMatch(/innerHTML|src=|href=/);
});
