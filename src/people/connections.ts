/**
 * A person's own page: which clients hold grants of theirs. The cookie of the signed-in person and
 * forms of the page come in; the page comes out, and what the person cuts or narrows takes effect at
 * once. Nobody sees or changes what is another's.
 */
import { explainFailure, renderRefusal } from "../edge/failure.ts";
import { readOwnForm } from "../edge/form.ts";
import { redirect } from "../edge/redirect.ts";
import { Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { listAccounts } from "../grants/account-request.ts";
import {
  chooseLiving,
  type Connection,
  DEFAULT_IDLE_SECONDS,
  listConnections,
  scopesNow,
  verifiedAddress,
} from "../grants/connections.ts";
import { endAtOnce, endingOf } from "../grants/ending.ts";
import { changeGrant, limitIdle, narrowRecord } from "../grants/narrowing.ts";
import { connectionsName } from "../grants/record.ts";
import { createToolRecords, shareTrip } from "../grants/tool-records.ts";
import { listState } from "../grants/tool-state.ts";
import { organizationIn } from "../organizations.ts";
import { ConnectionsPage, SignedOutPage } from "../pages/connections.tsx";
import { renderPage } from "../pages/layout.tsx";
import { describePermissions } from "../pages/scope.ts";
import { readTicked } from "../pages/ticked.ts";
import type { Answer, Parts } from "../parts.ts";
import type { AlsoRead } from "../storage/reading.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import { endAccount } from "./connect.ts";
import { checkForm, endPersonCookie, type Person, proveForm, readPerson } from "./person.ts";
import { describeRemembered, eraseRemembered } from "./remembered.ts";
import { readSession, sessionName } from "./session.ts";

const PAGE = "/connections";

const SECONDS_PER_DAY = 86_400;

/** More lines of permissions and tools are not on one page: then each connection has its own. */
const MOST_LINES = 300;

/** How long a connection may be left unused, as a person may choose; the longest is the usual one. */
const IDLE_DAYS = [DEFAULT_IDLE_SECONDS / SECONDS_PER_DAY, 7, 1] as const;

/** GET `/connections`. */
export async function showConnections(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const person = await readPerson(request, parts);
  if (person === undefined)
    return renderPage(
      SignedOutPage({ signInHref: `${PAGE}/sign-in`, title: "Your connections" }),
      parts.look,
    );
  exchange.note({ user: person.userId });
  const { connections, facts, remembered, accounts } = await readPage(parts, person);
  const granted = grantedIn(connections, parts);
  const isShort = fitsOnePage(granted, parts);
  const shown = new URL(request.url).searchParams.get("show");
  const page = ConnectionsPage({
    profile: facts?.profile,
    connections: connections.map((connection, index) => ({
      ...asShown(connection, parts),
      ...asChoices(granted[index] ?? [], parts, isShort || connection.grantId === shown),
      isOpen: connection.grantId === shown,
    })),
    remembered: describeRemembered(remembered, parts),
    accounts,
    idleDaysChoices: IDLE_DAYS,
    csrf: await proveForm(person),
    action: PAGE,
    hrefOf: (id) => `${PAGE}?show=${id}#shown`,
    signInHref: `${PAGE}/sign-in`,
    signOutAction: `${PAGE}/sign-out`,
  });
  return renderPage(page, parts.look, { picture: facts?.profile.picture });
}

/** What both pages of a person show, in one round trip. */
export async function readPage(parts: Parts, person: Person) {
  const work = parts.beginWork();
  const records = [await sessionName(person)];
  const collections = [connectionsName(person.userId)];
  const trip = (also: AlsoRead) => work.prefetch({ records, collections, also });
  const along = createToolRecords(parts.vault, shareTrip(trip));
  const [remembered, accounts] = await Promise.all([
    listState(along, person.userId),
    listAccounts(along, person.userId),
  ]);
  const connections = await listConnections(work, person.userId);
  return {
    facts: await readSession(work, person),
    connections: chooseLiving(connections, parts.now()),
    remembered,
    accounts,
  };
}

/**
 * POST `/connections`: ends or changes one grant, or ends all of them, for whoever holds tokens; or
 * erases what tools remember.
 */
export async function changeConnection(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const form = await readOwnForm(request, parts.config.issuer);
  const person = await readPerson(request, parts);
  // Their quarter of an hour is over: the page asks them to sign in again.
  if (person === undefined) return backToPage(parts);
  await checkForm(form, person);
  if (form.get("do") === "end-account") return endAccount(form, person, parts);
  if (form.get("do") === "erase") return erase(form, person, { parts, exchange });
  const work = parts.beginWork();
  const all = await listConnections(work, person.userId);
  const connection = all.find(({ grantId }) => grantId === form.get("id"));
  const change = { form, person, parts, exchange, work };
  const action = form.get("do") ?? "end";
  if (action === "end-all") await end(change, all);
  else if (connection === undefined) throw new Refusal("connection_unknown");
  else if (action === "narrow") await narrow(change, connection);
  else if (action === "idle") await limit(change, connection);
  else await end(change, [connection]);
  return backToPage(parts);
}

interface Change {
  readonly form: URLSearchParams;
  readonly person: Person;
  readonly parts: Parts;
  readonly exchange: Exchange;
  readonly work: UnitOfWork;
}

async function end(
  { parts, exchange, work, person: { userId } }: Change,
  connections: readonly Connection[],
): Promise<void> {
  const endings = connections.map((connection) => endingOf(userId, connection));
  await endAtOnce(parts, { work, execution: exchange.execution }, endings);
  exchange.note({ reason: "grant_revoked", user: userId });
}

/** Keeps what is still ticked; what was not granted before cannot be. */
async function narrow(
  { form, parts, exchange, work, person: { userId } }: Change,
  { grantId }: Connection,
): Promise<void> {
  const { permissions } = parts;
  const kept = new Set(readTicked(form, describePermissions(permissions, parts)));
  const by = { kept, now: parts.now(), permissions };
  await changeGrant(work, parts, {
    grant: { userId, grantId },
    change: (record) => narrowRecord(record, by),
  });
  exchange.note({ reason: "grant_narrowed", user: userId });
}

/** Lets a connection end by itself. */
async function limit(
  { form, parts, exchange, work, person: { userId } }: Change,
  { grantId }: Connection,
): Promise<void> {
  const days = IDLE_DAYS.find((choice) => String(choice) === form.get("idleDays"));
  if (days === undefined) throw new Refusal("form_refused");
  await changeGrant(work, parts, {
    grant: { userId, grantId },
    change: (record) =>
      limitIdle(record, days * SECONDS_PER_DAY, { ...parts.config.auth, now: parts.now() }),
  });
  exchange.note({ reason: "grant_limited", user: userId });
}

async function erase(
  form: URLSearchParams,
  { userId }: Person,
  { parts, exchange }: Pick<Change, "parts" | "exchange">,
): Promise<Response> {
  await eraseRemembered(parts, { userId, tool: form.get("tool") ?? undefined });
  exchange.note({ reason: "state_erased", user: userId });
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

function asShown(connection: Connection, parts: Parts) {
  const { grantId, clientId, clientName, createdAt, lastUsedAt } = connection;
  const { idleSeconds = DEFAULT_IDLE_SECONDS, clientFamily, resource } = connection;
  const { sessionMaxSeconds } = parts.config.auth;
  return {
    id: grantId,
    clientName,
    organization: resource === undefined ? undefined : organizationIn(resource),
    verifiedAddress: verifiedAddress(clientId),
    clientFamily,
    connectedAt: createdAt,
    lastUsedAt,
    idleDays: idleSeconds / SECONDS_PER_DAY,
    endsAt: sessionMaxSeconds === undefined ? undefined : createdAt + sessionMaxSeconds,
  };
}

/** The permissions among each connection's scopes. Most allow the same, which is looked up once. */
function grantedIn(
  connections: readonly Connection[],
  { permissions, now }: Parts,
): readonly (readonly string[])[] {
  const known = new Map<readonly string[], readonly string[]>();
  return connections.map((connection) => {
    const scopes = scopesNow(connection, now());
    const named = new Set(known.has(scopes) ? [] : scopes);
    const granted = known.get(scopes) ?? permissions.filter((name) => named.has(name));
    known.set(scopes, granted);
    return granted;
  });
}

/** Whether what these connections may do takes few lines: permissions, and the tools of each. */
function fitsOnePage(granted: readonly (readonly string[])[], { tools }: Parts): boolean {
  const toolsOf = new Map<string, number>();
  for (const name of tools.flatMap(({ permissions }) => permissions))
    toolsOf.set(name, (toolsOf.get(name) ?? 0) + 1);
  let lines = 0;
  for (const names of granted) {
    for (const name of names) lines += 1 + (toolsOf.get(name) ?? 0);
    if (lines > MOST_LINES) return false;
  }
  return true;
}

function asChoices(granted: readonly string[], parts: Parts, isShown: boolean) {
  const permissionCount = granted.length;
  if (!isShown) return { permissionCount };
  const described = describePermissions(granted, parts);
  return {
    permissionCount,
    permissions: described.map((facts) => ({ ...facts, isTicked: true })),
  };
}
