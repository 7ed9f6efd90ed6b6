/**
 * Every kind of mistake that a stranger can make, with a canary wherever a text can be: for tests
 * of what is repeated afterwards. Nothing here asserts anything.
 */
import type { House } from "./house.ts";
import { comeBack } from "./sessions.ts";
import { callMcp, createStranger, type Stranger, type Tokens } from "./stranger.ts";
import { visit } from "./tenant.ts";

/** Stands in whatever a stranger may send us. */
export const CANARY = "canary-7f3a9c";

/** The address of a client whose website does not answer. */
export const UNREACHABLE_CLIENT = "https://localhost/client.json";

const METADATA = "/.well-known/oauth-protected-resource/mcp";

/** A living session, and what was used to make it. */
interface Session {
  readonly tokens: Tokens;
  readonly code: string;
  readonly verifier: string;
}

/** Makes them all; Auth0 and the store make some of their own. The session outlives them. */
export async function makeMistakes(
  house: House,
  client: Stranger,
  session: Session,
): Promise<void> {
  await mistakeAddresses(house);
  await misuseTokens(client, session);
  await misregister(client);
  for (const form of badTokenRequests(client, session)) await client.token(form);
  await misauthenticate(client);
  await misauthorize(house, client);
  await meetFaults(house, client, session);
}

async function mistakeAddresses({ issuer }: House): Promise<void> {
  const headers = { accept: "text/html", "user-agent": CANARY };
  await fetch(`${issuer}/${CANARY}?${CANARY}=${CANARY}`, { headers });
  for (const path of ["/token", "/register", "/authorize", "/mcp", METADATA])
    await fetch(issuer + path, { method: "DELETE" });
  const body = new URLSearchParams({ logout_token: CANARY });
  await fetch(`${issuer}/auth/backchannel-logout`, { method: "POST", body });
}

async function misuseTokens({ resource }: Stranger, { tokens }: Session): Promise<void> {
  const { access_token: token, refresh_token: other } = tokens;
  await fetch(`${resource}?access_token=${token}`, { method: "POST" });
  await fetch(resource, { method: "POST", headers: { origin: `https://${CANARY}.example` } });
  for (const bad of [CANARY, `${token}x`, other]) await callMcp(resource, bad, { method: CANARY });
  const params = { name: CANARY, arguments: { canary: CANARY } };
  await callMcp(resource, token, { method: "tools/call", params });
}

async function misregister({ metadata }: Stranger): Promise<void> {
  const uris = JSON.stringify({ redirect_uris: [`javascript:${CANARY}`] });
  for (const body of [`{"${CANARY}`, uris])
    await fetch(metadata.registration_endpoint, { method: "POST", body });
}

function badTokenRequests({ redirectUri }: Stranger, { tokens, code, verifier }: Session) {
  const exchange = { grant_type: "authorization_code", redirect_uri: redirectUri };
  return [
    { grant_type: CANARY },
    { grant_type: "refresh_token", refresh_token: CANARY, client_id: CANARY },
    { grant_type: "refresh_token", refresh_token: `${tokens.refresh_token}x` },
    { ...exchange, code: CANARY, code_verifier: CANARY },
    { ...exchange, code, code_verifier: verifier, resource: `https://${CANARY}.example` },
  ];
}

async function misauthenticate(client: Stranger): Promise<void> {
  const basic = { authorization: `Basic ${btoa(`${CANARY}:${CANARY}`)}` };
  const assertion = { client_assertion: CANARY, client_assertion_type: CANARY };
  await createStranger({ ...client, authenticate: () => ({ headers: basic }) }).refresh(CANARY);
  await createStranger({ ...client, authenticate: () => ({ form: assertion }) }).refresh(CANARY);
  await createStranger({ ...client, clientId: UNREACHABLE_CLIENT }).refresh(CANARY);
}

async function misauthorize({ issuer }: House, client: Stranger): Promise<void> {
  const bad = { client_id: CANARY, redirect_uri: `https://${CANARY}.example/` };
  for (const [name, value] of Object.entries({ ...bad, code_challenge: CANARY, resource: CANARY }))
    await visit(client.begin({ [name]: value }).url, new Map());
  await visit(new URL("/authorize", issuer), new Map(), new URLSearchParams({ handle: CANARY }));
  const back = `/auth/callback?code=${CANARY}&state=${CANARY}&error_description=${CANARY}`;
  await visit(new URL(back, issuer), new Map());
  await client.approve(client.begin(), "deny");
  const attempt = { ...client.begin(), verifier: CANARY.padEnd(43, "x") };
  await client.exchange(attempt, await client.approve(attempt, "rob"));
}

async function meetFaults(
  { tenant, store }: House,
  client: Stranger,
  { tokens }: Session,
): Promise<void> {
  tenant.control.fail("token", { status: 400, body: { error: CANARY, error_description: CANARY } });
  await client.approve(client.begin(), "rob");
  tenant.control.clear();
  tenant.control.shape({ accessToken: "opaque" });
  const { back, jar } = await comeBack(client);
  await visit(back, jar);
  tenant.control.clear();
  store.faults.always("garbage");
  await visit(client.begin().url, new Map());
  await client.refresh(tokens.refresh_token);
  store.faults.clear();
}
