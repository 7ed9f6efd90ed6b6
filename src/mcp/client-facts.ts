/**
 * What an application can be asked, by what its request says of it (MCP 2026-07-28, client/elicitation,
 * capabilities). A request's envelope goes in, facts come out.
 */
import { CLIENT_CAPABILITIES_META_KEY } from "@modelcontextprotocol/server";
import { isJsonObject, type JsonObject } from "../json.ts";
import type { Invocation, Serving } from "./context.ts";
import type { ClientFacts } from "./tool-context.ts";

/** What an envelope says that its client can; what is no object says nothing. */
function capabilitiesIn(envelope: unknown): JsonObject {
  return memberOf(envelope, CLIENT_CAPABILITIES_META_KEY) ?? {};
}

function memberOf(value: unknown, name: string): JsonObject | undefined {
  const member = isJsonObject(value) ? value[name] : undefined;
  return isJsonObject(member) ? member : undefined;
}

/** Whether the client opens a page that a server names (MCP 2026-07-28, client/elicitation). */
export function opensPages({ envelope }: Pick<Invocation, "envelope">): boolean {
  return memberOf(capabilitiesIn(envelope), "elicitation")?.["url"] !== undefined;
}

/** Only the newest revision lets a server ask: an older client would never hear of it. */
export function clientOf(
  { exchange, asked }: Serving,
  { envelope }: Pick<Invocation, "envelope">,
): ClientFacts {
  const can = capabilitiesIn(envelope);
  const elicitation = memberOf(can, "elicitation");
  // An empty `elicitation` means forms (client/elicitation, capabilities).
  const byForm =
    elicitation !== undefined &&
    (elicitation["form"] !== undefined || elicitation["url"] === undefined);
  return {
    family: exchange.clientFamily,
    revision: asked.revision,
    canAsk: {
      person: byForm,
      model: can["sampling"] !== undefined,
      roots: can["roots"] !== undefined,
    },
  };
}
