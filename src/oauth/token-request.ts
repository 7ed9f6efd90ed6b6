/**
 * A request to the token endpoint on its way to whoever answers it, and the library's answer to all
 * the others.
 */
import type { Exchange } from "../exchange.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import { createAuthorizationServer } from "./authorization-server.ts";
import type { Parts } from "../parts.ts";

/** A token request, read. */
export interface TokenRequest {
  /** With its body still to be read. */
  readonly request: Request;
  readonly form: URLSearchParams;
}

/** What answers a token request. */
export interface TokenContext {
  readonly parts: Parts;
  readonly exchange: Exchange;
  readonly work: UnitOfWork;
}

/** The library answers, and refuses what it does not know. */
export async function passOn(
  { parts, exchange, work }: TokenContext,
  request: Request,
): Promise<Response> {
  return createAuthorizationServer(parts, { work, exchange }).fetch(request);
}
