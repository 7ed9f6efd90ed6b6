/**
 * A token of an account of the person's at another service, or the way to the page where they connect
 * it. What a tool asks for goes in; the token comes out, or an error in words for the model that carries
 * the page's address.
 */
import { inputRequired, type InputRequiredResult } from "@modelcontextprotocol/server";
import { REFUSALS, Refusal } from "../errors.ts";
import {
  type AccountRequest,
  REQUEST_TTL_SECONDS,
  requestName,
} from "../grants/account-request.ts";
import { ToolError } from "./answer.ts";
import { opensPages } from "./client-facts.ts";
import type { Invocation, Serving } from "./context.ts";
import { asToolError } from "./other-apis.ts";
import type { OtherToken } from "./tool-context.ts";

/** Somebody has to open a page first. */
export class PageNeeded extends ToolError {
  readonly page: string;
  constructor(message: string, page: string) {
    super(`${message} Give them this link: ${page} . Then make exactly the same call again.`);
    this.page = page;
  }
}

interface Wanted {
  /** What asks, in words for the person. */
  readonly title: string;
  readonly connection: string;
  readonly scopes: readonly string[];
}

/** A token that opens all that was asked for. Throws nothing but a `ToolError`. */
export async function connectionToken(serving: Serving, wanted: Wanted): Promise<OtherToken> {
  const { caller, exchange } = serving;
  const { connection, scopes } = wanted;
  const given = await caller.auth
    .connectionToken(connection, { scopes })
    .catch((error: unknown) => {
      if (error instanceof Refusal && error.reason === "account_not_connected") return undefined;
      throw asToolError(error, caller.auth.kind, exchange);
    });
  if (given !== undefined && scopes.every((name) => given.scopes.includes(name))) return given;
  exchange.note({ reason: "account_not_connected" });
  // What it opens already stays: connecting again replaces it.
  const all = [...new Set([...(given?.scopes ?? []), ...scopes])];
  throw await leadToAccount(serving, { ...wanted, scopes: all });
}

async function leadToAccount(
  { caller, services, issuer }: Serving,
  { title: tool, connection, scopes }: Wanted,
): Promise<ToolError> {
  if (caller.grantId === undefined) return new ToolError(REFUSALS.account_not_connected.text);
  const id = await caller.bind(`connect\n${connection}\n${scopes.join(" ")}`);
  const request: AccountRequest = {
    userId: caller.auth.userId,
    grantId: caller.grantId,
    tool,
    connection,
    scopes,
    until: services.now() + REQUEST_TTL_SECONDS,
  };
  await services.records.write([
    { put: requestName(id), text: JSON.stringify(request), ttlSeconds: REQUEST_TTL_SECONDS },
  ]);
  const message = `The person has to connect their account at ${connection} first.`;
  return new PageNeeded(message, `${issuer}/connect/${id}`);
}

const QUESTION = "connect";

/** The page as a question, once, for a client that opens pages. */
export function pageQuestion(
  error: unknown,
  request: Pick<Invocation, "envelope"> & {
    readonly inputResponses?: Readonly<Record<string, unknown>> | undefined;
  },
): InputRequiredResult | undefined {
  const wasAsked = request.inputResponses?.[QUESTION] !== undefined;
  if (!(error instanceof PageNeeded) || wasAsked || !opensPages(request)) return undefined;
  const asked = inputRequired.elicitUrl({ message: error.message, url: error.page });
  return inputRequired({ inputRequests: { [QUESTION]: asked } });
}
