// src/tools/convert.ts
import * as z from "zod";
import { defineTool } from "../../../src/mcp/tool.ts";

export const convert = defineTool({
  name: "convert_temperature",
  title: "Convert a temperature",
  description: "Converts degrees Celsius to Fahrenheit.",
  permissions: ["weather:read"],
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  input: z.object({ celsius: z.number().describe("Degrees Celsius") }),
  output: z.object({ fahrenheit: z.number() }),
  run: ({ celsius }) => ({ fahrenheit: celsius * 1.8 + 32 }),
});
