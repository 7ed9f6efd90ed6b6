/**
 * A person connects an account of theirs at another service, because a tool needs it, or ends it. The
 * cookie of the signed-in person and the form of the page come in; the browser goes to the identity
 * provider, to that service, and back. Only who was asked can connect, and only to themselves: whoever
 * comes back is compared with whoever went.
 */
import * as z from "zod";
import { readOwnForm } from "../edge/form.ts";
import { redirect } from "../edge/redirect.ts";
import { isPassing, Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import {
  type Account,
  dropAccount,
  listAccounts,
  noteAccount,
  readRequest,
} from "../grants/account-request.ts";
import { listConnections } from "../grants/connections.ts";
import { abandonToken } from "../grants/ending.ts";
import { createToolRecords } from "../grants/tool-records.ts";
import { ConnectedPage, ConnectPage, ConnectSignInPage } from "../pages/connect.tsx";
import { renderPage } from "../pages/layout.tsx";
import type { Parts } from "../parts.ts";
import { createState, sendOff, stateOf, takeErrand } from "./errand.ts";
import { checkForm, type Person, proveForm, readPerson } from "./person.ts";

const PATH = /^\/connect\/([\da-f]{64})$/;

/** Whether a path is that of a connect page: where a sign-in may lead back to. */
export function isConnectPath(path: string): boolean {
  return PATH.test(path);
}

const accountSchema = z.object({
  id: z.string(),
  connection: z.string(),
  scopes: z.array(z.string()).readonly(),
  connectedAt: z.int(),
});

/** What is remembered on the way; first to the provider, then to the other service. */
const errandSchema = z.union([
  z.object({
    userId: z.string(),
    nonce: z.string(),
    codeVerifier: z.string(),
    connect: z.object({ connection: z.string(), scopes: z.array(z.string()).readonly() }),
  }),
  z.object({
    userId: z.string(),
    nonce: z.string(),
    codeVerifier: z.string(),
    end: accountSchema,
  }),
  z.object({
    userId: z.string(),
    codeVerifier: z.string(),
    connection: z.string(),
    token: z.string(),
    session: z.string(),
  }),
]);

type Errand = z.output<typeof errandSchema>;
type SignIn = Extract<Errand, { nonce: string }>;
type Connecting = Extract<Errand, { session: string }>;

/** GET `/connect/:id`. */
export async function showConnect(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const { pathname } = new URL(request.url);
  const person = await readPerson(request, parts);
  if (person === undefined) {
    if (!isConnectPath(pathname)) throw new Refusal("approval_unknown");
    const signInHref = `/connections/sign-in?to=${pathname}`;
    return renderPage(ConnectSignInPage({ signInHref }), parts.look);
  }
  exchange.note({ user: person.userId });
  const asked = await findRequest(pathname, person, parts);
  const connections = await listConnections(parts.beginWork(), person.userId);
  const clientName = connections.find(({ grantId }) => grantId === asked.grantId)?.clientName;
  const csrf = await proveForm(person);
  const page = ConnectPage({ ...asked, clientName, csrf, action: pathname });
  return renderPage(page, parts.look);
}

/** POST `/connect/:id`: sends the browser to sign in for the person's accounts. */
export async function takeConnect(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const form = await readOwnForm(request, parts.config.issuer);
  const person = await readPerson(request, parts);
  if (person === undefined) return showConnect(request, exchange, parts);
  await checkForm(form, person);
  const { pathname } = new URL(request.url);
  const { connection, scopes } = await findRequest(pathname, person, parts);
  return signInForAccounts(parts, person, { connect: { connection, scopes } });
}

/** Ends an account that was connected here; the form was judged by `/connections`. */
export async function endAccount(
  form: URLSearchParams,
  person: Person,
  parts: Parts,
): Promise<Response> {
  const accounts = await listAccounts(createToolRecords(parts.vault), person.userId);
  const end = accounts.find(({ connection }) => connection === form.get("id"));
  if (end === undefined) throw new Refusal("connection_unknown");
  return signInForAccounts(parts, person, { end });
}

/** Whether a request to `/auth/callback` is of such a way. */
export function isAccountReturn(request: Request): boolean {
  return stateOf(request).startsWith("account.");
}

/** GET `/auth/callback` with such a state. It works once, in the browser it was made for. */
export async function finishAccount(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const work = parts.beginWork();
  try {
    const { errand, endCookie } = await takeErrand(work, request, parts.now());
    const going = errandSchema.parse(errand);
    exchange.note({ user: going.userId });
    const response = await ("session" in going
      ? connectAccount(request, going, parts)
      : goOn(request, going, { exchange, parts }));
    await work.commit();
    response.headers.append("Set-Cookie", endCookie);
    return response;
  } catch (error) {
    // What was no verdict can be tried again with the same return; everything else uses it up.
    if (!isPassing(error)) await work.commit();
    throw error;
  } finally {
    exchange.execution.waitUntil(work.discard());
  }
}

/** What was asked at this address, of this person. */
async function findRequest(pathname: string, { userId }: Person, parts: Parts) {
  const [, id = ""] = PATH.exec(pathname) ?? [];
  const asked = await readRequest(createToolRecords(parts.vault), id, parts.now());
  if (asked?.userId !== userId) throw new Refusal("approval_unknown");
  return asked;
}

async function signInForAccounts(
  parts: Parts,
  { userId }: Person,
  purpose: Pick<Extract<SignIn, { connect: object }>, "connect"> | { readonly end: Account },
): Promise<Response> {
  const state = createState("account");
  const secrets = parts.identity.createSignInSecrets();
  const asked = { state, isForGrant: false, isForAccounts: true };
  const location = await parts.identity.authorizationUrl(asked, secrets);
  return sendOff(parts, { state, location }, { ...secrets, userId, ...purpose });
}

/** The person has signed in for their accounts: on to the other service, or the account ends. */
async function goOn(
  request: Request,
  going: SignIn,
  { exchange, parts }: { readonly exchange: Exchange; readonly parts: Parts },
): Promise<Response> {
  const { identity } = parts;
  const answer = await identity.redeemCode(new URL(request.url), stateOf(request), going);
  exchange.execution.waitUntil(abandonToken(parts, answer.refreshToken));
  const { userId, token } = await identity.accounts.judgeReturn(answer, going);
  // Somebody else's account must never be connected to who asked, nor the other way round.
  if (userId !== going.userId) throw new Refusal("approval_unknown");
  if ("end" in going) {
    await identity.accounts.end(token, going.end.id);
    await dropAccount(createToolRecords(parts.vault), userId, going.end);
    parts.keeper.forgetAccounts(userId);
    return redirect(`${parts.config.issuer}/connections`, new Headers());
  }
  const state = createState("account");
  const { codeVerifier } = identity.createSignInSecrets();
  const wanted = { ...going.connect, state, codeVerifier };
  const { session, location } = await identity.accounts.begin(token, wanted);
  const { connection } = going.connect;
  const connecting: Connecting = { userId, codeVerifier, connection, token, session };
  return sendOff(parts, { state, location }, connecting);
}

/** The person has been at the other service. */
async function connectAccount(
  request: Request,
  { userId, codeVerifier, connection, token, session }: Connecting,
  parts: Parts,
): Promise<Response> {
  const code = new URL(request.url).searchParams.get("connect_code");
  if (code === null) throw new Refusal("identity_cancelled");
  const returned = { session, code, codeVerifier };
  const { id, scopes } = await parts.identity.accounts.finish(token, returned);
  const account = { id, connection, scopes, connectedAt: parts.now() };
  await noteAccount(createToolRecords(parts.vault), userId, account);
  parts.keeper.forgetAccounts(userId);
  return renderPage(ConnectedPage({ connection }), parts.look);
}
