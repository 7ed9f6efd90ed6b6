// src/tools/chart.ts
import * as z from "zod";
import { answer, defineTool, image, text, ToolError } from "../../../src/mcp/tool.ts";

export const chart = defineTool({
  name: "chart",
  title: "Chart",
  description: "Draws one pixel per value, and says what they add up to.",
  permissions: [],
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  input: z.object({ values: z.array(z.number()) }),
  output: z.object({ sum: z.number() }),
  run({ values }) {
    if (values.length === 0) throw new ToolError("There is nothing to draw.");
    const sum = values.reduce((total, value) => total + value, 0);
    return answer({
      structured: { sum },
      content: [text(`The sum is ${sum}.`), image(new Uint8Array(values), "image/png")],
      meta: { "example.com/points": values.length },
    });
  },
});
