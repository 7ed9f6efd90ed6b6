/**
 * How often each step asks the store, counted on the wire: the figures of the design, and what each
 * request carries.
 */
import { decodeJwt, decodeProtectedHeader, SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createDocumentClient, type DocumentClient } from "../support/document-client.ts";
import { type House, startHouse } from "../support/house.ts";
import { comeBack, meetConfidential, RENEWAL_DUE_SECONDS } from "../support/sessions.ts";
import {
  callMcp,
  createStranger,
  json,
  meetStranger,
  openConsent,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";
import { type CookieJar, visit } from "../support/tenant.ts";

const GET_USER_INFO = { method: "tools/call", params: { name: "get_user_info", arguments: {} } };

let house: House;
let client: Stranger;
let documents: DocumentClient;

beforeAll(async () => {
  documents = await createDocumentClient("https://client.example/client.json", "none");
  house = await startHouse({ elsewhere: (request) => documents.answer(request) });
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());
afterEach(() => house.shiftClock(0));

describe("before there is a token", () => {
  it("discovery asks nothing", async () => {
    const count = await requestsOf(async () => {
      for (const path of [
        "/",
        "/health",
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-protected-resource/mcp",
      ])
        await fetch(house.issuer + path);
      await fetch(`${house.issuer}/mcp`, { method: "POST" });
    });
    expect(count).toBe(0);
  });

  it("a registration asks once", async () => {
    const body = JSON.stringify({ redirect_uris: [client.redirectUri] });
    const register = () => fetch(`${house.issuer}/register`, { method: "POST", body });
    expect(await requestsOf(register)).toBe(1);
  });

  it("a refused registration asks nothing", async () => {
    expect(
      await requestsOf(() => fetch(`${house.issuer}/register`, { method: "POST", body: "{}" })),
    ).toBe(0);
  });

  it("the consent page takes two, its answer two, the callback no more than four", async () => {
    const [attempt, jar]: [ReturnType<Stranger["begin"]>, CookieJar] = [client.begin(), new Map()];
    let consent = await openConsent(attempt, jar);
    expect(await requestsOf(async () => void (consent = await openConsent(attempt, jar)))).toBe(2);
    expect(await requestsOf(() => consent.decide("allow"))).toBe(2);
    const { back, jar: cookies } = await comeBack(client);
    expect(await requestsOf(() => visit(back, cookies))).toBeLessThanOrEqual(4);
  });

  it("a denial takes one", async () => {
    const consent = await openConsent(client.begin());
    expect(await requestsOf(() => consent.decide("deny"))).toBe(1);
  });

  it("a client known by its website saves the trip for its record", async () => {
    const known = createStranger({ ...client, clientId: documents.clientId });
    await openConsent(known.begin());
    expect(await requestsOf(() => openConsent(known.begin()))).toBe(1);
  });

  it("a forged handle and a forged state take no more than one", async () => {
    const jar: CookieJar = new Map();
    await openConsent(client.begin(), jar);
    const forged = new URLSearchParams({ handle: "A".repeat(43), decision: "allow" });
    expect(await requestsOf(() => visit(new URL("/authorize", house.issuer), jar, forged))).toBe(0);
    expect(
      await requestsOf(() => visit(new URL("/auth/callback?code=x&state=y", house.issuer), jar)),
    ).toBe(0);
  });
});

describe("a token request", () => {
  it("takes two for a code", async () => {
    const attempt = client.begin();
    const callback = await client.approve(attempt, "ada");
    expect(await requestsOf(() => client.exchange(attempt, callback))).toBe(2);
  });

  it("takes two for a refresh, with and without a renewal at Auth0", async () => {
    let tokens = await client.signIn("ada");
    const refresh = async () =>
      void (tokens = await json<Tokens>(await client.refresh(tokens.refresh_token), 200));
    const before = house.tenant.control.count("token:refresh_token");
    expect(await requestsOf(refresh)).toBe(2);
    expect(house.tenant.control.count("token:refresh_token")).toBe(before);
    await house.shiftClock(RENEWAL_DUE_SECONDS);
    expect(await requestsOf(refresh)).toBe(2);
    expect(house.tenant.control.count("token:refresh_token")).toBe(before + 1);
  });

  it("takes three reads at most for what nothing proves, also when a renewal is due", async () => {
    const secretive = await meetConfidential(client);
    const wrong = createStranger({
      ...secretive,
      authenticate: () => ({ form: { client_id: secretive.clientId, client_secret: "wrong" } }),
    });
    const [open, closed] = [await client.signIn("ada"), await secretive.signIn("ada")];
    const [inner = ""] = open.refresh_token.split(".");
    const invented = `${inner}.${"A".repeat(43)}`;
    const [user, grant] = inner.split(":");
    const code = (by: Stranger) =>
      by.token({
        grant_type: "authorization_code",
        code: `${user}:${grant}:${"x".repeat(32)}`,
        redirect_uri: by.redirectUri,
        code_verifier: "v".repeat(43),
      });
    await house.shiftClock(RENEWAL_DUE_SECONDS);
    const unproven: readonly (() => Promise<Response>)[] = [
      () => client.refresh(invented),
      () => secretive.refresh(open.refresh_token),
      () => client.refresh(closed.refresh_token),
      () => wrong.refresh(closed.refresh_token),
      () => client.refresh(`nobody:nothing:${"x".repeat(32)}.${"A".repeat(43)}`),
      () => code(client),
      () => code(secretive),
      () => client.revoke(invented),
      () => wrong.revoke(closed.refresh_token),
    ];
    for (const [index, send] of unproven.entries()) {
      house.store.wire.take();
      await (await send()).arrayBuffer();
      const sent = house.store.wire.take().flatMap(({ commands }) => commands);
      // What every isolate hears once a while is no request's.
      const commands = sent.filter((name) => name !== "ZRANGE");
      expect([
        index,
        commands.filter((name) => !/^(?:GET|MGET|H(?:GET|GETALL|VALS))$/.test(name)),
      ]).toEqual([index, []]);
      expect([index, commands.length <= 3]).toEqual([index, true]);
    }
    for (const [holder, tokens] of [
      [client, open],
      [secretive, closed],
    ] as const)
      await json<Tokens>(await holder.refresh(tokens.refresh_token), 200);
  });

  it("takes two for a revocation", async () => {
    for (const kind of ["access_token", "refresh_token"] as const) {
      const tokens = await client.signIn("ada");
      expect(await requestsOf(() => client.revoke(tokens[kind]))).toBe(2);
    }
  });

  it("commits in one transaction", async () => {
    const attempt = client.begin();
    const callback = await client.approve(attempt, "ada");
    house.store.wire.take();
    await client.exchange(attempt, callback);
    expect(house.store.wire.take().map(({ path }) => path)).toEqual(["/multi-exec", "/multi-exec"]);
  });
});

describe("an MCP request", () => {
  let tokens: Tokens;

  beforeAll(async () => {
    tokens = await client.signIn("ada");
    await callMcp(client.resource, tokens.access_token, GET_USER_INFO);
  });

  it.each([
    ["a list", { method: "tools/list" }],
    ["a call", { method: "tools/call", params: { name: "get_time", arguments: {} } }],
    ["a call that uses Auth0's token", GET_USER_INFO],
  ])("asks nothing in an isolate that is warm: %s", async (_case, message) => {
    const before = house.tenant.control.count("userinfo");
    expect(await requestsOf(() => callMcp(client.resource, tokens.access_token, message))).toBe(0);
    expect(house.tenant.control.count("userinfo")).toBe(before);
  });

  it("asks nothing right after its token was issued", async () => {
    const fresh = await client.signIn("rob");
    expect(
      await requestsOf(() =>
        callMcp(client.resource, fresh.access_token, { method: "tools/list" }),
      ),
    ).toBe(0);
  });

  it("asks once in a fresh isolate, even for Auth0's token", async () => {
    const worker = await house.startAnother();
    expect(
      await requestsOf(() => callMcp(`${worker.url}/mcp`, tokens.access_token, GET_USER_INFO)),
    ).toBe(1);
    expect(
      await requestsOf(() => callMcp(`${worker.url}/mcp`, tokens.access_token, GET_USER_INFO)),
    ).toBe(0);
  });

  it("asks once again when what was seen is older than REVOCATION_CHECK_SECONDS", async () => {
    await house.shiftClock(31);
    expect(
      await requestsOf(() =>
        callMcp(client.resource, tokens.access_token, { method: "tools/list" }),
      ),
    ).toBe(1);
    expect(
      await requestsOf(() =>
        callMcp(client.resource, tokens.access_token, { method: "tools/list" }),
      ),
    ).toBe(0);
  });

  it("asks every time when that is 0", async () => {
    const worker = await house.startAnother({ REVOCATION_CHECK_SECONDS: "0" });
    for (let request = 0; request < 3; request++)
      expect(
        await requestsOf(() =>
          callMcp(`${worker.url}/mcp`, tokens.access_token, { method: "tools/list" }),
        ),
      ).toBe(1);
  });

  it.each([
    ["garbage", () => "garbage"],
    ["three parts of garbage", () => "a.b.c"],
    ["a token of the provider library's shape", () => "user:grant:secret"],
    ["an altered token", () => `${tokens.access_token.slice(0, -2)}AA`],
    [
      "a token without a signature",
      () => `${tokens.access_token.split(".").slice(0, 2).join(".")}.`,
    ],
    ["a token by another key", () => signedByAnother(tokens.access_token)],
    ["a refresh token", () => tokens.refresh_token],
    ["a token of 20 KB", () => "x".repeat(20_000)],
  ])("asks nothing for a token that is none of ours: %s", async (_case, forge) => {
    const token = await forge();
    const count = await requestsOf(async () => {
      const { response } = await callMcp(client.resource, token, { method: "tools/list" });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toContain('error="invalid_token"');
    });
    expect(count).toBe(0);
  });

  it("asks nothing for a token that has expired", async () => {
    await house.shiftClock(3601);
    const list = () => callMcp(client.resource, tokens.access_token, { method: "tools/list" });
    expect((await list()).response.status).toBe(401);
    expect(await requestsOf(list)).toBe(0);
  });

  it("asks nothing for a token of another deployment with the same key", async () => {
    const worker = await house.startAnother({ RESOURCE_BASE_URL: "http://localhost:1" });
    const count = await requestsOf(async () => {
      const { response } = await callMcp(`${worker.url}/mcp`, tokens.access_token, {
        method: "tools/list",
      });
      expect(response.status).toBe(401);
    });
    expect(count).toBe(0);
  });
});

describe("the line of a request", () => {
  it("says how many commands it sent, and says nothing when it sent none", async () => {
    const tokens = await client.signIn("ada");
    for (const run of [
      () => client.refresh(tokens.refresh_token),
      () => callMcp(client.resource, tokens.access_token, { method: "tools/list" }),
      () => visit(new URL("/connections/sign-in", house.issuer), new Map()),
      () => fetch(`${house.issuer}/health`),
    ]) {
      const lines = house.log.length;
      house.store.wire.take();
      await run();
      await expect.poll(() => house.log.length).toBe(lines + 1);
      const commands = house.store.wire.take().flatMap((request) => request.commands);
      const expected = commands.length === 0 ? undefined : commands.length;
      expect(house.log.at(-1)?.["storeCommands"]).toBe(expected);
    }
  });

  it("counts nobody else's, when several ask at once", async () => {
    const sessions = await Promise.all([1, 2, 3].map(() => client.signIn("ada")));
    house.store.faults.latencyMs = 20;
    const lines = house.log.length;
    house.store.wire.take();
    await Promise.all(sessions.map(({ refresh_token }) => client.refresh(refresh_token)));
    house.store.faults.latencyMs = 0;
    await expect.poll(() => house.log.length).toBe(lines + 3);
    const commands = house.store.wire.take().flatMap((request) => request.commands);
    const counted = house.log.slice(lines).map((line) => Number(line["storeCommands"]));
    expect(counted.reduce((one, other) => one + other)).toBe(commands.length);
    // One of them may have listened for what is switched off.
    expect(Math.max(...counted) - Math.min(...counted)).toBeLessThanOrEqual(1);
  });
});

/** The same header and claims, signed with a key that is not ours. */
function signedByAnother(token: string): Promise<string> {
  return new SignJWT(decodeJwt(token))
    .setProtectedHeader({ ...decodeProtectedHeader(token), alg: "HS256" })
    .sign(crypto.getRandomValues(new Uint8Array(32)));
}

/** How many requests the store got while `run` ran. */
async function requestsOf(run: () => Promise<unknown>): Promise<number> {
  house.store.wire.take();
  await run();
  return house.store.wire.take().length;
}
