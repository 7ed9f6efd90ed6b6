/**
 * Asking a person whose client cannot ask: words for the model, and a page of ours where the
 * signed-in person answers, after which the same call goes through. What is asked is kept for ten
 * minutes, bound to the person, the grant, the tool and its arguments.
 */
import type { InputRequiredResult } from "@modelcontextprotocol/server";
import { ToolError } from "./answer.ts";
import type { Serving } from "./context.ts";
import type { Use } from "./offer.ts";

type InputRequest = NonNullable<InputRequiredResult["inputRequests"]>[string];

interface Elsewhere {
  readonly request: InputRequest;
  readonly name: string;
  readonly use: Pick<Use<unknown>, "name">;
}

/** The answer given elsewhere, or a ToolError that says where to give it. */
export function askElsewhere({ request }: Elsewhere, _serving: Serving): Promise<unknown> {
  const params: object = request.params ?? {};
  const url = "url" in params ? ` Open ${String(params.url)} and make the call again.` : "";
  const message = "message" in params ? String(params.message) : "";
  return Promise.reject(
    new ToolError(
      `This needs an answer from the person, and this application cannot ask: ${message}${url}`,
    ),
  );
}
