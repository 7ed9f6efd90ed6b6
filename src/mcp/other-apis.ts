/**
 * Calling further for the person: what a tool asks for goes in, a token of another API comes out, or
 * an error in words for the model. No refusal of the other side ever becomes one of ours: the client
 * is signed in, and stays so.
 */
import { isPassing, REFUSALS, Refusal } from "../errors.ts";
import { ToolError } from "./answer.ts";
import type { Trace } from "./context.ts";
import type { Auth, OtherApi, OtherToken } from "./tool-context.ts";

/** The scopes of a request, each once, whether written as a list or as OAuth writes them. */
export function namesIn(scope: OtherApi["scope"] = []): readonly string[] {
  const listed = typeof scope === "string" ? scope.split(" ") : scope;
  return [...new Set(listed.filter((name) => name !== ""))];
}

/**
 * A token for this API. One that opens less than was asked for is none: what is missing is told by
 * name. Throws nothing but a `ToolError`.
 */
export async function tokenFor(
  { kind, tokenFor: ask }: Pick<Auth, "kind" | "tokenFor">,
  api: OtherApi,
  exchange: Pick<Trace, "note">,
): Promise<OtherToken> {
  const given = await ask(api).catch((error: unknown) => {
    throw asToolError(error, kind, exchange);
  });
  const missing = namesIn(api.scope).filter((name) => !given.scopes.includes(name));
  if (missing.length === 0) return given;
  exchange.note({ reason: "other_api_denied" });
  throw new ToolError(
    `${REFUSALS.other_api_denied.text} Missing at ${api.audience}: ${missing.join(", ")}.`,
  );
}

/**
 * A refusal in its own words; the log learns its reason and its facts. Auth0 exchanges what belongs to
 * a person; whether a machine gets anything is for it to say.
 */
export function asToolError(
  error: unknown,
  kind: Auth["kind"],
  { note }: Pick<Trace, "note">,
): unknown {
  if (!(error instanceof Refusal)) return error;
  note({ ...error.facts, reason: error.reason });
  const isForPeople = kind === "machine" && !isPassing(error);
  return new ToolError(isForPeople ? NO_PERSON : REFUSALS[error.reason].text, { cause: error });
}

const NO_PERSON =
  "A machine calls here, in nobody's name: Auth0 gives it no token for another service.";
