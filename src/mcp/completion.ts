/**
 * Completion (MCP, server/utilities/completion): what a person may mean, while they type an
 * argument. Behind the same permissions as the prompt or the template itself.
 */
import { type McpServer, ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { REFUSALS } from "../errors.ts";
import { CANNOT_ASK, contextOf, type Invocation, type Serving } from "./context.ts";
import type { Prompt, Template } from "./definition.ts";
import type { Settled } from "./settled.ts";
import { describeFailure, explainRefusal, noteOutcome } from "./outcome.ts";

/** The protocol takes no more at once. */
const MOST_VALUES = 100;

interface Question {
  readonly item: Settled<Prompt> | Settled<Template>;
  readonly argument: { readonly name: string; readonly value: string };
  readonly known: Readonly<Record<string, string>>;
}

/** Answers a completion, if this request asks for one. */
export function offerCompletion({ server }: McpServer, serving: Serving): void {
  const { catalogue, asked } = serving;
  if (!catalogue.hasCompletion || !asked.subjects.has("completion/complete")) return;
  server.setRequestHandler("completion/complete", async ({ params }, sdk) => {
    const { ref, argument, context } = params;
    const item =
      ref.type === "ref/prompt"
        ? catalogue.prompts.get(ref.name)?.item
        : catalogue.templates.get(ref.uri)?.item;
    if (item === undefined) {
      noteOutcome(serving.exchange, "unknown");
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        "There is nothing like this to complete.",
      );
    }
    const verdict = serving.caller.judge(item);
    if (verdict.verdict !== "allowed")
      throw new ProtocolError(
        ProtocolErrorCode.InvalidRequest,
        verdict.verdict === "stale"
          ? REFUSALS.sign_in_too_old.text
          : explainRefusal(verdict, serving.exchange),
      );
    const question = { item, argument, known: context?.arguments ?? {} };
    const values = await suggest(question, serving, sdk.mcpReq);
    return {
      completion: {
        values: values.slice(0, MOST_VALUES),
        total: values.length,
        hasMore: values.length > MOST_VALUES,
      },
    };
  });
}

async function suggest(
  { item, argument, known }: Question,
  serving: Serving,
  invocation: Invocation,
): Promise<readonly string[]> {
  const complete = item.complete?.[argument.name];
  if (complete === undefined) return [];
  try {
    const context = contextOf(serving, invocation, { use: item, ask: CANNOT_ASK });
    return await complete(argument.value, known, context);
  } catch (error) {
    throw new ProtocolError(ProtocolErrorCode.InternalError, describeFailure(error, serving));
  }
}
