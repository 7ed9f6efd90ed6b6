/**
 * Enterprise-managed authorization: a company vouches for its people, and the official client's own
 * provider goes the whole way. Every rule of an assertion is broken once.
 */
import { CrossAppAccessProvider } from "@modelcontextprotocol/client";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Bent, COMPANY, type Company, createCompany } from "../support/company.ts";
import { type House, PERMISSIONS, startHouse, type TestWorker } from "../support/house.ts";
import { type Form, post, startModernJob } from "../support/machine.ts";
import { countVersions, recordKey, statusOfCall } from "../support/sessions.ts";
import { callMcp, json, meetStranger, type Tokens } from "../support/stranger.ts";

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const CLIENT = { clientId: "company-agent", clientSecret: "the secret of the agent" };
const OTHER = { clientId: "other-agent", clientSecret: "the secret of the other" };

let company: Company;
let house: House;
let other: TestWorker;

const preregistered = [CLIENT, OTHER].map(({ clientId, clientSecret }) => ({
  client_id: clientId,
  client_name: `The ${clientId}`,
  redirect_uris: ["http://127.0.0.1:9/callback"],
  token_endpoint_auth_method: "client_secret_basic",
  client_secret: clientSecret,
}));

const trusted = {
  issuer: COMPANY,
  jwks_uri: `${COMPANY}/keys`,
  clients: [CLIENT.clientId],
  max_permissions: [...PERMISSIONS],
};

beforeAll(async () => {
  company = await createCompany();
  house = await startHouse({
    elsewhere: (request) => company.answer(request),
    variables: {
      TEST_OFFERINGS: "callers",
      PREREGISTERED_CLIENTS: JSON.stringify(preregistered),
      ENTERPRISE_ISSUERS: JSON.stringify([trusted]),
    },
  });
  other = await house.startAnother();
});
afterAll(() => house.stop());

const basic = ({ clientId, clientSecret } = CLIENT) => ({
  Authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}`,
});

const vouch = (bent: Bent = {}, { clientId } = CLIENT) =>
  company.vouch({ issuer: house.issuer, clientId }, bent);

interface Asking {
  readonly worker?: TestWorker;
  readonly client?: typeof CLIENT;
  readonly more?: Form;
}

function ask(assertion: string, { worker = house, client = CLIENT, more = {} }: Asking = {}) {
  return post(worker.url, { grant_type: GRANT_TYPE, assertion, ...more }, basic(client));
}

async function call(token: string, name: string) {
  const params = { name, arguments: {} };
  const { response, answer } = await callMcp(`${house.url}/mcp`, token, {
    method: "tools/call",
    params,
  });
  return { status: response.status, result: answer.result };
}

it("goes from a URL to a tool's answer by the official provider, and gets more when it must", async () => {
  const scopes: (string | undefined)[] = [];
  const provider = new CrossAppAccessProvider({
    ...CLIENT,
    expectedIssuer: house.issuer,
    assertion: ({ authorizationServerUrl, resourceUrl, scope }) => {
      scopes.push(scope);
      const wanted = ["tool:get_user_info", ...(scope ?? "").split(" ")];
      return company.vouch(
        { issuer: authorizationServerUrl, clientId: CLIENT.clientId },
        { claims: { resource: resourceUrl, scope: wanted.join(" ") } },
      );
    },
  });
  const job = await startModernJob(house.issuer, provider);
  expect(await job.call("who_calls")).toMatchObject({
    structuredContent: { kind: "person", permissions: ["tool:get_user_info"] },
  });
  expect(await job.call("explain")).toMatchObject({ content: [{ text: "explained" }] });
  expect(scopes).toHaveLength(2);
  expect(scopes[1]).toContain("tool:explain_access");
  expect(job.extensions).toHaveProperty("io.modelcontextprotocol/enterprise-managed-authorization");
  await job.close();
});

describe("a token", () => {
  it("has what the company lets the application do, and no refresh token", async () => {
    const response = await ask(await vouch(), { more: { scope: "openid profile email" } });
    expect(response.headers.get("cache-control")).toBe("no-store");
    const { access_token: token, ...rest } = await json<Tokens>(response, 200);
    expect(rest).toEqual({
      token_type: "Bearer",
      expires_in: 3600,
      scope: "tool:get_user_info",
      resource: `${house.issuer}/mcp`,
    });
    expect(decodeJwt(token)).toMatchObject({ kind: "person", client_id: CLIENT.clientId });
    expect(house.tenant.control.count("token")).toBe(0);
    await vi.waitFor(() =>
      expect(house.log.findLast(({ route }) => route === "/token")).toMatchObject({
        event: "vouched_admitted",
      }),
    );
  });

  it.each<[string, unknown, Form, string]>([
    ["all that the operator lets the company", undefined, {}, PERMISSIONS.join(" ")],
    [
      "what both name",
      PERMISSIONS.join(" "),
      { scope: "tool:explain_access" },
      "tool:explain_access",
    ],
    ["nothing of ours", "other:read", {}, ""],
    [
      "no more than the operator lets the company",
      "tool:get_user_info admin",
      {},
      "tool:get_user_info",
    ],
  ])("may do %s", async (_what, scope, more, granted) => {
    const tokens = await json<Tokens>(await ask(await vouch({ claims: { scope } }), { more }), 200);
    expect(tokens.scope).toBe(granted);
  });

  it("asked for what the company does not let it do is refused", async () => {
    const response = await ask(await vouch(), { more: { scope: "tool:explain_access" } });
    expect(await json(response, 400)).toMatchObject({ error: "invalid_scope" });
  });

  it("opens no token of Auth0's and no profile there", async () => {
    const { access_token: token } = await json<Tokens>(await ask(await vouch()), 200);
    for (const name of ["read_claims", "read_profile"]) {
      const { status, result } = await call(token, name);
      expect(status).toBe(200);
      expect(result).toMatchObject({ isError: true });
      expect(result?.content?.[0]?.text).toContain("did not sign in at Auth0");
    }
  });

  it("is of one grant for a person and an application, however often it comes", async () => {
    const first = await json<Tokens>(await ask(await vouch()), 200);
    const versions = await countVersions(house);
    for (let time = 0; time < 5; time += 1) await (await ask(await vouch())).arrayBuffer();
    const last = await json<Tokens>(await ask(await vouch()), 200);
    expect(recordKey(last.access_token)).toBe(recordKey(first.access_token));
    expect(await countVersions(house)).toBe(versions);
    const someone = await json<Tokens>(await ask(await vouch({ claims: { sub: "00u2" } })), 200);
    expect(recordKey(someone.access_token)).not.toBe(recordKey(first.access_token));
  });

  it("ends when its client revokes it", async () => {
    const { access_token: token } = await json<Tokens>(await ask(await vouch()), 200);
    expect((await post(house.url, { token }, basic())).status).toBe(200);
    expect(await statusOfCall(house, token)).toBe(401);
    const next = await json<Tokens>(await ask(await vouch()), 200);
    expect(await statusOfCall(house, next.access_token)).toBe(200);
  });
});

it("a prefix makes them the person that they are after a sign-in at Auth0", async () => {
  const auth0 = await meetStranger(`${house.issuer}/mcp`);
  const { access_token: interactive } = await auth0.signIn("ada");
  const prefixed = await house.startAnother({
    ENTERPRISE_ISSUERS: JSON.stringify([{ ...trusted, subject_prefix: "auth0|" }]),
  });
  const assertion = await vouch({ claims: { sub: "64f0c0ffee0000000000ada1" } });
  const vouched = await json<Tokens>(await ask(assertion, { worker: prefixed }), 200);
  const plain = await json<Tokens>(
    await ask(await vouch({ claims: { sub: "auth0|64f0c0ffee0000000000ada1" } })),
    200,
  );
  expect(decodeJwt(vouched.access_token).sub).toBe(decodeJwt(interactive).sub);
  expect(decodeJwt(plain.access_token).sub).not.toBe(decodeJwt(interactive).sub);
  await prefixed.stop();
});

describe("an assertion", () => {
  it.each<[string, Bent]>([
    ["to our issuer with a slash", { claims: { aud: "slash" } }],
    ["to our issuer in a list of one", { claims: { aud: "list" } }],
    ["that names no resource", { claims: { resource: undefined } }],
  ])("%s is accepted", async (_how, bent) => {
    const spelled = { slash: `${house.issuer}/`, list: [house.issuer] };
    const aud = spelled[String(bent.claims?.["aud"]) as keyof typeof spelled] ?? house.issuer;
    expect((await ask(await vouch({ claims: { ...bent.claims, aud } }))).status).toBe(200);
  });

  const soon = Math.floor(Date.now() / 1000);
  it.each<[string, Bent, string]>([
    ["of another company", { claims: { iss: "https://idp.other.test" } }, "iss"],
    ["in this company's name", { isForeign: true }, "signature"],
    ["of another type", { header: { typ: "JWT" } }, "typ"],
    ["that authenticates a client", { header: { typ: "client-authentication+jwt" } }, "typ"],
    ["that is an access token", { header: { typ: "at+jwt" } }, "typ"],
    ["to another server", { claims: { aud: "https://other.test" } }, "aud"],
    ["to us and another", { claims: { aud: ["us", "https://other.test"] } }, "aud"],
    ["for another application", { claims: { client_id: "other" } }, "client_id"],
    ["for no application", { claims: { client_id: undefined } }, "client_id"],
    ["for another resource", { claims: { resource: "https://other.test/mcp" } }, "resource"],
    ["that has expired", { claims: { iat: soon - 900, exp: soon - 600 } }, "exp"],
    ["that lives for an hour", { claims: { exp: soon + 3600 } }, "exp"],
    ["from the future", { claims: { iat: soon + 600, exp: soon + 800 } }, "iat"],
    ["without an id", { claims: { jti: undefined } }, "jti"],
    ["about nobody", { claims: { sub: undefined } }, "claim_missing"],
    ["bound to a key", { claims: { cnf: { jkt: "k" } } }, "cnf"],
    ["that is too long", { claims: { padding: "x".repeat(16_384) } }, "too_long"],
    ["with more than scopes", { claims: { authorization_details: [] } }, "cnf"],
  ])("%s is refused", async (_how, bent, check) => {
    const given = bent.claims?.["aud"];
    const aud = Array.isArray(given) ? [house.issuer, given[1]] : given;
    const claims = { ...bent.claims, ...(given === undefined ? {} : { aud }) };
    const response = await ask(await vouch({ ...bent, claims }));
    expect(await json(response, 400)).toMatchObject({ error: "invalid_grant" });
    await vi.waitFor(() =>
      expect(house.log.at(-1)).toMatchObject({ reason: "assertion_refused", check }),
    );
  });

  it.each(["", "x", "a.b.c", "e30.e30.", "x".repeat(20_000)])("%j is none", async (text) => {
    const response = await ask(text.slice(0, 20_000));
    expect(await json(response, 400)).toMatchObject({ error: "invalid_grant" });
  });

  it("counts once, in any isolate, and of five at the same moment one", async () => {
    const assertion = await vouch();
    expect((await ask(assertion)).status).toBe(200);
    const again = await json<{ error_description: string }>(
      await ask(assertion, { worker: other }),
      400,
    );
    expect(again.error_description).toContain("Each counts once");
    const raced = await vouch();
    const statuses = await Promise.all(
      [house, other, house, other, house].map(
        async (worker) => (await ask(raced, { worker })).status,
      ),
    );
    expect(statuses.toSorted()).toEqual([200, 400, 400, 400, 400]);
  });

  it("is not judged, let alone counted, for a client that has not shown who it is", async () => {
    const assertion = await vouch();
    const form = { grant_type: GRANT_TYPE, assertion };
    const stranger = await meetStranger(`${house.issuer}/mcp`);
    for (const [body, headers] of [
      [form, {}],
      [{ ...form, client_id: CLIENT.clientId }, {}],
      [{ ...form, client_id: stranger.clientId }, {}],
      [form, basic({ ...CLIENT, clientSecret: "wrong" })],
    ] as const)
      expect((await post(house.url, body, headers)).status).toBe(401);
    expect((await ask(assertion)).status).toBe(200);
  });

  it("for a client that the company may not send is refused", async () => {
    const response = await ask(await vouch({}, OTHER), { client: OTHER });
    expect(await json(response, 400)).toMatchObject({ error: "invalid_grant" });
    await vi.waitFor(() => expect(house.log.at(-1)).toMatchObject({ check: "client" }));
  });

  it("for another resource of the request is refused", async () => {
    const more = { resource: "https://other.test/mcp" };
    expect(await json(await ask(await vouch(), { more }), 400)).toMatchObject({
      error: "invalid_target",
    });
  });
});

it("asks for the company's keys once in an isolate", async () => {
  const before = company.keyRequests();
  for (let time = 0; time < 3; time += 1) await (await ask(await vouch())).arrayBuffer();
  expect(company.keyRequests()).toBe(before);
});

it("leaves nothing of the assertion in the store or the log", async () => {
  const assertion = await vouch({ claims: { sub: "00u-secret", email: "eve@company.test" } });
  expect((await ask(assertion)).status).toBe(200);
  const everything = [...(await house.store.dump()), JSON.stringify(house.log)].join("\n");
  for (const secret of [assertion, "00u-secret", "eve@company.test", CLIENT.clientSecret])
    expect(everything).not.toContain(secret);
});

it("is announced where it is on, and refused where it is off", async () => {
  const { metadata } = await meetStranger(`${house.issuer}/mcp`);
  expect(metadata["grant_types_supported"]).toContain(GRANT_TYPE);
  expect(metadata["authorization_grant_profiles_supported"]).toEqual([
    "urn:ietf:params:oauth:grant-profile:id-jag",
  ]);
  const off = await house.startAnother({ ENTERPRISE_ISSUERS: "" });
  const response = await fetch(`${off.url}/.well-known/oauth-authorization-server`);
  const plain = await json<Record<string, unknown>>(response, 200);
  expect(plain["grant_types_supported"]).not.toContain(GRANT_TYPE);
  expect(plain).not.toHaveProperty("authorization_grant_profiles_supported");
  const refused = await ask(await vouch(), { worker: off });
  expect(await json(refused, 400)).toMatchObject({ error: "unsupported_grant_type" });
  await off.stop();
});

it("is a 503 when the company's keys cannot be had", async () => {
  company.fall();
  const fresh = await house.startAnother();
  const assertion = await vouch();
  const response = await ask(assertion, { worker: fresh });
  expect(response.headers.has("retry-after")).toBe(true);
  expect(await json(response, 503)).toMatchObject({ error: "temporarily_unavailable" });
  expect((await ask(assertion)).status).toBe(200);
  await fresh.stop();
});
