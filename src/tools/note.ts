/** Sample: a note per person, kept with `state`. The input is one of two forms. */
import * as z from "zod";
import { defineTool } from "../mcp/tool.ts";

/** What `erase_note` reads too. */
export const NOTE = { stateName: "note", key: "note", schema: z.object({ text: z.string() }) };

const DAY_SECONDS = 86_400;

export const note = defineTool({
  name: "note",
  title: "Note",
  description: "Keeps one note for the signed-in person and reads it back. It lives for 90 days.",
  permissions: [],
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  stateName: NOTE.stateName,
  input: z.discriminatedUnion("action", [
    z.object({ action: z.literal("read") }),
    z.object({ action: z.literal("write"), text: z.string().min(1).max(4000) }),
  ]),
  async run(input, { state, log }) {
    if (input.action === "read") {
      const kept = await state.get(NOTE.key, NOTE.schema);
      return kept?.text ?? "There is no note yet.";
    }
    await state.put(NOTE.key, { text: input.text }, { ttlSeconds: 90 * DAY_SECONDS });
    log.info("note kept", { characters: input.text.length });
    return "Kept.";
  },
});
