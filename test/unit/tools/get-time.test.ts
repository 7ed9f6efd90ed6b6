import { expect, it } from "vitest";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import { getTime } from "../../../src/tools/get-time.ts";
import { call, endpointOf, tokenOf } from "../mcp/endpoint.ts";

it("tells the time in UTC", async () => {
  const endpoint = endpointOf({ catalogue: createCatalogue({ tools: [getTime] }) });
  const request = call("2026-07-28", "tools/call", { name: "get_time" }, await tokenOf());
  expect((await endpoint(request)).body).toMatchObject({
    result: {
      structuredContent: {
        utc: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        weekday: expect.stringMatching(/day$/),
      },
    },
  });
});
