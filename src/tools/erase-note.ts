/** Sample: a destructive action that asks the person first. */
import * as z from "zod";
import { defineTool } from "../mcp/tool.ts";
import { NOTE } from "./note.ts";

export const eraseNote = defineTool({
  name: "erase_note",
  title: "Erase note",
  description: "Erases the note of the signed-in person, after they approved it.",
  permissions: [],
  annotations: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: true,
    openWorldHint: false,
  },
  stateName: NOTE.stateName,
  input: z.object({}),
  confirm: () => "Erase your note? It cannot be brought back.",
  async run(_input, { state }) {
    await state.delete(NOTE.key);
    return "The note is gone.";
  },
});
