/**
 * Machines that Auth0 knows: an application asks for a token with its own credentials, and Auth0 is
 * asked once for many starts of it.
 */
import { decodeJwt } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { ROBOT } from "../../dev/tenant/machines.ts";
import { type House, PERMISSIONS, startHouse, type TestWorker } from "../support/house.ts";
import { askForToken, type Form, post, STARTS } from "../support/machine.ts";
import { permissionsIn, recordKey, statusOfCall } from "../support/sessions.ts";
import { availableEngines } from "../support/store.ts";
import {
  callMcp,
  json,
  type McpAnswer,
  meetStranger,
  refusalOf,
  type Tokens,
} from "../support/stranger.ts";

const engine = availableEngines().at(-1) ?? "memory";
const MACHINE_EXTENSION = "io.modelcontextprotocol/oauth-client-credentials";

let house: House;
let others: readonly TestWorker[];

beforeAll(async () => {
  house = await startHouse({ engine, variables: { TEST_OFFERINGS: "callers" } });
  others = [await house.startAnother(), await house.startAnother()];
});
afterEach(async () => {
  house.tenant.control.clear();
  await house.shiftClock(0);
});
afterAll(() => house.stop());

const asked = () => house.tenant.control.count("token:client_credentials");

/** A machine that nobody has seen before. */
let machines = 0;
function hire(permissions: readonly string[] | "no client grant" = PERMISSIONS) {
  const clientId = `worker-${(machines += 1)}`;
  const clientSecret = `secret of ${clientId}`;
  house.tenant.control.changeMachine(clientId, {
    clientSecret,
    ...(permissions === "no client grant" ? {} : { permissions }),
  });
  return { clientId, clientSecret };
}

async function tokenOf(machine: ReturnType<typeof hire>, more: Form = {}): Promise<Tokens> {
  return json(await askForToken(house, machine, more), 200);
}

async function call(token: string, name: string): Promise<McpAnswer["result"]> {
  const params = { name, arguments: {} };
  const { answer } = await callMcp(`${house.url}/mcp`, token, { method: "tools/call", params });
  return answer.result;
}

describe.each(STARTS)("%s", (_name, revision, start) => {
  it("goes from a URL and its credentials to a tool's answer, and finds the extension named", async () => {
    const job = await start(house.issuer);
    expect(job.revision).toBe(revision);
    expect(await job.listTools()).toEqual(["who_calls", "read_claims", "read_profile", "explain"]);
    expect(await job.call("who_calls")).toMatchObject({
      structuredContent: { kind: "machine", permissions: expect.arrayContaining(PERMISSIONS) },
    });
    expect(job.extensions).toEqual({ [MACHINE_EXTENSION]: {} });
    await job.close();
  });

  it("is told what it lacks, and asks for no other token", async () => {
    const machine = hire(["tool:get_user_info"]);
    const job = await start(house.issuer, machine);
    expect(await job.call("explain")).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("Missing: tool:explain_access.") }],
    });
    expect(await job.listTools()).not.toContain("explain");
    await job.close();
    expect(house.log.filter(({ route }) => route === "/token").at(-1)).toMatchObject({
      status: 200,
      upstream: "asked",
    });
  });
});

describe("a token", () => {
  it("is a machine's: no refresh token, no scope of a person, nothing of its id or Auth0's", async () => {
    const machine = hire();
    const response = await askForToken(house, machine, { resource: `${house.issuer}/mcp` });
    expect(response.headers.get("cache-control")).toBe("no-store");
    const { access_token: token, ...rest } = await json<Tokens>(response, 200);
    expect(rest).toEqual({
      token_type: "Bearer",
      expires_in: 3600,
      scope: PERMISSIONS.join(" "),
      resource: `${house.issuer}/mcp`,
    });
    expect(decodeJwt(token)).toMatchObject({
      iss: house.issuer,
      aud: `${house.issuer}/mcp`,
      kind: "machine",
      client_id: machine.clientId,
      scope: "",
      sub: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  it.each<[string, string | undefined, readonly string[]]>([
    ["nothing", undefined, PERMISSIONS],
    ["what our challenge says", "openid profile email", PERMISSIONS],
    ["a permission of ours", "openid tool:get_user_info", ["tool:get_user_info"]],
    ["one that nobody knows", "other:read", PERMISSIONS],
  ])("for %s says %j → %j", async (_what, scope, granted) => {
    const tokens = await tokenOf(ROBOT, scope === undefined ? {} : { scope });
    expect(tokens.scope).toBe(granted.join(" "));
    const inToken = await permissionsIn(tokens.access_token);
    expect(inToken.granted.toSorted()).toEqual(granted.toSorted());
  });

  it("limited by its own request leads to words, never to a challenge", async () => {
    const { access_token: token } = await tokenOf(ROBOT, { scope: "tool:get_user_info" });
    const result = await call(token, "explain");
    expect(result).toMatchObject({ isError: true });
    expect(result?.content?.[0]?.text).toContain("Missing: tool:explain_access.");
  });

  it("opens Auth0's own token to a tool, and no profile", async () => {
    const { access_token: token } = await tokenOf(ROBOT);
    expect((await call(token, "read_claims"))?.structuredContent).toEqual({
      sub: "robot@clients",
      gty: "client-credentials",
    });
    expect(await call(token, "read_profile")).toMatchObject({
      isError: true,
      content: [{ text: "A machine calls here: it has no profile." }],
    });
    expect(house.tenant.control.count("userinfo")).toBe(0);
  });

  it("lives no longer than Auth0's", async () => {
    house.tenant.control.shape({ accessTokenTtlSeconds: 900 });
    expect((await tokenOf(hire())).expires_in).toBeLessThanOrEqual(900);
  });

  it("of Auth0's other dialect is a machine's too", async () => {
    house.tenant.control.shape({ accessToken: "rfc9068" });
    expect((await tokenOf(hire())).scope).toBe(PERMISSIONS.join(" "));
  });

  it("without RBAC has what the client grant names in scope", async () => {
    house.tenant.control.shape({ permissions: "absent" });
    expect((await tokenOf(hire())).scope).toBe(PERMISSIONS.join(" "));
  });

  it.each<[string, Parameters<House["tenant"]["control"]["shape"]>[0]]>([
    ["a person", { accessToken: { claims: { sub: "auth0|64f0c0ffee0000000000ada1" } } }],
    ["another application", { accessToken: "wrong-azp" }],
    ["another API", { accessToken: "wrong-aud" }],
    ["nobody in particular", { accessToken: { claims: { sub: "someone", gty: undefined } } }],
    ["whoever signs by himself", { accessToken: "bad-signature" }],
  ])("of Auth0's that speaks for %s is refused", async (_whom, shape) => {
    house.tenant.control.shape(shape);
    const { error } = await json<{ error: string }>(await askForToken(house, hire()), 503);
    expect(error).toBe("temporarily_unavailable");
    await vi.waitFor(() =>
      expect(house.log.at(-1)).toMatchObject({ reason: "identity_token_invalid" }),
    );
  });
});

describe("Auth0 is asked once", () => {
  it("for fifty starts, one after the other, in three isolates", async () => {
    const machine = hire();
    const isolates = [house, ...others];
    for (let start = 0; start < 50; start += 1) {
      const response = await askForToken(isolates[start % 3] ?? house, machine);
      expect(response.status).toBe(200);
      await response.arrayBuffer();
    }
    expect(asked()).toBe(1);
  });

  it("for fifty starts at the same moment, in three isolates; each token works everywhere", async () => {
    const machine = hire();
    house.tenant.control.latency("token", 100);
    const isolates = [house, ...others];
    const responses = await Promise.all(
      Array.from({ length: 50 }, (_, start) => askForToken(isolates[start % 3] ?? house, machine)),
    );
    const tokens = await Promise.all(responses.map((response) => json<Tokens>(response, 200)));
    expect(asked()).toBe(1);
    const records = new Set(tokens.map((each) => recordKey(each.access_token)));
    expect(records.size).toBe(1);
    const [first] = tokens;
    for (const isolate of isolates)
      expect(await statusOfCall(isolate, first?.access_token ?? "")).toBe(200);
  });

  it("for many starts with a wrong secret, within a minute", async () => {
    const { clientId } = hire();
    const wrong = { clientId, clientSecret: "wrong" };
    const isolates = [house, ...others];
    for (let start = 0; start < 9; start += 1) {
      const response = await askForToken(isolates[start % 3] ?? house, wrong);
      expect((await json<{ error: string }>(response, 401)).error).toBe("invalid_client");
    }
    expect(asked()).toBe(1);
    await Promise.all(isolates.map((isolate) => isolate.shiftClock(61)));
    await askForToken(house, wrong);
    expect(asked()).toBe(2);
    await Promise.all(isolates.map((isolate) => isolate.shiftClock(0)));
  });

  it("until its token ends, and then again", async () => {
    const machine = hire();
    house.tenant.control.shape({ accessTokenTtlSeconds: 7200 });
    await tokenOf(machine);
    await house.shiftClock(7100);
    expect((await tokenOf(machine)).expires_in).toBeLessThanOrEqual(100);
    expect(asked()).toBe(1);
    await house.shiftClock(7150);
    house.tenant.control.shape({ accessTokenTtlSeconds: 14_400 });
    expect((await tokenOf(machine)).expires_in).toBe(3600);
    expect(asked()).toBe(2);
  });

  it("or more often, where the operator wants that", async () => {
    const careful = await house.startAnother({ MACHINE_CACHE_SECONDS: "60" });
    const machine = hire();
    await (await askForToken(careful, machine)).arrayBuffer();
    await careful.shiftClock(45);
    await (await askForToken(careful, machine)).arrayBuffer();
    expect(asked()).toBe(1);
    await careful.shiftClock(61);
    await (await askForToken(careful, machine)).arrayBuffer();
    expect(asked()).toBe(2);
    await careful.stop();
  });
});

describe("credentials", () => {
  it("that are wrong do not disturb the right ones, before or after", async () => {
    const machine = hire();
    const wrong = { ...machine, clientSecret: "wrong" };
    expect((await askForToken(house, wrong)).status).toBe(401);
    await tokenOf(machine);
    expect((await askForToken(house, wrong)).status).toBe(401);
    await tokenOf(machine);
    expect(asked()).toBe(2);
  });

  it("that were rotated are asked about at once, and the old ones are nothing any more", async () => {
    const old = hire();
    const before = await tokenOf(old);
    const newer = { ...old, clientSecret: "rotated" };
    house.tenant.control.changeMachine(old.clientId, { clientSecret: "rotated" });
    const after = await tokenOf(newer);
    expect(recordKey(after.access_token)).toBe(recordKey(before.access_token));
    expect((await askForToken(house, old)).status).toBe(401);
    expect(asked()).toBe(3);
  });

  const basic = (text: string) => ({ Authorization: `Basic ${btoa(text)}` });
  const grant = { grant_type: "client_credentials" };

  it.each<[string, string]>([
    ["plain", "s-e_cr.et~1"],
    ["with signs that form-encoding changes", "s+e/c ret%25=&"],
  ])("by Basic may be %s, encoded or not", async (_how, clientSecret) => {
    const { clientId } = hire();
    house.tenant.control.changeMachine(clientId, { clientSecret });
    const encoded = new URLSearchParams({ s: clientSecret }).toString().slice(2);
    const sent = await post(house.url, grant, basic(`${clientId}:${encoded}`));
    expect(sent.status).toBe(200);
    if (!clientSecret.includes("%"))
      expect((await post(house.url, grant, basic(`${clientId}:${clientSecret}`))).status).toBe(200);
  });

  it("by Basic with a plus in them are taken as they stand", async () => {
    const { clientId } = hire();
    house.tenant.control.changeMachine(clientId, { clientSecret: "s+e:c/ret" });
    const sent = await post(house.url, grant, basic(`${clientId}:s+e:c/ret`));
    expect(sent.status).toBe(200);
  });

  const robot = { client_id: "robot" };
  it.each<[string, Form, Record<string, string>, number, string]>([
    ["none", robot, {}, 401, "invalid_client"],
    ["nobody's", {}, {}, 401, "invalid_client"],
    [
      "our own application's",
      { client_id: "house", client_secret: "x" },
      {},
      401,
      "invalid_client",
    ],
    [
      "those of an address",
      { client_id: "https://a.example/c.json", client_secret: "x" },
      {},
      401,
      "invalid_client",
    ],
    ["wrong, by Basic", {}, basic("robot:wrong"), 401, "invalid_client"],
    [
      "shown twice",
      { client_secret: ROBOT.clientSecret },
      basic(`robot:${ROBOT.clientSecret}`),
      400,
      "invalid_request",
    ],
    [
      "a secret and an assertion",
      { ...robot, client_secret: ROBOT.clientSecret, client_assertion: "a.b.c" },
      {},
      400,
      "invalid_request",
    ],
  ])("%s are refused", async (_which, form, headers, status, code) => {
    const response = await post(house.url, { ...grant, ...form }, headers);
    const isChallenged = status === 401 && "Authorization" in headers;
    expect(response.headers.get("www-authenticate")).toBe(
      isChallenged ? 'Basic realm="OAuth"' : null,
    );
    expect(await json(response, status)).toMatchObject({ error: code });
  });

  it("that Auth0 does not know, and wrong ones, get the same words", async () => {
    const { clientId } = hire();
    const texts = await Promise.all(
      [
        { clientId, clientSecret: "wrong" },
        { clientId: "nobody", clientSecret: "x" },
      ].map(async (machine) => (await askForToken(house, machine)).text()),
    );
    expect(texts[0]).toBe(texts[1]);
    expect(asked()).toBe(2);
  });
});

describe("what Auth0 refuses", () => {
  it.each<[string, Parameters<House["tenant"]["control"]["changeMachine"]>[1], string, string]>([
    [
      "without the grant type",
      { isAllowed: false },
      "unauthorized_client",
      "machine_grant_type_off",
    ],
  ])("%s is told", async (_what, changes, error, reason) => {
    const machine = hire();
    house.tenant.control.changeMachine(machine.clientId, changes);
    expect(await json(await askForToken(house, machine), 400)).toMatchObject({ error });
    await vi.waitFor(() =>
      expect(house.log.at(-1)).toMatchObject({ reason, grant: "client_credentials" }),
    );
  });

  it("without a client grant is told, and mended without a restart", async () => {
    const machine = hire("no client grant");
    const refused = { error: "unauthorized_client" };
    expect(await json(await askForToken(house, machine), 400)).toMatchObject(refused);
    await vi.waitFor(() =>
      expect(house.log.at(-1)).toMatchObject({ reason: "machine_not_authorized" }),
    );
    house.tenant.control.changeMachine(machine.clientId, { permissions: PERMISSIONS });
    await house.shiftClock(61);
    expect((await tokenOf(machine)).scope).toBe(PERMISSIONS.join(" "));
  });

  const denied = (status: number, error: string, error_description: string) => ({
    status,
    body: { error, error_description },
  });
  it.each<[string, object, number, string, string]>([
    [
      "another audience",
      denied(403, "access_denied", "Service not enabled within domain: x"),
      503,
      "temporarily_unavailable",
      "identity_audience_unknown",
    ],
    [
      "an Action with invalid_scope",
      denied(400, "invalid_scope", "not today"),
      400,
      "invalid_scope",
      "machine_scope_denied",
    ],
    [
      "an Action with invalid_request",
      denied(400, "invalid_request", "not today"),
      400,
      "invalid_request",
      "machine_request_denied",
    ],
    [
      "an Action with server_error",
      denied(400, "server_error", "not today"),
      503,
      "temporarily_unavailable",
      "identity_refused",
    ],
    [
      "an organization",
      denied(403, "access_denied", "client is not authorized for organization org_1"),
      400,
      "unauthorized_client",
      "machine_organization_refused",
    ],
    [
      "a plan",
      denied(
        403,
        "access_denied",
        "Machine to Machine Auth has been denied as you have exceeded your plan limit",
      ),
      503,
      "temporarily_unavailable",
      "machine_quota_spent",
    ],
    [
      "a quota",
      {
        ...denied(429, "too_many_requests", "Client quota exceeded"),
        headers: { "retry-after": "60" },
      },
      503,
      "temporarily_unavailable",
      "identity_rate_limited",
    ],
  ])("by %s is mapped", async (_what, fault, status, error, reason) => {
    house.tenant.control.fail("token:client_credentials", fault as { status: number });
    const response = await askForToken(house, hire());
    expect(response.headers.has("retry-after")).toBe(status === 503);
    expect(await json(response, status)).toMatchObject({ error });
    await vi.waitFor(() => expect(house.log.at(-1)).toMatchObject({ reason }));
  });

  it("for the moment is not remembered", async () => {
    const machine = hire();
    house.tenant.control.fail("token:client_credentials", { status: 503, times: 3 });
    expect((await askForToken(house, machine)).status).toBe(503);
    house.tenant.control.clear();
    house.tenant.control.changeMachine(machine.clientId, { ...machine, permissions: PERMISSIONS });
    await tokenOf(machine);
  });
});

describe("the end", () => {
  it("of a token by RFC 7009 is the end of the grant, and the next start has another", async () => {
    const machine = hire();
    const { access_token: token } = await tokenOf(machine);
    expect(await statusOfCall(house, token)).toBe(200);
    const wrong = { client_id: machine.clientId, client_secret: "wrong" };
    expect((await post(house.url, { ...wrong, token })).status).toBe(401);
    expect(await statusOfCall(house, token)).toBe(200);
    const right = { client_id: machine.clientId, client_secret: machine.clientSecret };
    expect((await post(house.url, { ...right, token })).status).toBe(200);
    expect(await statusOfCall(house, token)).toBe(401);
    const next = await tokenOf(machine);
    expect(await statusOfCall(house, next.access_token)).toBe(200);
    expect(await statusOfCall(house, token)).toBe(401);
  });

  it("of another machine's token is not for a machine to say", async () => {
    const [one, other] = [hire(), hire()];
    const { access_token: token } = await tokenOf(one);
    await tokenOf(other);
    const form = { client_id: other.clientId, client_secret: other.clientSecret, token };
    expect((await post(house.url, form)).status).toBe(401);
    expect(await statusOfCall(house, token)).toBe(200);
  });

  it("comes by BLOCKED_CLIENTS, at both doors", async () => {
    const machine = hire();
    const { access_token: token } = await tokenOf(machine);
    const strict = await house.startAnother({ BLOCKED_CLIENTS: machine.clientId });
    expect((await askForToken(strict, machine)).status).toBe(403);
    expect(await statusOfCall(strict, token)).toBe(403);
    await strict.stop();
  });
});

describe("a machine's grant", () => {
  it("is no person's: no code and no refresh token reaches it", async () => {
    const client = await meetStranger(`${house.issuer}/mcp`);
    const { access_token: token } = await tokenOf(hire());
    const { sub, grant_id: grantId } = decodeJwt<{ grant_id: string }>(token);
    const named = `${sub}:${grantId}:${"x".repeat(32)}`;
    for (const form of [
      { grant_type: "refresh_token", refresh_token: named },
      { grant_type: "refresh_token", refresh_token: `${named}.${"p".repeat(43)}` },
      { grant_type: "authorization_code", code: named, redirect_uri: client.redirectUri },
    ]) {
      const response = await client.token({ ...form, code_verifier: "v".repeat(43) });
      expect((await json<{ error: string }>(response, 400)).error).toBe("invalid_grant");
    }
    expect(await statusOfCall(house, token)).toBe(200);
  });

  it("is one, however often it is renewed", async () => {
    const machine = hire();
    const places = new Set<string>();
    for (const secret of ["a", "b", "c", "d"]) {
      house.tenant.control.changeMachine(machine.clientId, { clientSecret: secret });
      const { access_token: token } = await tokenOf({ ...machine, clientSecret: secret });
      places.add(recordKey(token));
    }
    expect(places.size).toBe(1);
  });
});

describe("a person", () => {
  it("whose token is a machine's does not get in", async () => {
    const client = await meetStranger(`${house.issuer}/mcp`);
    house.tenant.control.shape({
      accessToken: { claims: { gty: "client-credentials", sub: "robot@clients" } },
    });
    const attempt = client.begin();
    expect(refusalOf(await client.approve(attempt, "ada"))).toMatchObject({
      error: "server_error",
    });
    await vi.waitFor(() =>
      expect(house.log.at(-1)).toMatchObject({ reason: "identity_token_invalid", check: "person" }),
    );
  });

  it("signs in as before, and is no machine", async () => {
    const client = await meetStranger(`${house.issuer}/mcp`);
    const { access_token: token } = await client.signIn("ada");
    expect((await call(token, "who_calls"))?.structuredContent).toMatchObject({ kind: "person" });
    const form = {
      grant_type: "client_credentials",
      client_id: client.clientId,
      client_secret: token,
    };
    expect((await post(house.url, form)).status).toBe(401);
  });
});

it("leaves no secret in the store or the log", async () => {
  const machine = hire();
  await tokenOf(machine);
  await askForToken(house, { ...machine, clientSecret: "wrong-but-secret" });
  const everything = [...(await house.store.dump()), JSON.stringify(house.log)].join("\n");
  for (const secret of [machine.clientSecret, "wrong-but-secret", machine.clientId])
    expect(everything).not.toContain(secret);
  await vi.waitFor(() =>
    expect(house.log.at(-2)).toMatchObject({
      event: "machine_admitted",
      caller: "machine",
      grant: "client_credentials",
    }),
  );
});

describe("the metadata", () => {
  it("names the grant type", async () => {
    const { metadata } = await meetStranger(`${house.issuer}/mcp`);
    expect(metadata["grant_types_supported"]).toContain("client_credentials");
    expect(metadata["token_endpoint_auth_methods_supported"]).toContain("client_secret_basic");
  });

  it("does not where machines may not come, and they are refused without a question", async () => {
    const closed = await house.startAnother({ CLIENT_CREDENTIALS: "false" });
    const response = await fetch(`${closed.url}/.well-known/oauth-authorization-server`);
    const { grant_types_supported: types } = await json<{ grant_types_supported: string[] }>(
      response,
      200,
    );
    expect(types).not.toContain("client_credentials");
    expect((await askForToken(closed)).status).toBe(401);
    expect(asked()).toBe(0);
    await closed.stop();
  });
});

it("is for the one resource", async () => {
  const response = await askForToken(house, ROBOT, { resource: "https://other.example/mcp" });
  expect(await json(response, 400)).toMatchObject({ error: "invalid_target" });
});
