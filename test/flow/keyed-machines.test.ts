/**
 * Machines with a key of their own (PREREGISTERED_CLIENTS with `jwks` and `permissions`): by both
 * SDKs, and against everything that an assertion must not be.
 */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { PrivateKeyJwtProvider as ModernProvider } from "@modelcontextprotocol/client";
import { PrivateKeyJwtProvider } from "@modelcontextprotocol/sdk/client/auth-extensions.js";
import { exportJWK, exportPKCS8, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type House, startHouse, type TestWorker } from "../support/house.ts";
import { post, startClassicJob, startModernJob } from "../support/machine.ts";
import { statusOfCall } from "../support/sessions.ts";
import { callMcp, json, meetStranger, type Tokens } from "../support/stranger.ts";

const CLIENT_ID = "build-robot";
const TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

const [older, newer, foreign] = await Promise.all(
  [0, 1, 2].map(() => generateKeyPair("ES256", { extractable: true })),
);
const rsa = await generateKeyPair("RS256", { extractable: true });
if (older === undefined || newer === undefined || foreign === undefined) throw new Error("keys");

const privateJwk = await exportJWK(newer.privateKey);

let house: House;
let other: TestWorker;

beforeAll(async () => {
  const keys = await Promise.all([older, newer, rsa].map((pair) => exportJWK(pair.publicKey)));
  house = await startHouse({
    variables: {
      TEST_OFFERINGS: "callers",
      CLIENT_DOCUMENTS: "false",
      PREREGISTERED_CLIENTS: JSON.stringify([
        {
          client_id: CLIENT_ID,
          client_name: "Build robot",
          grant_types: ["client_credentials"],
          jwks: { keys },
          permissions: ["tool:get_user_info"],
        },
        {
          client_id: "test-robot",
          client_name: "Test robot",
          grant_types: ["client_credentials"],
          jwks: { keys: keys.slice(0, 1) },
          permissions: ["tool:get_user_info"],
        },
      ]),
    },
  });
  other = await house.startAnother();
});
afterAll(() => house.stop());

interface Bent {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: CryptoKey;
}

function assertion({ claims = {}, header = {}, key = newer?.privateKey }: Bent = {}) {
  const now = Math.floor(Date.now() / 1000);
  const said = {
    iss: CLIENT_ID,
    sub: CLIENT_ID,
    aud: house.issuer,
    iat: now,
    exp: now + 300,
    jti: randomUUID(),
    ...claims,
  };
  const given = Object.entries(said).filter(([, value]) => value !== undefined);
  return new SignJWT(Object.fromEntries(given))
    .setProtectedHeader({ alg: "ES256", typ: "JWT", ...header })
    .sign(key ?? rsa.privateKey);
}

async function ask(signed: string, worker: TestWorker = house, more: Record<string, string> = {}) {
  return post(worker.url, {
    grant_type: "client_credentials",
    client_assertion_type: TYPE,
    client_assertion: signed,
    ...more,
  });
}

const tokenOf = async (): Promise<Tokens> => json(await ask(await assertion()), 200);

describe.each([
  [
    "SDK 1.x",
    (privateKey: string, algorithm: string, expectedIssuer: string) =>
      startClassicJob(
        expectedIssuer,
        new PrivateKeyJwtProvider({ clientId: CLIENT_ID, privateKey, algorithm, expectedIssuer }),
      ),
  ],
  [
    "client 2.x",
    (privateKey: string, algorithm: string, expectedIssuer: string) =>
      startModernJob(
        expectedIssuer,
        new ModernProvider({ clientId: CLIENT_ID, privateKey, algorithm, expectedIssuer }),
      ),
  ],
] as const)("%s", (_name, start) => {
  it.each([
    ["ES256", newer],
    ["ES256", older],
    ["RS256", rsa],
  ] as const)("goes the whole way with a key of %s", async (algorithm, { privateKey }) => {
    const job = await start(await exportPKCS8(privateKey), algorithm, house.issuer);
    expect(await job.call("who_calls")).toMatchObject({
      structuredContent: { kind: "machine", permissions: ["tool:get_user_info"] },
    });
    expect(await job.call("explain")).toMatchObject({ isError: true });
    await job.close();
  });
});

it("is known by its key alone, without a question to Auth0, and gets no token of Auth0's", async () => {
  const { access_token: token, ...rest } = await tokenOf();
  expect(rest).toEqual({
    token_type: "Bearer",
    expires_in: 3600,
    scope: "tool:get_user_info",
    resource: `${house.issuer}/mcp`,
  });
  expect(house.tenant.control.count("token")).toBe(0);
  const params = { name: "read_claims", arguments: {} };
  const { answer } = await callMcp(`${house.url}/mcp`, token, { method: "tools/call", params });
  expect(answer.result).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining("there is no token of Auth0's") }],
  });
});

describe("an assertion", () => {
  it.each<[string, Bent]>([
    ["to our issuer with a slash", { claims: { aud: "slash" } }],
    ["to our issuer in a list of one", { claims: { aud: "list" } }],
    ["of its own type", { header: { typ: "client-authentication+jwt" } }],
    ["of no type", { header: { typ: undefined } }],
    ["without iat", { claims: { iat: undefined } }],
    ["that has expired half a minute ago", { claims: { exp: Math.floor(Date.now() / 1000) - 30 } }],
  ])("%s is accepted", async (_how, bent) => {
    const spelled = { slash: `${house.issuer}/`, list: [house.issuer] };
    const aud = spelled[String(bent.claims?.["aud"]) as keyof typeof spelled];
    const claims = { ...bent.claims, ...(aud === undefined ? {} : { aud }) };
    expect((await ask(await assertion({ ...bent, claims }))).status).toBe(200);
  });

  it.each<[string, Bent]>([
    ["of another key", { key: foreign.privateKey }],
    ["of another client", { claims: { iss: "other", sub: "other" } }],
    ["about another client", { claims: { sub: "other" } }],
    ["to Auth0", { claims: { aud: "https://tenant.example/" } }],
    ["to the token endpoint", { claims: { aud: "/token" } }],
    ["to us and another", { claims: { aud: ["us", "https://other.example"] } }],
    ["to nobody", { claims: { aud: undefined } }],
    ["that has expired", { claims: { exp: 1_700_000_000 } }],
    ["that never expires", { claims: { exp: undefined } }],
    ["that lives for a day", { claims: { exp: Math.floor(Date.now() / 1000) + 86_400 } }],
    ["from the future", { claims: { iat: Math.floor(Date.now() / 1000) + 600 } }],
    ["without an id", { claims: { jti: undefined } }],
    ["with an empty id", { claims: { jti: "" } }],
    ["that is an ID-JAG", { header: { typ: "oauth-id-jag+jwt" } }],
    ["that is an access token", { header: { typ: "at+jwt" } }],
  ])("%s is refused", async (_how, bent) => {
    const spelled: Record<string, unknown> = { "/token": `${house.issuer}/token` };
    const given = bent.claims?.["aud"];
    const aud = Array.isArray(given) ? [house.issuer, given[1]] : (spelled[String(given)] ?? given);
    const claims = { ...bent.claims, ...("aud" in (bent.claims ?? {}) ? { aud } : {}) };
    const response = await ask(await assertion({ ...bent, claims }));
    expect(await json(response, 401)).toMatchObject({ error: "invalid_client" });
  });

  it("counts once, in any isolate, and of five at the same moment one", async () => {
    const signed = await assertion();
    expect((await ask(signed)).status).toBe(200);
    expect((await ask(signed)).status).toBe(401);
    expect((await ask(signed, other)).status).toBe(401);
    const raced = await assertion();
    const statuses = await Promise.all(
      [house, other, house, other, house].map(async (worker) => (await ask(raced, worker)).status),
    );
    expect(statuses.toSorted()).toEqual([200, 401, 401, 401, 401]);
  });

  it("does not use up the id for another machine, whose issuer is another", async () => {
    const claims = { jti: randomUUID(), iss: "test-robot", sub: "test-robot" };
    const theirs = await assertion({ claims, key: older.privateKey });
    expect((await ask(theirs)).status).toBe(200);
    expect((await ask(await assertion({ claims: { jti: claims.jti } }))).status).toBe(200);
  });

  it("is the only thing that this machine is known by", async () => {
    const form = { grant_type: "client_credentials", client_id: CLIENT_ID };
    expect((await post(house.url, { ...form, client_secret: "x" })).status).toBe(401);
    expect((await post(house.url, form)).status).toBe(401);
    const wrongType = { ...form, client_assertion: await assertion() };
    expect((await post(house.url, wrongType)).status).toBe(401);
    const both = { client_secret: "x" };
    expect((await ask(await assertion(), house, both)).status).toBe(400);
    expect(house.tenant.control.count("token")).toBe(0);
  });
});

it("revokes its token with its key, and starts again", async () => {
  const { access_token: token } = await tokenOf();
  const revoke = async (bent: Bent) =>
    post(house.url, {
      token,
      client_assertion_type: TYPE,
      client_assertion: await assertion(bent),
    });
  expect((await revoke({ key: foreign.privateKey })).status).toBe(401);
  expect(await statusOfCall(house, token)).toBe(200);
  expect((await revoke({})).status).toBe(200);
  expect(await statusOfCall(house, token)).toBe(401);
  expect(await statusOfCall(house, (await tokenOf()).access_token)).toBe(200);
});

it("may do at once what the operator writes", async () => {
  const [entry] = JSON.parse(house.variables["PREREGISTERED_CLIENTS"] ?? "[]");
  const permissions = ["tool:explain_access"];
  const changed = await house.startAnother({
    PREREGISTERED_CLIENTS: JSON.stringify([{ ...entry, permissions }]),
  });
  await tokenOf();
  const { scope } = await json<Tokens>(await ask(await assertion(), changed), 200);
  expect(scope).toBe("tool:explain_access");
  await changed.stop();
});

it("is announced", async () => {
  const { metadata } = await meetStranger(`${house.issuer}/mcp`);
  expect(metadata["grant_types_supported"]).toContain("client_credentials");
  expect(metadata["token_endpoint_auth_methods_supported"]).toContain("private_key_jwt");
  expect(metadata["token_endpoint_auth_signing_alg_values_supported"]).toEqual(["RS256", "ES256"]);
});

describe("a configuration", () => {
  it.each<[string, Record<string, unknown>]>([
    ["with a private key", { jwks: { keys: [privateJwk] } }],
    ["without a key", { jwks: { keys: [] } }],
    ["with neither keys nor their address", { jwks: undefined }],
    ["with both", { jwks_uri: "https://keys.example/jwks" }],
    [
      "with keys that anybody on the way can exchange",
      { jwks: undefined, jwks_uri: "http://keys.example/jwks" },
    ],
    ["without permissions", { permissions: undefined }],
    ["with a secret too", { client_secret: "x".repeat(20) }],
    ["with another grant", { grant_types: ["client_credentials", "authorization_code"] }],
  ])("%s is refused", async (_how, change) => {
    const [entry] = JSON.parse(house.variables["PREREGISTERED_CLIENTS"] ?? "[]");
    const broken = await house.startAnother({
      PREREGISTERED_CLIENTS: JSON.stringify([{ ...entry, ...change }]),
    });
    expect((await fetch(`${broken.url}/mcp`, { method: "POST" })).status).toBe(500);
    await vi.waitFor(() =>
      expect(broken.log[0]).toMatchObject({
        reason: "configuration_invalid",
        problems: [{ variable: "PREREGISTERED_CLIENTS" }],
      }),
    );
    await broken.stop();
  });
});

describe("a machine that publishes its keys (jwks_uri)", () => {
  /** What is published, and how often it was asked for. */
  const published: { keys: unknown[]; status: number; asked: number } = {
    keys: [],
    status: 200,
    asked: 0,
  };
  const server = createServer((_request, response) => {
    published.asked += 1;
    response.writeHead(published.status, { location: "http://localhost:1/" });
    response.end(JSON.stringify({ keys: published.keys }));
  });
  let worker: TestWorker;

  beforeAll(async () => {
    await new Promise<void>((resolve) => void server.listen(0, "localhost", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    worker = await house.startAnother({
      PREREGISTERED_CLIENTS: JSON.stringify([
        {
          client_id: CLIENT_ID,
          client_name: "Build robot",
          grant_types: ["client_credentials"],
          jwks_uri: `http://localhost:${port}/keys`,
          permissions: ["tool:get_user_info"],
        },
      ]),
    });
  });
  afterAll(() => server.close());

  const publish = async (...pairs: (typeof older)[]) => {
    const keys = pairs.map(async (pair) => exportJWK(pair?.publicKey ?? rsa.publicKey));
    // What is not understood, or must not be there, is passed over (RFC 7517 §5).
    published.keys = [{ kty: "oct", k: "AAAA" }, privateJwk, ...(await Promise.all(keys))];
  };
  const statusOf = async (bent: Bent = {}) => (await ask(await assertion(bent), worker)).status;

  it("is asked for them once, and again for a key that is new, not for each that is wrong", async () => {
    Object.assign(published, { status: 503 });
    expect(await statusOf({ key: older?.privateKey })).toBe(503);
    Object.assign(published, { status: 302 });
    expect(await statusOf({ key: older?.privateKey })).toBe(503);
    Object.assign(published, { status: 200, asked: 0 });
    await publish(older);
    for (let start = 0; start < 3; start++)
      expect(await statusOf({ key: older?.privateKey })).toBe(200);
    expect(published.asked).toBe(1);
    await publish(older, newer);
    await worker.shiftClock(31);
    expect(await statusOf()).toBe(200);
    expect(published.asked).toBe(2);
    for (let wrong = 0; wrong < 5; wrong++)
      expect(await statusOf({ key: foreign?.privateKey })).toBe(401);
    expect(published.asked).toBe(2);
    // A key that was taken away is gone within ten minutes; while they cannot be had, what was known is.
    await publish(newer);
    await worker.shiftClock(31 + 601);
    expect(await statusOf({ key: older?.privateKey })).toBe(401);
    Object.assign(published, { status: 503 });
    await worker.shiftClock(31 + 1300);
    expect(await statusOf({ claims: { iat: undefined, exp: laterThan(1300) } })).toBe(200);
  });
});

function laterThan(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds + 300;
}
