import { expect, it } from "vitest";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import { getUserInfo } from "../../../src/tools/get-user-info.ts";
import { call, endpointOf, livingGrants, tokenOf } from "../mcp/endpoint.ts";

const catalogue = createCatalogue({ tools: [getUserInfo] });
const request = async () =>
  call(
    "2026-07-28",
    "tools/call",
    { name: "get_user_info" },
    await tokenOf(["tool:get_user_info"]),
  );

it("tells who is signed in and what Auth0's token says, but not the token", async () => {
  const { body, text } = await endpointOf({ catalogue })(await request());
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

it("fails without details when Auth0's token is not what it should be", async () => {
  const grants = {
    ...livingGrants,
    upstreamTokens: async (...about: Parameters<typeof livingGrants.upstreamTokens>) => ({
      ...(await livingGrants.upstreamTokens(...about)),
      claims: { iss: 1, sub: "canary" },
    }),
  };
  const { body, text } = await endpointOf({ catalogue, grants })(await request());
  expect(body).toMatchObject({
    result: { isError: true, content: [{ text: expect.stringContaining("request-1") }] },
  });
  expect(text).not.toContain("canary");
});
