// src/tools/delete-invoices.ts
import * as z from "zod";
import { defineTool } from "../../../src/mcp/tool.ts";

export const deleteInvoices = defineTool({
  name: "delete_invoices",
  title: "Delete invoices",
  description: "Deletes every invoice of a customer.",
  permissions: ["invoices:delete"],
  annotations: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: true,
    openWorldHint: false,
  },
  input: z.object({ customer: z.string() }),
  confirm: ({ customer }) => `Delete all invoices of ${customer}? They cannot be brought back.`,
  run: ({ customer }) => `The invoices of ${customer} are gone.`,
});
