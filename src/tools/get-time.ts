/** What time it is, anywhere. Any signed-in caller may ask. */
import * as z from "zod";
import { defineTool, ToolError } from "../mcp/tool.ts";

export const getTime = defineTool({
  name: "get_time",
  title: "Get the time",
  description: "Returns the current date and time, in UTC and as people write it in a time zone.",
  permissions: [],
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({
    time_zone: z.string().max(64).default("UTC").describe("An IANA time zone, such as Europe/Berlin"),
  }),
  output: z.object({
    utc: z.iso.datetime().describe("ISO 8601"),
    local: z.string().describe("Date and time in the time zone"),
    time_zone: z.string(),
  }),
  run({ time_zone }) {
    const now = new Date();
    return { utc: now.toISOString(), local: formatIn(time_zone, now), time_zone };
  },
});

function formatIn(timeZone: string, moment: Date): string {
  try {
    return new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long", timeZone }).format(moment);
  } catch {
    throw new ToolError("There is no such time zone. Use an IANA name, such as Europe/Berlin.");
  }
}
