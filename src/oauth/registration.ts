/**
 * Dynamic client registration (RFC 7591). A client's metadata goes in, its client id comes out. A
 * registration that never leads to a login is forgotten within a day.
 */
import { LONGEST_FORM_BYTES, readCapped, withBody } from "../edge/body.ts";
import { Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { createAuthorizationServer } from "./authorization-server.ts";
import type { OAuthParts } from "./parts.ts";

/** Answers `/register`. */
export async function answerRegistration(
  request: Request,
  exchange: Exchange,
  parts: OAuthParts,
): Promise<Response> {
  const work = parts.beginWork();
  const server = createAuthorizationServer(parts, { work, exchange });
  const response = await server.fetch(await withCappedBody(request));
  await work.commit();
  return response;
}

async function withCappedBody(request: Request): Promise<Request> {
  if (request.method !== "POST") return request;
  const body = await readCapped(request, LONGEST_FORM_BYTES);
  if (body === undefined) throw new Refusal("body_too_large");
  return withBody(request, body);
}
