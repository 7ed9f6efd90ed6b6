/**
 * Accounts of a person at other services, whose tokens Auth0 keeps (Token Vault), connected and ended
 * through its My Account API. Tokens of the person go in; tokens of the accounts, and where to send the
 * browser, come out. Nothing of it is kept here.
 */
import * as oauth from "oauth4webapi";
import * as z from "zod";
import { Refusal } from "../errors.ts";
import { askAsApiClient, readToken } from "./on-behalf-of.ts";
import type { Accounts } from "./provider.ts";
import type { Tenant } from "./tenant.ts";

const TOKEN_VAULT =
  "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const ACCOUNT_TOKEN = "http://auth0.com/oauth/token-type/federated-connection-access-token";

const begunSchema = z.object({
  auth_session: z.string(),
  connect_uri: z.url(),
  connect_params: z.object({ ticket: z.string() }),
});
const connectedSchema = z.object({ id: z.string(), scopes: z.array(z.string()).default([]) });

/** Where the My Account API of a tenant is; also its identifier. */
export function accountApi(issuer: string): string {
  return `${issuer}me/`;
}

/** The accounts at one tenant, but for the sign-in that opens them. */
export function createAccounts(tenant: Tenant): Omit<Accounts, "judgeReturn"> {
  const { issuer, redirectUri } = tenant.config;
  return {
    async tokenOf({ accessToken }, connection) {
      const answer = await askAsApiClient(tenant, TOKEN_VAULT, {
        subject_token: accessToken,
        subject_token_type: ACCESS_TOKEN,
        requested_token_type: ACCOUNT_TOKEN,
        connection,
      });
      return readToken(answer, { now: tenant.now(), scopes: [] });
    },
    async begin(token, { connection, scopes, state, codeVerifier }) {
      const body = {
        connection,
        redirect_uri: redirectUri,
        state,
        code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: "S256",
        scopes,
      };
      const begun = begunSchema.safeParse(await ask(tenant, token, { path: "connect", body })).data;
      const location = URL.parse(begun?.connect_uri ?? "");
      const isSafe = location?.protocol === "https:" || location?.origin === new URL(issuer).origin;
      if (begun === undefined || location === null || !isSafe) throw refused();
      location.searchParams.set("ticket", begun.connect_params.ticket);
      return { session: begun.auth_session, location: location.href };
    },
    async finish(token, { session, code, codeVerifier }) {
      const body = {
        auth_session: session,
        connect_code: code,
        redirect_uri: redirectUri,
        code_verifier: codeVerifier,
      };
      const done = connectedSchema.safeParse(await ask(tenant, token, { path: "complete", body }));
      if (!done.success) throw refused();
      return done.data;
    },
    end: async (token, id) =>
      void (await ask(tenant, token, {
        method: "DELETE",
        path: `accounts/${encodeURIComponent(id)}`,
      })),
  };
}

interface Asked {
  readonly method?: "POST" | "DELETE";
  readonly path: string;
  readonly body?: object;
}

/** One question to the My Account API, as the person. What is gone already has ended. */
async function ask(
  { config, options }: Tenant,
  token: string,
  { method = "POST", path, body }: Asked,
): Promise<unknown> {
  const response = await options[oauth.customFetch](
    `${accountApi(config.issuer)}v1/connected-accounts/${path}`,
    {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    },
  );
  if (method === "DELETE" && (response.ok || response.status === 404)) return undefined;
  if (!response.ok) throw refused(response.status);
  return response.json();
}

function refused(status = 200): Refusal {
  return new Refusal("accounts_refused", { facts: { phase: "accounts", upstreamStatus: status } });
}
