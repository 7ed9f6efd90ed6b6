// src/tools/book-table.ts
import * as z from "zod";
import { defineTool } from "../../../src/mcp/tool.ts";

export const bookTable = defineTool({
  name: "book_table",
  title: "Book a table",
  description: "Books a table after the person chose the time.",
  permissions: [],
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: true,
  },
  input: z.object({ restaurant: z.string() }),
  async run({ restaurant }, { ask }) {
    const reply = await ask({
      message: `When at ${restaurant}?`,
      schema: z.object({ time: z.enum(["18:00", "20:00"]), guests: z.int().min(1).max(12) }),
    });
    if (reply.action !== "accept") return "No table was booked.";
    return `Booked for ${reply.content.guests} at ${reply.content.time}.`;
  },
});
