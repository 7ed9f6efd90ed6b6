/**
 * Dynamic client registration (RFC 7591). A client's metadata goes in, its client id comes out, with
 * all that was registered. A registration that never leads to a login is forgotten within a day.
 */
import { readSmallBody, withBody } from "../edge/body.ts";
import { markOf } from "../clients/mark.ts";
import { readObject, readRegistration } from "../clients/metadata.ts";
import { Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { createAuthorizationServer } from "./authorization-server.ts";
import type { Parts } from "../parts.ts";
import { listScopes } from "./scopes.ts";

/** Members that mean something to a client only; the library neither reads nor repeats them. */
const REPEATED = ["scope", "application_type", "software_id", "software_version"];

/** Answers `/register`. */
export async function answerRegistration(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  await assertOpen(exchange, parts);
  const work = parts.beginWork();
  const server = createAuthorizationServer(parts, { work, exchange });
  if (request.method !== "POST") return server.fetch(request);
  const body = await readSmallBody(request);
  const sent = readObject(new TextDecoder().decode(body));
  if (sent === undefined) return server.fetch(withBody(request, body));
  const metadata = accept(sent, parts);
  const response = await server.fetch(asLibraryHasIt(request, metadata));
  await work.commit();
  // It may have been heard on the way. Nobody is told of the client that was registered.
  await assertOpen(exchange, parts);
  if (response.status !== 201) return response;
  const completed = await complete(response, metadata);
  exchange.note({ client: await markOf(completed.clientId) });
  return completed.response;
}

async function assertOpen(exchange: Exchange, { config, switches }: Parts): Promise<void> {
  if (!(await switches.refuses(({ registration }) => registration))) return;
  if (!config.auth.dynamicRegistration) exchange.note({ variable: "DYNAMIC_REGISTRATION" });
  throw new Refusal("registration_off");
}

function accept(sent: Readonly<Record<string, unknown>>, { config, permissions }: Parts) {
  const { allowedRedirectUris } = config.auth;
  const read = readRegistration(sent, { allowedRedirectUris, scopes: listScopes(permissions) });
  if ("metadata" in read) return read.metadata;
  const isRedirect = read.code === "invalid_redirect_uri";
  throw new Refusal(isRedirect ? "registration_redirect_invalid" : "registration_invalid", {
    flaw: read.flaw,
  });
}

/**
 * A client with a secret may send it in the form or by HTTP Basic, whichever of the two it
 * registered: to the library it has not chosen.
 */
function asLibraryHasIt(request: Request, metadata: Readonly<Record<string, unknown>>): Request {
  const { token_endpoint_auth_method: method, ...others } = { ...metadata };
  delete others["token_endpoint_auth_methods_supported"];
  const chosen = method === "none" ? { token_endpoint_auth_method: method } : {};
  return withBody(request, new TextEncoder().encode(JSON.stringify({ ...others, ...chosen })));
}

/** RFC 7591 §3.2.1: the answer has all registered metadata, as it was registered. */
async function complete(response: Response, metadata: Readonly<Record<string, unknown>>) {
  const registered: Record<string, unknown> = await response.json();
  const names = [...REPEATED, "token_endpoint_auth_method"];
  const more = names.flatMap((name) => (name in metadata ? [[name, metadata[name]]] : []));
  const headers = new Headers(response.headers);
  headers.delete("Content-Length");
  const body = { ...registered, ...Object.fromEntries(more) };
  return {
    clientId: String(registered["client_id"]),
    response: Response.json(body, { status: 201, headers }),
  };
}
