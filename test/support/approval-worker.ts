/** The Worker with tools that ask the person. Never deployed. */
import * as z from "zod";
import { defineTool } from "../../src/mcp/tool.ts";
import { createWorker } from "../../src/worker.ts";
import { site } from "./served.ts";

const annotations = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: false,
  openWorldHint: false,
};

const remove = defineTool({
  name: "delete_invoices",
  title: "Delete invoices",
  description: "Deletes the invoices of a customer.",
  permissions: [],
  annotations,
  input: z.object({ of: z.string() }),
  confirm: ({ of }) => `Delete 3 invoices of ${of}?`,
  run: ({ of }) => `Deleted 3 invoices of ${of}.`,
});

const order = defineTool({
  name: "order",
  title: "Order",
  description: "Orders something.",
  permissions: [],
  annotations,
  input: z.object({}),
  async run(_input, { ask }) {
    const reply = await ask({
      message: "What do you want?",
      schema: z.object({
        size: z.enum(["small", "large"]).describe("Of the box"),
        count: z.int(),
        note: z.string().optional(),
        gift: z.boolean(),
      }),
    });
    return JSON.stringify(reply);
  },
});

export default await createWorker({
  site,
  offerings: { tools: [remove, order] },
  version: "0.0.0",
});
