/**
 * Dynamic client registration (RFC 7591). A client's metadata goes in, its client id comes out. A
 * registration that never leads to a login is forgotten within a day.
 */
import { readSmallBody, withBody } from "../edge/body.ts";
import type { Exchange } from "../exchange.ts";
import { createAuthorizationServer } from "./authorization-server.ts";
import type { Parts } from "../parts.ts";

/** Answers `/register`. */
export async function answerRegistration(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const work = parts.beginWork();
  const server = createAuthorizationServer(parts, { work, exchange });
  const response = await server.fetch(await withCappedBody(request));
  await work.commit();
  return response;
}

async function withCappedBody(request: Request): Promise<Request> {
  if (request.method !== "POST") return request;
  return withBody(request, await readSmallBody(request));
}
