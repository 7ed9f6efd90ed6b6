/** What time it is. Any signed-in caller may ask. */
import * as z from "zod";
import { defineTool } from "../mcp/tool.ts";

const WEEKDAYS = [
  "Sunday",
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
] as const;

export const getTime = defineTool({
  name: "get_time",
  title: "Get the time",
  description: "Returns the current date, time and day of the week in UTC.",
  permissions: [],
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  input: z.object({}),
  output: z.object({
    utc: z.iso.datetime().describe("ISO 8601"),
    weekday: z.string(),
  }),
  run() {
    const now = new Date();
    return { utc: now.toISOString(), weekday: WEEKDAYS[now.getUTCDay()] ?? "" };
  },
});
