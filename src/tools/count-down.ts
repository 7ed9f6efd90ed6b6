/** A slow tool: it tells how far it is, and stops when the caller gives up. */
import * as z from "zod";
import { defineTool } from "../mcp/tool.ts";

export const countDown = defineTool({
  name: "count_down",
  title: "Count down",
  description: "Counts down to zero and reports each step as progress. Useful to try out a client.",
  permissions: [],
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  input: z.object({
    from: z.int().min(1).max(20).default(5),
    step_ms: z.int().min(1).max(1000).default(500).describe("Milliseconds between two steps"),
  }),
  async run({ from, step_ms }, { progress, signal }) {
    for (let done = 1; done <= from; done += 1) {
      await pause(step_ms);
      signal.throwIfAborted();
      await progress(done, from, `${from - done} to go`);
    }
    return "Lift-off.";
  },
});

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
