/** A prompt that has a model find out what the person can do here, and what is in the way. */
import * as z from "zod";
import { definePrompt } from "../mcp/tool.ts";

export const checkAccess = definePrompt({
  name: "check_access",
  title: "Check my access",
  description: "Finds out what you can do with this server and what you would have to ask for.",
  permissions: [],
  input: z.object({
    task: z.string().max(500).optional().describe("What you want to do"),
  }),
  run: ({ task }) =>
    [
      "Read the resource guide://permissions and look at the tools that this server shows you.",
      task === undefined
        ? "Tell me in a few sentences what I can do here."
        : `Tell me whether I can do this here: ${task}`,
      "If something would need another permission, name it and say who can give it to me.",
    ].join("\n"),
});
