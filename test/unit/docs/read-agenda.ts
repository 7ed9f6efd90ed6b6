// src/tools/read-agenda.ts
import * as z from "zod";
import { defineTool, ToolError } from "../../../src/mcp/tool.ts";

const CALENDAR = "https://www.googleapis.com/auth/calendar.readonly";
const EVENTS = "https://www.googleapis.com/calendar/v3/calendars/primary/events";
const eventsSchema = z.object({ items: z.array(z.object({ summary: z.string().default("") })) });

export const readAgenda = defineTool({
  name: "read_agenda",
  title: "Agenda",
  description: "The caller's next events in Google Calendar.",
  permissions: ["agenda:read"],
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: true,
  },
  input: z.object({}),
  async run(_input, { auth, signal }) {
    const { token } = await auth.connectionToken("google-oauth2", { scopes: [CALENDAR] });
    const headers = { Authorization: `Bearer ${token}` };
    const response = await fetch(EVENTS, { headers, signal });
    if (!response.ok) throw new ToolError("Google Calendar cannot be read right now.");
    const { items } = eventsSchema.parse(await response.json());
    return items.map(({ summary }) => summary).join("\n");
  },
});
