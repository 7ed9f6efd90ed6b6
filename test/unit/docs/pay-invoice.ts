// src/tools/pay-invoice.ts
import * as z from "zod";
import { defineTool } from "../../../src/mcp/tool.ts";

export const payInvoice = defineTool({
  name: "pay_invoice",
  title: "Pay an invoice",
  description: "Pays an open invoice of the caller.",
  permissions: ["invoices:read", { name: "invoices:pay", fresh: "15m", mfa: true }],
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: true,
  },
  input: z.object({ invoice: z.string() }),
  run: ({ invoice }) => `Invoice ${invoice} is paid.`,
});
