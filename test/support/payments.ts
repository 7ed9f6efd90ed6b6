/** A shop's counter, for tests: what needs somebody who is there, and what does not. */
import * as z from "zod";
import { definePrompt, defineResource, defineTool, type Offerings } from "../../src/mcp/tool.ts";
import type { Permission } from "../../src/mcp/definition.ts";

function tool(name: string, permission: Permission) {
  return defineTool({
    name,
    title: name.replace("_", " ").replace(/^./, (letter) => letter.toUpperCase()),
    description: "At this counter only.",
    permissions: [permission],
    annotations: {
      readOnlyHint: false,
      destructiveHint: false,
      idempotentHint: false,
      openWorldHint: false,
    },
    input: z.object({ amount: z.int().default(1) }),
    run: ({ amount }) => `${name} of ${amount} was done`,
  });
}

export const payments: Offerings = {
  tools: [
    tool("list_invoices", "invoices:read"),
    tool("refund_invoice", { name: "invoices:refund", fresh: "15m" }),
    tool("pay_invoice", { name: "invoices:pay", fresh: "15m", mfa: true }),
    tool("lock_account", { name: "account:lock", mfa: true }),
  ],
  prompts: [
    definePrompt({
      name: "explain_refund",
      title: "Explain a refund",
      description: "Explains a refund.",
      permissions: [{ name: "invoices:refund", fresh: "15m" }],
      input: z.object({}),
      run: () => "Explain my last refund.",
    }),
  ],
  resources: [
    defineResource({
      uri: "till://today",
      name: "till",
      title: "The till",
      description: "What is in it.",
      permissions: [{ name: "invoices:refund", fresh: "15m" }],
      mimeType: "text/plain",
      run: () => "empty",
    }),
  ],
};
