/**
 * A person's own page: which clients hold grants of theirs. The cookie of the signed-in person and
 * forms of the page come in; the page comes out, and what the person cuts ends at once. Nobody sees
 * or ends what is another's.
 */
import { explainFailure, renderRefusal } from "../edge/failure.ts";
import { readOwnForm } from "../edge/form.ts";
import { redirect } from "../edge/redirect.ts";
import { Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import {
  chooseLiving,
  type Connection,
  listConnections,
  verifiedDomain,
} from "../grants/connections.ts";
import { endAtOnce } from "../grants/ending.ts";
import { isSameText } from "../keys.ts";
import { ConnectionsPage, SignedOutPage } from "../pages/connections.tsx";
import { renderPage } from "../pages/layout.tsx";
import type { Answer, Parts } from "../parts.ts";
import { endPersonCookie, proveForm, readPerson } from "./person.ts";

const PAGE = "/connections";

/** GET `/connections`. */
export async function showConnections(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const person = await readPerson(request, parts);
  if (person === undefined)
    return renderPage(SignedOutPage({ signInHref: `${PAGE}/sign-in` }), parts.look);
  exchange.note({ user: person.userId });
  const connections = await listConnections(parts.beginWork(), person.userId);
  const page = ConnectionsPage({
    connections: chooseLiving(connections, parts.now()).map(asShown),
    tools: parts.tools,
    csrf: await proveForm(person),
    action: PAGE,
    signOutAction: `${PAGE}/sign-out`,
  });
  return renderPage(page, parts.look);
}

/** POST `/connections`: ends one grant, for everybody who holds its tokens. */
export async function cutConnection(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const form = await readOwnForm(request, parts.config.issuer);
  const person = await readPerson(request, parts);
  // Their quarter of an hour is over: the page asks them to sign in again.
  if (person === undefined) return backToPage(parts);
  if (!isSameText(form.get("csrf") ?? "", await proveForm(person)))
    throw new Refusal("form_refused");
  const { userId } = person;
  const grant = { userId, grantId: form.get("id") ?? "" };
  const work = parts.beginWork();
  const connections = await listConnections(work, userId);
  const connection = connections.find(({ grantId }) => grantId === grant.grantId);
  if (connection === undefined) throw new Refusal("connection_unknown");
  const waitUntil = (more: Promise<unknown>) => exchange.execution.waitUntil(more);
  const { refreshToken } = connection;
  await endAtOnce(parts, { work, waitUntil }, [{ ...grant, refreshToken }]);
  exchange.note({ reason: "grant_revoked", user: userId });
  return backToPage(parts);
}

/** POST `/connections/sign-out`: forgets the person in this browser. Their connections stay. */
export async function signOut(
  request: Request,
  _exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  await readOwnForm(request, parts.config.issuer);
  return backToPage(parts, { "Set-Cookie": endPersonCookie() });
}

/**
 * The same answer, with a way back on the page of its every failure: no client waits for the
 * person.
 */
export function leadBack(answer: Answer): Answer {
  return async (request, exchange, parts) => {
    try {
      return await answer(request, exchange, parts);
    } catch (error) {
      exchange.note(explainFailure(error));
      const returnTo = { href: PAGE, clientName: "your connections" };
      const { requestId } = exchange;
      return renderRefusal(error, { wants: "page", requestId, look: parts.look, returnTo });
    }
  };
}

function backToPage({ config }: Parts, headers: HeadersInit = {}): Response {
  return redirect(`${config.issuer}${PAGE}`, new Headers(headers), 303);
}

function asShown({ grantId, clientId, clientName, createdAt, lastUsedAt, scopes }: Connection) {
  return {
    id: grantId,
    clientName,
    clientDomain: verifiedDomain(clientId),
    connectedAt: createdAt,
    lastUsedAt,
    scopes,
  };
}
