/**
 * Why a tool is there for somebody, or not. It shows tools that are hidden from the caller, hence
 * its permission.
 */
import * as z from "zod";
import { defineTool } from "../mcp/tool.ts";
import { accessCard } from "./access-card.ts";

const ACCESS = {
  allowed: "allowed",
  step_up: "the person must allow it to this application",
  stale: "the person must sign in again",
  denied: "an administrator must assign a permission",
} as const;

export const explainAccess = defineTool({
  name: "explain_access",
  title: "Explain access",
  description:
    "Lists every tool of this server with the permissions it needs and whether the signed-in person may use it through this application.",
  permissions: ["tool:explain_access"],
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  input: z.object({}),
  ui: { html: accessCard, prefersBorder: true },
  output: z.object({
    permissions: z.array(z.string()).describe("What this application may use for the person"),
    tools: z.array(
      z.object({
        name: z.string(),
        title: z.string(),
        permissions: z.array(z.string()).describe("All are required"),
        access: z.enum(ACCESS),
      }),
    ),
  }),
  run(_input, { auth, access }) {
    return {
      permissions: [...auth.permissions],
      tools: access().map(({ name, title, permissions, verdict }) => ({
        name,
        title,
        permissions: [...permissions],
        access: ACCESS[verdict],
      })),
    };
  },
});
