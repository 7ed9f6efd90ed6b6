/**
 * An exchange of a code that ends in 503, although its commit ran or may still run: the client was
 * told nothing, and tries again with the same code. It gets its tokens, once; whoever comes with
 * another verifier, or after the tokens went out, ends the session.
 */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { pass } from "../support/clock.ts";
import { type House, startHouse, type TestWorker } from "../support/house.ts";
import {
  ALIVE,
  accept,
  beginLife,
  DEAD,
  findAlive,
  findDead,
  isolatesOf,
  LEG,
  type Life,
  play,
  playAgain,
  playLegs,
} from "../support/lives.ts";
import { createDocumentClient, type DocumentClient } from "../support/document-client.ts";
import { clientAt, readRefusal, statusOfCall } from "../support/sessions.ts";
import { createStranger, json, meetStranger, type Tokens } from "../support/stranger.ts";
import { availableEngines } from "../support/store.ts";
import type { FaultKind } from "../support/store-faults.ts";

let house: House;
let other: TestWorker;

beforeAll(async () => {
  house = await startHouse({ engine: availableEngines().at(-1) ?? "memory" });
  other = await house.startAnother();
  const life = await beginLife(house, other);
  await playLegs(life);
  await findAlive(life);
});
afterEach(() => house.store.faults.clear());
afterAll(() => house.stop());

/**
 * A session up to its code, of which the exchange was answered with 503: its commit met this fault as
 * often as it was sent, and so may what is written afterwards.
 */
async function exchangeInVain(kind: FaultKind, afterwards?: FaultKind): Promise<Life> {
  const life = await beginLife(house, other);
  await pass(0, isolatesOf(life));
  await playLegs(life, LEG.exchange);
  house.store.faults.next(kind, { match: "HSETNX", times: 2 });
  if (afterwards !== undefined) house.store.faults.next(afterwards, { match: "SET", times: 2 });
  const answer = await play(life, LEG.exchange);
  house.store.faults.stop();
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  return life;
}

/** The same code with the same verifier at this isolate. */
async function exchangeAgain(life: Life, at: TestWorker, verifier = life.attempt.verifier) {
  const answer = await clientAt(life.client, at).exchange(
    { ...life.attempt, verifier },
    life.callback,
  );
  return accept(life, LEG.exchange, answer);
}

const REPLAYED = { status: 400, error: "invalid_grant", caching: "no-store", retryAfter: null };

const HERE = "the same isolate";
const KINDS = ["lost", "truncated", "stray", "refuse", "500"] as const satisfies FaultKind[];

const CASES = [
  ...KINDS.map((kind) => ({ kind, where: HERE, afterwards: undefined })),
  ...KINDS.map((kind) => ({ kind, where: "another one", afterwards: undefined })),
  ...KINDS.map((kind) => ({ kind, where: "another one", afterwards: kind })),
  // What the store could not be told, this isolate knows.
  ...KINDS.map((afterwards) => ({ kind: "lost" as const, where: HERE, afterwards })),
];

describe("an exchange whose commit was not answered", () => {
  it.for(CASES)("$kind, then $afterwards: works at $where", async (row) => {
    const life = await exchangeInVain(row.kind, row.afterwards);
    const at = row.where === HERE ? house : other;
    expect((await exchangeAgain(life, at)).status).toBe(200);
    await house.store.faults.deliver();
    expect(await findAlive(life)).toEqual(ALIVE);
    expect((await playAgain(life, LEG.exchange)).status).toBe(400);
    expect(await findDead(life)).toEqual(DEAD);
  });

  it("works when the commit timed out, and comes after the second try", async () => {
    const life = await exchangeInVain("late");
    expect((await exchangeAgain(life, other)).status).toBe(200);
    expect(await house.store.faults.deliver()).toBe(2);
    expect(await findAlive(life)).toEqual(ALIVE);
  });

  it("works when the commit timed out, and comes before the second try", async () => {
    const life = await exchangeInVain("late");
    expect(await house.store.faults.deliver()).toBe(2);
    expect((await exchangeAgain(life, other)).status).toBe(200);
    expect(await findAlive(life)).toEqual(ALIVE);
  });

  it("is answered again once: of two tries at the same moment one succeeds", async () => {
    const life = await exchangeInVain("lost");
    const answers = await Promise.all([exchangeAgain(life, house), exchangeAgain(life, other)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400]);
    expect(await findDead(life)).toEqual(DEAD);
  });

  it.for([
    {
      name: "with another verifier",
      again: (life: Life) => exchangeAgain(life, house, "A".repeat(43)),
    },
    {
      name: "after the code's ten minutes",
      async again(life: Life) {
        await pass(601, isolatesOf(life));
        return exchangeAgain(life, house);
      },
    },
  ])("is a replay $name, and ends the session", async ({ again }) => {
    const life = await exchangeInVain("lost");
    expect(await readRefusal(await again(life))).toEqual(REPLAYED);
    expect((await exchangeAgain(life, house)).status).toBe(400);
    await pass(0, isolatesOf(life));
    expect((await exchangeAgain(life, house)).status).toBe(400);
  });

  it("is nothing to another client, and works for its own", async () => {
    const life = await exchangeInVain("lost");
    const stranger = (await beginLife(house, other)).client;
    const stolen = await stranger.exchange(life.attempt, life.callback);
    expect(await readRefusal(stolen)).toEqual(REPLAYED);
    expect((await exchangeAgain(life, other)).status).toBe(200);
    expect(await findAlive(life)).toEqual(ALIVE);
  });
});

describe("an exchange whose client was told to come again while it committed", () => {
  const website = { holdsMs: 0 };
  let slow: House;
  let document: DocumentClient;

  beforeAll(async () => {
    document = await createDocumentClient("https://slow.example.test/client.json", "none");
    slow = await startHouse({
      elsewhere: async (request) => {
        await delay(website.holdsMs);
        return document.answer(request);
      },
    });
  });
  afterAll(() => slow.stop());

  it("is answered at the next try", async () => {
    const fresh = await slow.startAnother();
    await pass(0, [slow, fresh]);
    const known = await meetStranger(`${slow.issuer}/mcp`);
    const client = createStranger({ ...known, clientId: document.clientId });
    const attempt = client.begin();
    const callback = await client.approve(attempt, "ada");
    const { faults, wire } = slow.store;
    const cold = clientAt(client, fresh);
    // Eight seconds are over while the commit waits for the store the second time.
    website.holdsMs = 4800;
    faults.next("late", { match: "HVALS" });
    faults.next("late", { match: "HSETNX", times: 2 });
    wire.take();
    expect((await cold.exchange(attempt, callback)).status).toBe(503);
    faults.stop();
    expect(await faults.deliver()).toBeGreaterThan(1);
    await expect
      .poll(() => wire.take().some(({ commands }) => commands.includes("SET")))
      .toBe(true);
    website.holdsMs = 0;
    const tokens = await json<Tokens>(await client.exchange(attempt, callback), 200);
    expect(await statusOfCall(slow, tokens.access_token)).toBe(200);
    expect((await client.exchange(attempt, callback)).status).toBe(400);
  });
});
