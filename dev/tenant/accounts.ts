/**
 * Token Vault and the My Account API (connected accounts), as Auth0 has them, with a stand-in for the
 * other service. Requests come in; what an account opens, or a refusal in Auth0's words, goes out. What
 * was connected is remembered as long as the process lives.
 */
import { createHash, randomBytes } from "node:crypto";
import { createLocalJWKSet, jwtVerify } from "jose";
import type { Context, Middleware, Provider } from "oidc-provider";
import { scopesOf } from "./claims.ts";
import { type ExchangeParts, readForm, readSubject, refusal, TOKEN_VAULT } from "./exchange.ts";
import { accountPage } from "./pages.ts";
import { readBody } from "./traffic.ts";

const ACCOUNT_TOKEN = "http://auth0.com/oauth/token-type/federated-connection-access-token";

const API = "/me/v1/connected-accounts";
const SERVICE = "/other-service";

/** What a token for a person's accounts may allow. */
export const ACCOUNT_SCOPES = ["create", "read", "delete"].map(
  (verb) => `${verb}:me:connected_accounts`,
);

interface Connected {
  readonly id: string;
  readonly sub: string;
  readonly connection: string;
  readonly scopes: readonly string[];
}

interface Connecting extends Omit<Connected, "id"> {
  readonly session: string;
  readonly redirectUri: string;
  readonly state: string;
  readonly challenge: string;
}

export interface AccountStore {
  /** What is connected, of everybody. */
  all(): readonly Connected[];
  clear(): void;
  readonly accounts: Connected[];
  readonly tickets: Map<string, Connecting>;
  readonly codes: Map<string, Connecting>;
}

/** Nothing is connected yet. */
export function createAccountStore(): AccountStore {
  const accounts: Connected[] = [];
  return {
    accounts,
    tickets: new Map(),
    codes: new Map(),
    all: () => [...accounts],
    clear: () => void accounts.splice(0),
  };
}

/** The identifier of the My Account API. */
export function accountAudience(issuer: string): string {
  return `${issuer}me/`;
}

type Parts = ExchangeParts & { readonly accounts: AccountStore };

/** Adds Token Vault's grant type. */
export function addTokenVault(provider: Provider, parts: Parts): void {
  provider.registerGrantType(
    TOKEN_VAULT,
    async (ctx) => {
      const { subject_token = "", connection, requested_token_type: type } = readForm(ctx);
      const subject = await readSubject(subject_token, parts);
      const found =
        "person" in subject &&
        parts.accounts.accounts.find(
          (account) => account.sub === subject.person.sub && account.connection === connection,
        );
      if ("error" in subject) return say(ctx, subject);
      if (type !== ACCOUNT_TOKEN) return say(ctx, refusal(400, "invalid_request", "Unsupported"));
      if (!found)
        return say(
          ctx,
          refusal(401, "federated_connection_refresh_token_not_found", "tokenset_not_found"),
        );
      ctx.body = {
        access_token: `${found.connection} token of ${found.sub}`,
        scope: found.scopes.join(" "),
        expires_in: 1377,
        issued_token_type: ACCOUNT_TOKEN,
        token_type: "Bearer",
      };
    },
    ["subject_token", "subject_token_type", "requested_token_type", "connection", "login_hint"],
  );
}

/** Serves the My Account API, and the other service's page. */
export function connectedAccounts(parts: Parts): Middleware {
  return async (ctx, next) => {
    if (ctx.path === SERVICE) return serveService(ctx, parts.accounts);
    if (!ctx.path.startsWith(API)) return next();
    const sub = await readBearer(ctx, parts);
    if (sub === undefined) return fail(ctx, 401, "Invalid or expired access token");
    const body: Record<string, string & string[]> =
      ctx.method === "POST" ? JSON.parse((await readBody(ctx.req)).toString()) : {};
    if (ctx.path === `${API}/connect`) return begin(ctx, { sub, body, parts });
    if (ctx.path === `${API}/complete`) return complete(ctx, { sub, body, parts });
    const id = ctx.path.slice(`${API}/accounts/`.length);
    const { accounts } = parts.accounts;
    const at = accounts.findIndex((account) => account.id === id && account.sub === sub);
    if (at < 0) return fail(ctx, 404, "Not found");
    accounts.splice(at, 1);
    ctx.status = 204;
  };
}

interface Asked {
  readonly sub: string;
  readonly body: Readonly<Record<string, string & string[]>>;
  readonly parts: Parts;
}

function begin(ctx: Context, { sub, body, parts }: Asked): void {
  const { connection = "", redirect_uri = "", state = "", code_challenge = "" } = body;
  const ticket = randomBytes(16).toString("hex");
  const session = randomBytes(16).toString("hex");
  const scopes = body["scopes"] ?? [];
  const challenge = code_challenge;
  const connecting = {
    sub,
    connection,
    scopes,
    session,
    redirectUri: redirect_uri,
    state,
    challenge,
  };
  parts.accounts.tickets.set(ticket, connecting);
  ctx.status = 201;
  ctx.body = {
    auth_session: session,
    connect_uri: `${parts.issuer}${SERVICE.slice(1)}`,
    connect_params: { ticket },
    expires_in: 300,
  };
}

function complete(ctx: Context, { sub, body, parts }: Asked): void {
  const { auth_session: session, connect_code: code = "", code_verifier: verifier = "" } = body;
  const { accounts, codes } = parts.accounts;
  const connecting = codes.get(code);
  const isRight =
    connecting?.sub === sub &&
    connecting.session === session &&
    connecting.challenge === createHash("sha256").update(verifier).digest("base64url");
  codes.delete(code);
  if (connecting === undefined || !isRight) return fail(ctx, 400, "Invalid connect_code");
  const { connection, scopes } = connecting;
  const at = accounts.findIndex((each) => each.sub === sub && each.connection === connection);
  if (at >= 0) accounts.splice(at, 1);
  const id = `cac_${randomBytes(8).toString("hex")}`;
  accounts.push({ id, sub, connection, scopes });
  ctx.status = 201;
  ctx.body = {
    id,
    connection,
    scopes,
    access_type: "offline",
    created_at: new Date().toISOString(),
  };
}

/** The other service asks, and sends the browser back by Auth0's callback, which is ours. */
async function serveService(ctx: Context, { tickets, codes }: AccountStore): Promise<void> {
  const connecting = tickets.get(String(ctx.query["ticket"]));
  ctx.type = "html";
  if (connecting === undefined) return fail(ctx, 400, "This ticket is none.");
  if (ctx.method !== "POST")
    return void (ctx.body = accountPage(connecting.connection, connecting.scopes));
  tickets.delete(String(ctx.query["ticket"]));
  const isAllowed = new URLSearchParams((await readBody(ctx.req)).toString()).has("allow");
  const back = new URL(connecting.redirectUri);
  back.searchParams.set("state", connecting.state);
  const code = randomBytes(16).toString("hex");
  if (isAllowed) codes.set(code, connecting);
  back.searchParams.set(isAllowed ? "connect_code" : "error", isAllowed ? code : "access_denied");
  ctx.redirect(back.href);
}

/** Whose accounts a token opens. */
async function readBearer(ctx: Context, { issuer, keyring }: Parts): Promise<string | undefined> {
  const [, token = ""] = /^Bearer (\S+)$/i.exec(ctx.get("authorization")) ?? [];
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(keyring.published()), {
      issuer,
      audience: accountAudience(issuer),
      algorithms: ["RS256"],
    });
    const needed = ctx.method === "DELETE" ? "delete" : "create";
    const isAllowed = scopesOf(payload["scope"]).has(`${needed}:me:connected_accounts`);
    return isAllowed ? payload.sub : undefined;
  } catch {
    return undefined;
  }
}

function say(ctx: Context, { status, ...body }: ReturnType<typeof refusal>): void {
  ctx.status = status;
  ctx.body = body;
}

function fail(ctx: Context, status: number, detail: string): void {
  ctx.status = status;
  ctx.body = { status, title: detail, detail, type: "https://auth0.com/api-errors" };
}
