/** The Worker with tools that ask the person and remember something. Never deployed. */
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

const remember = defineTool({
  name: "remember",
  title: "Remember",
  description: "Keeps a text and reads it back.",
  permissions: [],
  annotations: { ...annotations, destructiveHint: false },
  input: z.object({ text: z.string().optional(), forget: z.boolean().default(false) }),
  async run({ text, forget }, { state }) {
    if (forget) await state.delete("text");
    if (text !== undefined) await state.put("text", text, { ttlSeconds: 60 });
    return (await state.get("text", z.string())) ?? "nothing";
  },
});

export default await createWorker({
  site,
  offerings: { tools: [remove, order, remember] },
  version: "0.0.0",
});
