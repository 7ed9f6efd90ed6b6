import { expect, it } from "vitest";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import { permissionGuide } from "../../../src/tools/permission-guide.ts";
import { call, endpointOf, tokenOf } from "../mcp/endpoint.ts";

it("can be read by anybody who is signed in", async () => {
  const catalogue = createCatalogue({ tools: [], resources: [permissionGuide] });
  const request = call(
    "2026-07-28",
    "resources/read",
    { uri: "guide://permissions" },
    await tokenOf(),
  );
  expect((await endpointOf({ catalogue })(request)).body).toMatchObject({
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
