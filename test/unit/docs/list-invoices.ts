// src/tools/list-invoices.ts
import * as z from "zod";
import { defineTool, ToolError } from "../../../src/mcp/tool.ts";

const BILLING = "https://billing.example.com";
const invoicesSchema = z.object({ invoices: z.array(z.string()) });

export const listInvoices = defineTool({
  name: "list_invoices",
  title: "Invoices",
  description: "The caller's open invoices.",
  permissions: ["invoices:read"],
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: true,
  },
  input: z.object({ year: z.int() }),
  output: invoicesSchema,
  async run({ year }, { auth, signal }) {
    const { token } = await auth.tokenFor({ audience: BILLING, scope: "invoices:read" });
    const headers = { Authorization: `Bearer ${token}` };
    const response = await fetch(`${BILLING}/invoices?year=${year}`, { headers, signal });
    if (!response.ok) throw new ToolError("The invoices cannot be read right now.");
    return invoicesSchema.parse(await response.json());
  },
});
