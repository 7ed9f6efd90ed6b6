/**
 * A refresh that fails for a reason that only an operator or patience can mend, seen by the official
 * SDKs: they keep the session, and no browser opens.
 */
import { auth as authModern } from "@modelcontextprotocol/client";
import { auth as authClassic } from "@modelcontextprotocol/sdk/client/auth.js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type House, startHouse, type TestWorker } from "../support/house.ts";
import { RENEWAL_DUE_SECONDS } from "../support/sessions.ts";
import { json, meetStranger, type Stranger, type Tokens } from "../support/stranger.ts";

let house: House;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse();
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterEach(async () => {
  house.tenant.control.clear();
  house.store.faults.clear();
  await house.shiftClock(0);
});
afterAll(() => house.stop());

/** What a client's makers give their SDK: one session, and how often it was given up. */
function createSession(tokens: Tokens) {
  const session: { tokens: Tokens | undefined; browsers: number; forgotten: number } = {
    tokens,
    browsers: 0,
    forgotten: 0,
  };
  const provider = {
    redirectUrl: client.redirectUri,
    clientMetadata: { client_name: "A client", redirect_uris: [client.redirectUri] },
    clientInformation: () => ({ client_id: client.clientId }),
    tokens: () => session.tokens,
    saveTokens: (newer: object) => void Object.assign(session, { tokens: newer }),
    saveCodeVerifier: () => undefined,
    codeVerifier: () => "",
    redirectToAuthorization: () => void (session.browsers += 1),
    invalidateCredentials: () => {
      session.forgotten += 1;
      session.tokens = undefined;
    },
  };
  return { session, provider };
}

const SDKS = [
  ["SDK 1.x", authClassic],
  ["client 2.x", authModern],
] as const;

const { control, faults } = {
  control: () => house.tenant.control,
  faults: () => house.store.faults,
};

const REASONS: readonly (readonly [string, () => unknown])[] = [
  [
    "Auth0 rejects our secret",
    () =>
      control().fail("token", {
        status: 401,
        body: { error: "access_denied", error_description: "Unauthorized" },
      }),
  ],
  [
    "a grant type is off",
    () => control().fail("token", { status: 403, body: { error: "unauthorized_client" } }),
  ],
  [
    "Auth0 refuses in a way nobody has heard of",
    () => control().fail("token", { status: 400, body: { error: "unheard_of" } }),
  ],
  ["RBAC is off", () => control().shape({ permissions: "absent" })],
  ["tokens are encrypted", () => control().shape({ accessToken: "jwe" })],
  ["tokens are signed with HS256", () => control().shape({ accessToken: "hs256" })],
  ["a token does not pass", () => control().shape({ accessToken: "wrong-aud" })],
  ["Auth0 is down", () => control().fail("token", { status: 503, body: {} })],
  ["Auth0 asks to wait", () => control().fail("token", { status: 429, body: {} })],
  ["the database is full", () => faults().always("full")],
  ["the database takes no writes", () => faults().always("read-only")],
  ["the quota is used up", () => faults().always("quota")],
  ["the database does not know us", () => faults().always("unauthorized")],
  ["the database does not answer", () => faults().always("refuse")],
];

describe.each(SDKS)("%s", (_name, auth) => {
  it.each(REASONS)("waits while %s", async (_reason, spoil) => {
    const { session, provider } = createSession(await client.signIn("ada"));
    await house.shiftClock(RENEWAL_DUE_SECONDS);
    spoil();
    await expect(auth(provider, { serverUrl: client.resource })).rejects.toThrow(/.+/);
    expect(session).toMatchObject({ browsers: 0, forgotten: 0 });
    await expect
      .poll(() => house.log.findLast(({ route }) => route === "/token"))
      .toMatchObject({ status: 503, reason: expect.stringMatching(/^(identity|store)_/) });
  });

  it("waits while a variable is wrong", async () => {
    const { session, provider } = createSession(await client.signIn("ada"));
    const broken: TestWorker = await house.startAnother({ AUTH0_CLIENT_SECRET: "" });
    const toBroken = (url: string | URL, init?: RequestInit) =>
      fetch(String(url).replace(`${house.issuer}/token`, `${broken.url}/token`), init);
    const options = { serverUrl: client.resource, fetchFn: toBroken };
    await expect(auth(provider, options)).rejects.toThrow(/configuration_invalid/);
    expect(session).toMatchObject({ browsers: 0, forgotten: 0 });
  });

  it("opens a browser for what has really ended", async () => {
    const tokens = await client.signIn("ada");
    expect((await client.revoke(tokens.refresh_token)).status).toBe(200);
    const { session, provider } = createSession(tokens);
    expect(await auth(provider, { serverUrl: client.resource })).toBe("REDIRECT");
    expect(session.browsers).toBe(1);
  });

  it("goes on when all is well", async () => {
    const tokens = await client.signIn("ada");
    const { session, provider } = createSession(tokens);
    expect(await auth(provider, { serverUrl: client.resource })).toBe("AUTHORIZED");
    expect(session.tokens?.refresh_token).not.toBe(tokens.refresh_token);
    await json(await client.refresh(session.tokens?.refresh_token ?? ""), 200);
  });
});
