/**
 * What an operator can switch off without losing anything: the whole server, registration, a client, a
 * permission. By a variable, which takes a new version of the Worker; or while it runs, by
 * `npm run admin -- block`, heard by every isolate within a minute.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Order } from "../../dev/admin/arguments.ts";
import { createOperatorParts } from "../../dev/admin/parts.ts";
import { readSwitches, turn } from "../../dev/admin/switches.ts";
import { ROBOT } from "../../dev/tenant/machines.ts";
import { type House, startHouse, type TestWorker } from "../support/house.ts";
import { askForToken } from "../support/machine.ts";
import { clientAt, readRefusal, statusOfCall } from "../support/sessions.ts";
import { inPlainSight } from "../support/store.ts";
import {
  callMcp,
  json,
  meetStranger,
  openConsent,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";

let house: House;
let client: Stranger;
let tokens: Tokens;

beforeAll(async () => {
  house = await startHouse();
  client = await meetStranger(`${house.issuer}/mcp`);
  tokens = await client.signIn("ada");
});
afterAll(() => house.stop());

const LIST = { method: "tools/list" };
const list = (url: string) => callMcp(`${url}/mcp`, tokens.access_token, LIST);

it("DOWN_FOR_WORK answers 503 everywhere, asks clients to come again, and ends nothing", async () => {
  const worker = await house.startAnother({ DOWN_FOR_WORK: "true" });
  for (const path of ["/mcp", "/token", "/authorize", "/.well-known/oauth-authorization-server"]) {
    const response = await fetch(worker.url + path, { method: path === "/token" ? "POST" : "GET" });
    expect([path, response.status, response.headers.get("retry-after")]).toEqual([path, 503, "60"]);
  }
  const page = await fetch(`${worker.url}/`, { headers: { accept: "text/html" } });
  expect(page.status).toBe(503);
  expect((await fetch(`${worker.url}/health`)).status).toBe(200);
  expect((await list(house.issuer)).response.status).toBe(200);
});

it("BLOCKED_CLIENTS refuses a client's tokens, without sending it to sign in again", async () => {
  const worker = await house.startAnother({ BLOCKED_CLIENTS: `other, ${client.clientId}` });
  const { response } = await list(worker.url);
  expect(response.status).toBe(403);
  expect(await response.text().catch(() => "")).not.toContain("invalid_token");
  const at = clientAt(client, worker);
  const refreshed = await at.refresh(tokens.refresh_token);
  expect([refreshed.status, (await refreshed.json()).error]).toEqual([403, "access_denied"]);
  const page = await fetch(new URL(client.begin().url.href.replace(house.issuer, worker.url)), {
    redirect: "manual",
    headers: { accept: "text/html" },
  });
  expect([page.status, page.headers.get("location")]).toEqual([403, null]);
  expect(await page.text()).toContain("client_blocked");
  // Nothing was lost by it.
  const renewed = await json<Tokens>(await client.refresh(tokens.refresh_token), 200);
  const { response: called } = await callMcp(`${house.issuer}/mcp`, renewed.access_token, LIST);
  expect(called.status).toBe(200);
  const others = await house.startAnother({ BLOCKED_CLIENTS: "other" });
  expect((await list(others.url)).response.status).toBe(200);
});

it("BLOCKED_PERMISSIONS takes what needs them out of everybody's list", async () => {
  const worker = await house.startAnother({ BLOCKED_PERMISSIONS: "tool:explain_access" });
  const names = (await list(worker.url)).answer.result?.tools?.map(({ name }) => name);
  expect(names).toContain("get_user_info");
  expect(names).not.toContain("explain_access");
  // Neither on the direct way, nor as the SDK answers, is it called.
  for (const params of [
    { name: "explain_access", arguments: {} },
    { name: "explain_access", arguments: {}, _meta: { progressToken: 1 } },
  ]) {
    const call = { method: "tools/call", params };
    const { answer } = await callMcp(`${worker.url}/mcp`, tokens.access_token, call);
    expect(answer.result?.isError).toBe(true);
    const before = await callMcp(`${house.issuer}/mcp`, tokens.access_token, call);
    expect(before.answer.result?.isError).not.toBe(true);
  }
});

type What = Partial<Pick<Order, "client" | "permission" | "registration" | "all">>;

const NOTHING: Order = {
  command: "block",
  all: false,
  registration: false,
  yes: false,
  json: false,
};

/** As `npm run admin -- block` and `unblock` do it. */
const switchOff = (what: What, isOff = true) =>
  turn(createOperatorParts(house.variables), { ...NOTHING, ...what }, isOff);

/** After this time every isolate has heard. */
const HEARD_SECONDS = 61;

describe("npm run admin -- block", () => {
  let isolates: readonly TestWorker[];
  let passedSeconds = 0;

  beforeAll(async () => {
    isolates = [
      house,
      await house.startAnother(),
      await house.startAnother({ REVOCATION_CHECK_SECONDS: "0" }),
      await house.startAnother({ REVOCATION_CHECK_SECONDS: "3600" }),
      await house.startAnother({ AUTH0_DIRECT_CLIENTS: ROBOT.clientId }),
    ];
  });
  afterEach(async () => {
    await switchOff({ all: true, registration: true, client: client.clientId }, false);
    await switchOff({ permission: "tool:explain_access", client: ROBOT.clientId }, false);
    await minuteLater();
  });

  /** A minute in which nobody called. */
  const minuteLater = async () => {
    passedSeconds += HEARD_SECONDS;
    for (const isolate of isolates) await isolate.shiftClock(passedSeconds);
  };
  const statuses = (token: string) =>
    Promise.all(isolates.map((isolate) => statusOfCall(isolate, token)));
  const all = (status: number) => isolates.map(() => status);

  it("a client: its calls, its tokens and its sign-in everywhere, and all is well afterwards", async () => {
    let held = await client.signIn("ada");
    expect(await statuses(held.access_token)).toEqual(all(200));
    await switchOff({ client: client.clientId });
    await minuteLater();
    expect(await statuses(held.access_token)).toEqual(all(403));
    for (const isolate of isolates) {
      const refused = await clientAt(client, isolate).refresh(held.refresh_token);
      expect([refused.status, (await refused.json()).error]).toEqual([403, "access_denied"]);
      expect(isolate.log.at(-1)).toMatchObject({ reason: "client_blocked" });
      const page = await fetch(client.begin().url.href.replace(house.issuer, isolate.url));
      expect(page.status).toBe(403);
    }
    // Others go on, and it may say that it does not want its tokens any more.
    const other = await meetStranger(`${house.issuer}/mcp`);
    expect(await statuses((await other.signIn("rob")).access_token)).toEqual(all(200));
    const ready = await fetch(`${house.issuer}/ready`);
    expect(await ready.json()).toMatchObject({
      status: "ready",
      switchedOff: { clients: 1, permissions: 0, registration: false },
    });
    await switchOff({ client: client.clientId }, false);
    await minuteLater();
    held = await json<Tokens>(await client.refresh(held.refresh_token), 200);
    expect(await statuses(held.access_token)).toEqual(all(200));
  });

  it("a client, between its code and its tokens, and one that was never heard of it", async () => {
    const attempt = client.begin();
    const callback = await client.approve(attempt, "ada");
    await switchOff({ client: client.clientId });
    // An isolate that has not been asked anything yet hears of it with its first question.
    const fresh = await house.startAnother();
    const exchanged = await clientAt(client, fresh).exchange(attempt, callback);
    expect([exchanged.status, (await exchanged.json()).error]).toEqual([403, "access_denied"]);
    await switchOff({ client: client.clientId }, false);
    await minuteLater();
    expect((await client.exchange(attempt, callback)).status).toBe(200);
  });

  it("a machine, with a token of ours and with one of Auth0's", async () => {
    const machine = await json<Tokens>(await askForToken(house), 200);
    const form = {
      grant_type: "client_credentials",
      audience: house.variables["AUTH0_AUDIENCE"] ?? "",
    };
    const { clientId: client_id, clientSecret: client_secret } = ROBOT;
    const answered = await fetch(`${house.tenant.url}/oauth/token`, {
      method: "POST",
      body: new URLSearchParams({ ...form, client_id, client_secret }),
    });
    const { access_token: brought } = await json<Tokens>(answered, 200);
    const direct = isolates.at(-1) ?? house;
    expect(await statusOfCall(direct, brought)).toBe(200);
    await switchOff({ client: ROBOT.clientId });
    await minuteLater();
    expect(await statuses(machine.access_token)).toEqual(all(403));
    for (const isolate of isolates) expect((await askForToken(isolate)).status).toBe(403);
    expect(await statusOfCall(direct, brought)).toBe(403);
  });

  it("a permission: what needs it is in nobody's list, and the log says so", async () => {
    const { access_token } = await client.signIn("ada");
    await switchOff({ permission: "tool:explain_access" });
    await minuteLater();
    // An isolate that has never heard of anything, with a token of this moment.
    const { access_token: newest } = await client.signIn("ada");
    const fresh = await house.startAnother();
    await fresh.shiftClock(passedSeconds);
    const { answer: heard } = await callMcp(`${fresh.url}/mcp`, newest, LIST);
    expect(heard.result?.tools?.map(({ name }) => name)).not.toContain("explain_access");
    await fresh.stop();
    for (const isolate of isolates) {
      const { answer } = await callMcp(`${isolate.url}/mcp`, access_token, LIST);
      const names = answer.result?.tools?.map(({ name }) => name);
      expect(names).toContain("get_user_info");
      expect(names).not.toContain("explain_access");
      expect(isolate.log.at(-1)).toMatchObject({ blockedPermissions: "tool:explain_access" });
    }
  });

  it("registration: nobody new, and everybody else as before", async () => {
    const { access_token } = await client.signIn("ada");
    await switchOff({ registration: true });
    await minuteLater();
    for (const isolate of isolates) {
      const response = await fetch(`${isolate.url}/register`, {
        method: "POST",
        body: JSON.stringify({ redirect_uris: [client.redirectUri] }),
      });
      expect([response.status, (await response.json()).client_id]).toEqual([403, undefined]);
      expect(isolate.log.at(-1)).toMatchObject({ reason: "registration_off" });
    }
    expect(await statuses(access_token)).toEqual(all(200));
  });

  it("everything: 503 and Retry-After, nothing is consumed, and soon all goes on", async () => {
    const held = await client.signIn("ada");
    const consent = await openConsent(client.begin());
    await switchOff({ all: true });
    await minuteLater();
    expect(await statuses(held.access_token)).toEqual(all(503));
    // Whoever holds nothing that counts is not sent to sign in either.
    expect(await statuses("none")).toEqual(all(503));
    for (const isolate of isolates) {
      const stranger = await fetch(`${isolate.url}/mcp`, { method: "POST" });
      expect(stranger.headers.get("www-authenticate")).toBeNull();
      expect(await readRefusal(stranger)).toMatchObject({ status: 503, retryAfter: "60" });
      const refused = await clientAt(client, isolate).refresh(held.refresh_token);
      expect(await readRefusal(refused)).toMatchObject({ status: 503, retryAfter: "60" });
      expect(isolate.log.at(-1)).toMatchObject({ reason: "down_for_work" });
      expect((await fetch(`${isolate.url}/connections`)).status).toBe(503);
      expect((await fetch(`${isolate.url}/health`)).status).toBe(200);
    }
    expect((await consent.decide("allow")).status).toBe(503);
    const ready = await fetch(`${house.issuer}/ready`);
    expect([ready.status, (await ready.json()).checks]).toEqual([
      503,
      expect.objectContaining({ serving: "down_for_work" }),
    ]);
    await switchOff({ all: true }, false);
    passedSeconds += 11;
    for (const isolate of isolates) await isolate.shiftClock(passedSeconds);
    expect(await statuses(held.access_token)).toEqual(all(200));
    expect((await client.refresh(held.refresh_token)).status).toBe(200);
  });

  it("is a single sealed text, of which nothing but the newest counts", async () => {
    const readFeed = () => house.store.run("ZRANGE", "mcp:ended", "10000000000", "+inf", "BYSCORE");
    await switchOff({ client: "one" });
    const early = await readFeed();
    await Promise.all([switchOff({ client: "two" }), switchOff({ client: "three" })]);
    const parts = createOperatorParts(house.variables);
    const { clients } = await readSwitches(parts);
    expect([...clients].toSorted()).toEqual(["one", "three", "two"]);
    expect(await readFeed()).toHaveLength(1);
    expect(inPlainSight(await house.store.dump()).join()).not.toContain("three");
    // A late copy of the first is an older one; ends of grants are written beside, and it stays.
    await house.store.run("ZADD", "mcp:ended", "10000000001", String(early));
    expect((await client.revoke((await client.signIn("ada")).refresh_token)).status).toBe(200);
    expect((await readSwitches(parts)).clients).toHaveLength(3);
    for (const client of ["one", "two", "three"]) await switchOff({ client }, false);
    expect(await readSwitches(parts)).toMatchObject({ clients: [] });
  });
});
