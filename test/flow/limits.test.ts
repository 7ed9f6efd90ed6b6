/**
 * How often somebody may ask: the limits of wrangler.toml, counted by workerd's own binding. What is
 * known of a caller counts before his address, and what is refused costs no store command.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type House, startHouse } from "../support/house.ts";
import { callMcp, json, meetStranger, type Stranger, type Tokens } from "../support/stranger.ts";

const settings = readFileSync("wrangler.toml", "utf8");
const limits = Object.fromEntries(
  [
    ...settings.matchAll(
      /^\[\[ratelimits\]\][^\n]*\nname = "(\w+)"\nnamespace_id = "\d+"\nsimple = \{ limit = (\d+), period = 60 \}/gm,
    ),
  ].map(([, name = "", limit]) => [name, Number(limit)]),
);

/** The same limits, the highest ones a tenth, so that they are met in a second. */
const lowered = Object.fromEntries(
  Object.entries(limits).map(([name, limit]) => [name, limit >= 600 ? limit / 10 : limit]),
);

let house: House;
let client: Stranger;
let address = 0;

beforeAll(async () => {
  house = await startHouse({ limits: lowered });
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());

/** An address that nobody has asked from. */
function anyAddress(): string {
  address += 1;
  return `198.51.100.${address}`;
}

/** The statuses of so many requests, in the order in which they were sent. */
async function statusesOf(times: number, send: () => Promise<Response>): Promise<number[]> {
  const statuses: number[] = [];
  for (let sent = 0; sent < times; sent += 20) {
    const batch = Array.from({ length: Math.min(20, times - sent) }, async () => {
      const response = await send();
      await response.arrayBuffer();
      return response.status;
    });
    statuses.push(...(await Promise.all(batch)));
  }
  return statuses;
}

/** The first answer that says it was too often. The minute may turn meanwhile, but not twice. */
async function firstRefusal(limit: number, send: () => Promise<Response>): Promise<Response> {
  let passed = 0;
  while (passed <= 2 * limit + 1) {
    const response = await send();
    if (response.status === 429) {
      expect(passed).toBeGreaterThanOrEqual(limit);
      return response;
    }
    await response.arrayBuffer();
    passed += 1;
  }
  throw new Error("nothing was refused");
}

it("are in wrangler.toml, as documented", () => {
  expect(limits).toEqual({
    LIMIT_REGISTER: 60,
    LIMIT_PAGES: 120,
    LIMIT_READY: 30,
    LIMIT_TOKEN: 600,
    LIMIT_GRANT: 30,
    LIMIT_MACHINES: 20,
    LIMIT_CALLS: 600,
    LIMIT_STRANGERS: 600,
  });
  expect(settings).toMatch(/^redact_query_string = true$/m);
});

describe("an address", () => {
  it.each([
    ["/register", 60, { method: "POST", body: "{}" }],
    ["/authorize", 120, {}],
    ["/auth/callback", 120, {}],
    ["/auth/backchannel-logout", 120, { method: "POST", body: "logout_token=x" }],
    ["/connections", 120, {}],
    ["/ready", 30, {}],
    ["/token", 60, { method: "POST", body: new URLSearchParams({ grant_type: "x" }) }],
    ["/mcp", 60, { method: "POST", body: "{}" }],
  ])("may ask %s %i times a minute", async (path, limit, init) => {
    const headers = { "cf-connecting-ip": anyAddress(), accept: "application/json" };
    const send = () => fetch(`${house.issuer}${path}`, { ...init, headers, redirect: "manual" });
    const response = await firstRefusal(limit, send);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(Number(response.headers.get("retry-after"))).toBeLessThanOrEqual(60);
    house.store.wire.take();
    expect((await send()).status).toBe(429);
    expect(house.store.wire.take()).toEqual([]);
    await expect
      .poll(() => house.log.at(-1))
      .toMatchObject({ status: 429, reason: "rate_limited", limit: expect.any(String) });
    const other = { "cf-connecting-ip": anyAddress() };
    const another = await fetch(`${house.issuer}${path}`, {
      ...init,
      headers: other,
      redirect: "manual",
    });
    expect(another.status).not.toBe(429);
  });

  it("may guess 60 tokens a minute, whatever grants they name", async () => {
    const headers = { "cf-connecting-ip": anyAddress() };
    let guesses = 0;
    const guess = () => {
      const grant = `person:grant-${(guesses += 1)}:secret`;
      const wrong =
        guesses % 2 === 0
          ? { grant_type: "authorization_code", code: grant, code_verifier: "v".repeat(43) }
          : { grant_type: "refresh_token", refresh_token: `${grant}.${"A".repeat(43)}` };
      return client.token(wrong, { headers });
    };
    await firstRefusal(60, guess);
  });

  it("is a /64 where it has six groups more", async () => {
    const ready = (ip: string) =>
      fetch(`${house.issuer}/ready`, { headers: { "cf-connecting-ip": ip } });
    await firstRefusal(30, () => ready(`2001:db8::${Math.ceil(Math.random() * 9999)}`));
    expect((await ready("2001:db8:0:1::1")).status).not.toBe(429);
  });
});

describe("a client that is known", () => {
  let tokens: Tokens;

  const call = (token: string, body: unknown, ip: string) =>
    fetch(client.resource, {
      method: "POST",
      headers: {
        "cf-connecting-ip": ip,
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
      },
      body: JSON.stringify(body),
    });
  const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };

  it("is counted by person and client, whatever address it calls from", async () => {
    tokens = await client.signIn("ada");
    const response = await firstRefusal(60, () => call(tokens.access_token, list, anyAddress()));
    expect(await response.json()).toMatchObject({ error: "temporarily_unavailable" });
    expect(response.headers.get("www-authenticate")).toBeNull();
    expect(response.headers.get("retry-after")).toMatch(/^\d+$/);
    const others = await client.signIn("rob");
    expect((await call(others.access_token, list, "198.51.100.200")).status).toBe(200);
  });

  it("has each call of a batch counted", async () => {
    const { access_token } = await (await meetStranger(client.resource)).signIn("rob");
    const batch = Array.from({ length: 20 }, (_, id) => ({ ...list, id }));
    await firstRefusal(3, () => call(access_token, batch, anyAddress()));
  });

  it("calls on where its neighbours at one address have used up theirs", async () => {
    const crowded = anyAddress();
    await firstRefusal(60, () => call("forged", list, crowded));
    const { access_token } = await (await meetStranger(client.resource)).signIn("eve");
    expect((await call(access_token, list, crowded)).status).toBe(200);
  });

  it("refreshes on where its host asks for thousands", async () => {
    const crowded = anyAddress();
    const send = (refreshToken: string) =>
      client.token(
        { grant_type: "refresh_token", refresh_token: refreshToken, resource: client.resource },
        { headers: { "cf-connecting-ip": crowded } },
      );
    const people = await Promise.all([1, 2, 3].map(() => client.signIn("ada")));
    // The answer to the same refresh again is the same: 25 of each, three grants, one address.
    for (const { refresh_token } of people) {
      const statuses = await statusesOf(25, () => send(refresh_token));
      expect(statuses.filter((status) => status === 429)).toEqual([]);
    }
    const first = people[0]?.refresh_token ?? "";
    expect(await statusesOf(62, () => send(first))).toContain(429);
  });

  it("cannot be locked out by somebody elsewhere who names its grant", async () => {
    const { refresh_token } = await client.signIn("ada");
    const forged = `${refresh_token.slice(0, -8)}AAAAAAAA`;
    const form = (token: string) => ({
      grant_type: "refresh_token",
      refresh_token: token,
      resource: client.resource,
    });
    const elsewhere = { headers: { "cf-connecting-ip": anyAddress() } };
    await firstRefusal(30, () => client.token(form(forged), elsewhere));
    const home = { headers: { "cf-connecting-ip": anyAddress() } };
    await json<Tokens>(await client.token(form(refresh_token), home), 200);
  });
});

describe("without a binding", () => {
  it("everything works, and one warning says so", async () => {
    const bare = await startHouse({ limits: {} });
    try {
      const stranger = await meetStranger(`${bare.issuer}/mcp`);
      const { access_token } = await stranger.signIn("rob");
      const { response } = await callMcp(`${bare.issuer}/mcp`, access_token, {
        method: "tools/list",
      });
      expect(response.status).toBe(200);
      const warnings = bare.log.filter(({ reason }) => reason === "rate_limits_missing");
      expect(warnings).toEqual([{ reason: "rate_limits_missing", bindings: Object.keys(limits) }]);
    } finally {
      await bare.stop();
    }
  });
});

it("Auth0 is asked about one machine's credentials 20 times a minute, and others are not held up", async () => {
  const ask = (client_id: string, client_secret: string) =>
    fetch(`${house.url}/token`, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "client_credentials", client_id, client_secret }),
      headers: { "CF-Connecting-IP": anyAddress() },
    });
  const before = house.tenant.control.count("token:client_credentials");
  let guesses = 0;
  const refused = await firstRefusal(20, () => ask("robot", `guess ${(guesses += 1)}`));
  expect(refused.status).toBe(429);
  const asked = house.tenant.control.count("token:client_credentials") - before;
  expect(asked).toBe(guesses - 1);
  expect((await ask("somebody-else", "x")).status).toBe(401);
});
