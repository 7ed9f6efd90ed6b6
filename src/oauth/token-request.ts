/**
 * A request to the token endpoint on its way to whoever answers it, and the library's answer to all
 * the others.
 */
import { withForm } from "../clients/authentication.ts";
import type { Network } from "../edge/network.ts";
import type { Exchange } from "../exchange.ts";
import type { Parts } from "../parts.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import { createAuthorizationServer } from "./authorization-server.ts";

/** A token request, read. */
export interface TokenRequest {
  /** With its body still to be read. */
  readonly request: Request;
  readonly form: URLSearchParams;
  /** Where it comes from. */
  readonly network: Network;
}

/** What answers a token request. */
export interface TokenContext {
  readonly parts: Parts;
  readonly exchange: Exchange;
  readonly work: UnitOfWork;
  /** Whether the client still waits for the answer: it was not told to come again. */
  readonly isAwaited: () => boolean;
}

/** The library answers, and refuses what it does not know. */
export async function passOn(
  { parts, exchange, work }: TokenContext,
  request: Request,
): Promise<Response> {
  return createAuthorizationServer(parts, { work, exchange }).fetch(request);
}

/**
 * The request as the library is to see it: which scopes a token gets is ours to say, since
 * permissions are kept in our record.
 */
export function withoutScope({ request, form }: Pick<TokenRequest, "request" | "form">): Request {
  const other = new URLSearchParams(form);
  other.delete("scope");
  return withForm(request, other);
}
