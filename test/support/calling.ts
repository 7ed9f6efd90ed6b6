/** Tools that call further for the person, for tests. They tell what a token says, never the token. */
import { decodeJwt } from "jose";
import * as z from "zod";
import { defineTool, type Offerings } from "../../src/mcp/tool.ts";

const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: true,
};

const readInvoices = defineTool({
  name: "read_invoices",
  title: "Read invoices",
  description: "Reads the invoices at another API.",
  permissions: [],
  annotations,
  input: z.object({
    audience: z.string().default("https://billing.example.test/"),
    scope: z.union([z.string(), z.array(z.string())]).default(["read:invoices"]),
  }),
  async run(api, { auth, log }) {
    const { token, scopes } = await auth.tokenFor(api);
    log.info("has a token", { text: token });
    return JSON.stringify({ ...decodeJwt(token), scopes });
  },
});

const readCalendar = defineTool({
  name: "read_calendar",
  title: "Read the calendar",
  description: "Reads the person's calendar at another service.",
  permissions: [],
  annotations,
  input: z.object({ scopes: z.array(z.string()).default(["calendar.readonly"]) }),
  async run({ scopes }, { auth, log }) {
    const given = await auth.connectionToken("google-oauth2", { scopes });
    log.info("has a token", { text: given.token });
    return `${given.token} for ${given.scopes.join(" ")}`;
  },
});

export const calling: Offerings = { tools: [readInvoices, readCalendar] };
