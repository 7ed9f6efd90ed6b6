/**
 * What strangers can make us keep: every field of a registration and of an authorization request has
 * a limit, and whoever only looks, or fetches ahead, makes us keep nothing.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type House, startHouse } from "../support/house.ts";
import { storedKeys } from "../support/sessions.ts";
import { locationOf, meetStranger, openConsent, type Stranger } from "../support/stranger.ts";
import { visit } from "../support/tenant.ts";

let house: House;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse();
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterEach(() => house.store.faults.clear());
afterAll(() => house.stop());

/** What the store has more of, in characters, after this. */
async function growthBy(run: () => Promise<unknown>): Promise<number> {
  const size = async () => (await house.store.dump()).join("").length;
  const before = await size();
  await run();
  return (await size()) - before;
}

describe("a registration", () => {
  const long = "x".repeat(60_000);
  it.each([
    ["contacts", { contacts: [long] }],
    ["many contacts", { contacts: Array.from({ length: 6000 }, () => "a@b.test") }],
    ["software_id", { software_id: long }],
    ["software_version", { software_version: long }],
    ["application_type", { application_type: long }],
    ["scope", { scope: long }],
    ["client_uri", { client_uri: `https://client.example/${long}` }],
    ["tos_uri", { tos_uri: `https://client.example/${long}` }],
    ["grant_types", { grant_types: ["authorization_code", long] }],
    ["response_types", { response_types: ["code", long] }],
    [
      "everything as long as it may be",
      {
        redirect_uris: Array.from(
          { length: 20 },
          (_, index) => `https://client.example/${index}/${"x".repeat(1900)}`,
        ),
      },
    ],
    ["a member nobody knows", { unheard_of: long }],
    ["a name in another language", { "client_name#de": long }],
    ["an address in another language", { "client_uri#de": `https://client.example/${long}` }],
    ["a key set nobody asked for", { jwks: { keys: [{ kty: "RSA", n: long }] } }],
  ])("never makes us keep much: %s", async (_case, metadata) => {
    const growth = await growthBy(() =>
      fetch(client.metadata.registration_endpoint, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ redirect_uris: [client.redirectUri], ...metadata }),
      }),
    );
    expect(growth).toBeLessThan(24_000);
  });
});

describe("a form of ten thousand parameters", () => {
  const pad = Array.from({ length: 10_000 }, (_, index) => `${index.toString(36)}=1`).join("&");
  const send = (body: string) => async (): Promise<number> => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const startedAtMs = performance.now();
    const response = await fetch(client.metadata.token_endpoint, { method: "POST", headers, body });
    expect(await response.json()).toMatchObject({ error: "invalid_grant" });
    return performance.now() - startedAtMs;
  };
  const quickest = async (run: () => Promise<number>): Promise<number> => {
    const times = [];
    for (let tries = 0; tries < 5; tries++) times.push(await run());
    return Math.min(...times);
  };

  it("is read once, and costs no more than its size", async () => {
    const form = `grant_type=refresh_token&refresh_token=x&client_id=${client.clientId}`;
    const plain = await quickest(send(`${form}&pad=${"x".repeat(pad.length)}`));
    expect(await quickest(send(`${form}&${pad}`))).toBeLessThan(plain * 60);
  });

  it("may name what nobody knows twice", async () => {
    const { refresh_token } = await client.signIn("ada");
    const form = { grant_type: "refresh_token", refresh_token, client_id: client.clientId };
    const body = new URLSearchParams([...Object.entries(form), ["a", "1"], ["a", "2"]]);
    const response = await fetch(client.metadata.token_endpoint, { method: "POST", body });
    expect(response.status).toBe(200);
  });
});

describe("an authorization request", () => {
  it("with a state of four thousand characters is answered with it", async () => {
    const state = "s".repeat(4096);
    const { response } = await openConsent(client.begin({ state }));
    expect(response.status).toBe(200);
  });

  it("with a longer one goes back to its client, and is not kept", async () => {
    const before = await storedKeys(house);
    const attempt = client.begin({ state: "s".repeat(4097) });
    const location = locationOf(await visit(attempt.url, new Map()));
    expect(location.searchParams.get("error")).toBe("invalid_request");
    expect(location.searchParams.get("error_description")).toContain("state is longer than 4096");
    expect(await storedKeys(house)).toEqual(before);
  });

  it.each([
    [{ login_hint: "x".repeat(257) }, { prompt: "login", max_age: "600" }],
    [{ prompt: "x".repeat(65) }, { login_hint: "ada@acme.test", max_age: "600" }],
    [{ max_age: "soon" }, { prompt: "login", login_hint: "ada@acme.test" }],
    [{ max_age: "1234567890" }, { prompt: "login" }],
  ])("with one bad hint keeps the good ones: %j", async (bad, good: Record<string, string>) => {
    const consent = await openConsent(client.begin({ ...bad, ...good }));
    const there = locationOf(await consent.decide("allow"));
    for (const [name, value] of Object.entries(good))
      expect(there.searchParams.get(name)).toBe(value);
    for (const name of Object.keys(bad)) expect(there.searchParams.has(name)).toBe(false);
  });
});

describe("a page that begins a sign-in", () => {
  const pages = ["/authorize", "/connections/sign-in"] as const;
  const addressOf = (path: string) =>
    path === "/authorize" ? client.begin().url : new URL(path, house.issuer);

  it.each(pages)("answers HEAD at %s, and keeps nothing", async (path) => {
    const before = await storedKeys(house);
    house.store.wire.take();
    const response = await fetch(addressOf(path), { method: "HEAD", redirect: "manual" });
    expect(response.status).toBe(200);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(house.store.wire.take()).toEqual([]);
    expect(await storedKeys(house)).toEqual(before);
  });

  it.each(
    pages.flatMap((path) => [
      [path, { "sec-purpose": "prefetch" }] as const,
      [path, { "sec-purpose": "prefetch;prerender" }] as const,
      [path, { purpose: "prefetch" }] as const,
      [path, { "x-moz": "prefetch" }] as const,
    ]),
  )("is not fetched ahead: %s %j", async (path, headers) => {
    const before = await storedKeys(house);
    const response = await fetch(addressOf(path), { headers, redirect: "manual" });
    expect(response.status).toBe(403);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await storedKeys(house)).toEqual(before);
  });

  it("uses no state up when a browser asks ahead for the way back", async () => {
    const attempt = client.begin();
    const jar = new Map();
    const consent = await openConsent(attempt, jar);
    const there = locationOf(await consent.decide("allow"));
    const state = there.searchParams.get("state") ?? "";
    const back = new URL(`/auth/callback?state=${state}&error=access_denied`, house.issuer);
    expect((await fetch(back, { method: "HEAD" })).status).toBe(200);
    expect((await fetch(back, { headers: { "sec-purpose": "prefetch" } })).status).toBe(403);
    expect((await visit(back, jar)).status).toBe(302);
  });
});

it("/ready asks the store once, however many ask at once", async () => {
  house.store.wire.take();
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => fetch(`${house.issuer}/ready`)),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(house.store.wire.take()).toHaveLength(1);
  await house.shiftClock(11);
  house.store.faults.always("full");
  const response = await fetch(`${house.issuer}/ready`);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ checks: { store: "store_full" } });
  await expect
    .poll(() => house.log.at(-1))
    .toMatchObject({ route: "/ready", reason: "store_full" });
  await house.shiftClock(0);
});
