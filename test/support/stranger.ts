/**
 * A stranger's MCP client, written against the RFCs with nothing but `fetch`: it knows one URL and
 * finds the rest. A browser with a strict cookie jar is part of it. Every step is a method, so that
 * a test can leave one out or bend it.
 */
import { createHash, randomBytes } from "node:crypto";
import type { PersonKey } from "../../dev/tenant/people.ts";
import { type Box, readBoxes } from "./boxes.ts";
import { type CookieJar, signIn, visit } from "./tenant.ts";

export interface Tokens {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly refresh_token: string;
  readonly scope: string;
  readonly resource: string;
}

/** An authorization under way. */
export interface Attempt {
  readonly url: URL;
  readonly state: string;
  readonly verifier: string;
}

export interface Metadata {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly registration_endpoint: string;
  readonly revocation_endpoint: string;
  readonly [name: string]: unknown;
}

/** What a client adds to its token requests to say, and to prove, who it is. */
export interface Credentials {
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A client as its makers know it. */
export interface KnownClient {
  readonly metadata: Metadata;
  readonly resource: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** Asked before every token request. Without it the client is public: its id is all it says. */
  readonly authenticate?: () => Credentials | Promise<Credentials>;
}

/** A consent page in a browser. */
export interface Consent {
  readonly response: Response;
  readonly html: string;
  /** The hidden field of its form. */
  readonly handle: string;
  /** The boxes as they stand: `permission=…` and others. */
  readonly boxes: readonly Box[];
  /**
   * Presses a button, with the boxes as they stand, but for those (`name=value`) whose tick is turned.
   */
  decide(decision: "allow" | "deny" | "switch", turned?: readonly string[]): Promise<Response>;
}

export interface Stranger {
  readonly metadata: Metadata;
  readonly resource: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** The authorization request for a browser. */
  begin(parameters?: Readonly<Record<string, string>>): Attempt;
  /** The browser's way from there to our redirect URI: consent, login, back. */
  approve(attempt: Attempt, person: PersonKey | "deny", jar?: CookieJar): Promise<URL>;
  /** A token request by this client. */
  token(form: Readonly<Record<string, string>>, init?: RequestInit): Promise<Response>;
  exchange(attempt: Attempt, callback: URL): Promise<Response>;
  /** All of the above. */
  signIn(person: PersonKey, parameters?: Readonly<Record<string, string>>): Promise<Tokens>;
  refresh(refreshToken: string): Promise<Response>;
  revoke(token: string): Promise<Response>;
}

const REDIRECT_URI = "http://127.0.0.1:9/callback";

/** Discovers and registers, as a client does with a URL it was given. */
export async function meetStranger(
  mcpUrl: string,
  registration: Readonly<Record<string, unknown>> = {},
): Promise<Stranger> {
  const metadata = await discover(mcpUrl);
  const redirectUri = REDIRECT_URI;
  const registered = await post(metadata.authorization_server.registration_endpoint, {
    client_name: "A stranger",
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: "none",
    ...registration,
  });
  const { client_id: clientId } = await json<{ client_id: string }>(registered, 201);
  return createStranger({
    metadata: metadata.authorization_server,
    resource: metadata.resource,
    clientId,
    redirectUri,
  });
}

/** A client that is known already. */
export function createStranger(known: KnownClient): Stranger {
  const { metadata, resource, redirectUri } = known;
  const stranger: Stranger = {
    ...known,
    begin: (parameters = {}) => begin(known, parameters),
    approve,
    token: (form, init = {}) => send(metadata.token_endpoint, { known, form, init }),
    exchange: (attempt, callback) =>
      stranger.token({
        grant_type: "authorization_code",
        code: callback.searchParams.get("code") ?? "",
        redirect_uri: redirectUri,
        code_verifier: attempt.verifier,
        resource,
      }),
    signIn: async (person, parameters) => {
      const attempt = stranger.begin(parameters);
      const callback = await stranger.approve(attempt, person);
      return json<Tokens>(await stranger.exchange(attempt, callback), 200);
    },
    refresh: (refreshToken) =>
      stranger.token({ grant_type: "refresh_token", refresh_token: refreshToken, resource }),
    revoke: (token) => send(metadata.revocation_endpoint, { known, form: { token } }),
  };
  return stranger;
}

/**
 * Calls an MCP method the way a 2025-06-18 client does; the JSON-RPC answer, whatever form it came
 * in.
 */
export async function callMcp(
  mcpUrl: string,
  token: string | undefined,
  message: { readonly method: string; readonly params?: unknown },
): Promise<{ readonly response: Response; readonly answer: McpAnswer }> {
  const response = await fetch(mcpUrl, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2025-06-18",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...message }),
  });
  const text = await response.clone().text();
  const data = text.startsWith("{") ? text : (/^data: (\{.*\})$/m.exec(text)?.[1] ?? "{}");
  return { response, answer: JSON.parse(data) };
}

export interface McpAnswer {
  readonly result?: {
    readonly tools?: readonly { readonly name: string }[];
    readonly isError?: boolean;
    readonly content?: readonly { readonly text: string }[];
    readonly structuredContent?: Record<string, unknown>;
  };
  readonly error?: { readonly code: number; readonly message: string };
}

/** The body of a response that must have this status; the error says what came instead. */
export async function json<Body>(response: Response, status: number): Promise<Body> {
  const text = await response.text();
  if (response.status !== status)
    throw new Error(`expected ${status}, got ${response.status}: ${text}`);
  return JSON.parse(text);
}

async function discover(mcpUrl: string) {
  const challenge = await fetch(mcpUrl, { method: "POST" });
  const [, metadataUrl = ""] =
    /resource_metadata="([^"]+)"/.exec(challenge.headers.get("www-authenticate") ?? "") ?? [];
  const resource = await json<{ resource: string; authorization_servers: [string] }>(
    await fetch(metadataUrl),
    200,
  );
  const [issuer] = resource.authorization_servers;
  const server = await json<Metadata>(
    await fetch(`${issuer}/.well-known/oauth-authorization-server`),
    200,
  );
  return { resource: resource.resource, authorization_server: server };
}

function begin(
  { metadata, resource, clientId, redirectUri }: KnownClient,
  parameters: Readonly<Record<string, string>>,
): Attempt {
  const state = randomBytes(16).toString("base64url");
  const verifier = randomBytes(32).toString("base64url");
  const url = new URL(metadata.authorization_endpoint);
  const all = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    state,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    resource,
    ...parameters,
  };
  for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value);
  return { url, state, verifier };
}

async function send(
  url: string,
  {
    known,
    form,
    init = {},
  }: { known: KnownClient; form: Readonly<Record<string, string>>; init?: RequestInit },
): Promise<Response> {
  const { authenticate = () => ({ form: { client_id: known.clientId } }) } = known;
  const credentials: Credentials = await authenticate();
  const body = new URLSearchParams({ ...credentials.form, ...form });
  return fetch(url, {
    method: "POST",
    body,
    ...(credentials.headers && { headers: credentials.headers }),
    ...init,
  });
}

/** A browser's way from a client's authorization URL to its redirect URI. */
export async function approve(
  attempt: { readonly url: URL },
  person: PersonKey | "deny",
  jar: CookieJar = new Map(),
): Promise<URL> {
  const consent = await openConsent(attempt, jar);
  if (person === "deny") return locationOf(await consent.decide("deny"));
  const back = await signIn(locationOf(await consent.decide("allow")), person, jar);
  return returnToClient(back, jar);
}

/** From the identity provider to the client; the person agrees to whatever they are told between. */
export async function returnToClient(back: URL, jar: CookieJar): Promise<URL> {
  const onward = locationOf(await visit(back, jar));
  if (!isConfirmation(onward)) return onward;
  return locationOf(await (await openConfirmation(onward, jar)).decide("allow"));
}

/** Whether a browser is sent to the page between the sign-in and the client. */
export function isConfirmation({ pathname }: URL): boolean {
  return pathname === "/authorize/confirm";
}

/** That page in the browser with these cookies. */
export async function openConfirmation(url: URL, jar: CookieJar): Promise<Omit<Consent, "boxes">> {
  const response = await visit(url, jar);
  const html = await response.clone().text();
  const handle = await readHandle(response);
  const decide = (decision: string) =>
    visit(new URL(url.pathname, url), jar, new URLSearchParams({ handle, decision }));
  return { response, html, handle, decide };
}

/** Opens the page that asks, in the browser with these cookies. Throws when another page came. */
export async function openConsent(
  { url }: { readonly url: URL },
  jar: CookieJar = new Map(),
): Promise<Consent> {
  const response = await visit(url, jar);
  const html = await response.clone().text();
  const handle = await readHandle(response);
  const [, action = ""] = /<form method="post" action="([^"]*)"/.exec(html) ?? [];
  const boxes = readBoxes(html);
  const decide = (decision: string, turned: readonly string[] = []) => {
    const form = new URLSearchParams({ handle, choices: "shown", decision });
    for (const { field, isTicked } of boxes) {
      const [name = "", value = ""] = field.split("=");
      if (isTicked !== turned.includes(field)) form.append(name, value);
    }
    return visit(new URL(action, url), jar, form);
  };
  return { response, html, handle, boxes, decide };
}

/** Where a response sends the browser. Throws when it is no redirect. */
export function locationOf(response: Response): URL {
  const location = response.headers.get("location");
  if (response.status !== 302 || location === null)
    throw new Error(`expected a redirect, got ${response.status}`);
  return new URL(location);
}

/** The hidden field of a consent page. */
export async function readHandle(page: Response): Promise<string> {
  const html = await page.text();
  const [, handle] = /name="handle" value="([^"]+)"/.exec(html) ?? [];
  if (handle === undefined)
    throw new Error(
      `no consent page but ${page.status}: ${html.replaceAll(/<style>.*<\/style>|<[^>]*>/gs, " ").slice(0, 600)}`,
    );
  return handle;
}

/** What a client reads when it is sent back without a code. Throws when it got one. */
export function refusalOf(callback: URL): Record<string, string> {
  if (callback.searchParams.has("code")) throw new Error("the client got a code");
  const answer = Object.fromEntries(callback.searchParams);
  const [, told, id] =
    /^(.*?) ?\(request ([\w-]+)\)$/.exec(answer["error_description"] ?? "") ?? [];
  if (told === undefined || id === undefined) throw new Error("the request is not named");
  const { error_description: _, ...others } = answer;
  return told === "" ? others : { ...others, error_description: told };
}

function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
