/**
 * What an application can be asked, by what its request says of it (MCP 2026-07-28, client/elicitation,
 * capabilities). A request's envelope goes in, facts come out.
 */
import { CLIENT_CAPABILITIES_META_KEY } from "@modelcontextprotocol/server";
import * as z from "zod";
import type { Invocation, Serving } from "./context.ts";
import type { ClientFacts } from "./tool-context.ts";

const declared = z.unknown().optional();

const envelopeSchema = z.object({
  [CLIENT_CAPABILITIES_META_KEY]: z.object({
    elicitation: z.object({ form: declared, url: declared }).optional(),
    sampling: declared,
    roots: declared,
  }),
});

/** Whether the client opens a page that a server names (MCP 2026-07-28, client/elicitation). */
export function opensPages({ envelope }: Pick<Invocation, "envelope">): boolean {
  const can = envelopeSchema.safeParse(envelope).data?.[CLIENT_CAPABILITIES_META_KEY];
  return can?.elicitation?.url !== undefined;
}

/** Only the newest revision lets a server ask: an older client would never hear of it. */
export function clientOf(
  { exchange, asked }: Serving,
  { envelope }: Pick<Invocation, "envelope">,
): ClientFacts {
  const can = envelopeSchema.safeParse(envelope).data?.[CLIENT_CAPABILITIES_META_KEY];
  const { elicitation } = can ?? {};
  // An empty `elicitation` means forms (client/elicitation, capabilities).
  const byForm =
    elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
  return {
    family: exchange.clientFamily,
    revision: asked.revision,
    canAsk: {
      person: byForm,
      model: can?.sampling !== undefined,
      roots: can?.roots !== undefined,
    },
  };
}
