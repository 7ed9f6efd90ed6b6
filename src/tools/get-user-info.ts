/** Who is signed in, and what Auth0 says they may do. Auth0's access token itself never leaves. */
import * as z from "zod";
import { defineTool } from "../mcp/tool.ts";

const claimsSchema = z.object({
  iss: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  scope: z.string().default(""),
  permissions: z.array(z.string()).default([]),
});

export const getUserInfo = defineTool({
  name: "get_user_info",
  title: "Get user info",
  description:
    "Returns the profile of the signed-in person, with the issuer, audience, scope and permissions of their Auth0 access token.",
  permissions: ["tool:get_user_info"],
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: true,
  },
  input: z.object({}),
  output: z.object({
    issuer: z.string().describe("The Auth0 tenant"),
    audience: z.union([z.string(), z.array(z.string())]).describe("The APIs the token is for"),
    scope: z.string().describe("What was asked of Auth0, separated by spaces"),
    permissions: z.array(z.string()).describe("What the person may do at the API"),
    user_info: z.record(z.string(), z.unknown()).describe("The person's profile"),
  }),
  async run(_input, { auth }) {
    const [{ claims }, profile] = await Promise.all([auth.accessToken(), auth.userInfo()]);
    const { iss, aud, scope, permissions } = claimsSchema.parse(claims);
    return { issuer: iss, audience: aud, scope, permissions, user_info: { ...profile } };
  },
});
