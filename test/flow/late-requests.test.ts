/**
 * One store request comes late, or twice, and nothing else is wrong: over a real Redis, at every
 * leg of a session's life. What nobody ended lives, what ended stays so, what works once works
 * once.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { pass } from "../support/clock.ts";
import { type House, startHouse, type TestWorker } from "../support/house.ts";
import {
  accept,
  ALIVE,
  beginLife,
  CHANGE,
  DEAD,
  END,
  ENDS,
  findAlive,
  findConnection,
  findDead,
  isolatesOf,
  type Leg,
  LEG,
  LEGS,
  type Life,
  play,
  playAgain,
  playLegs,
} from "../support/lives.ts";
import { clientAt, permissionsIn, RENEWAL_DUE_SECONDS, statusOfCall } from "../support/sessions.ts";
import { availableEngines } from "../support/store.ts";
import type { FaultKind, FaultOptions } from "../support/store-faults.ts";

let house: House;
let other: TestWorker;

beforeAll(async () => {
  house = await startHouse({ engine: availableEngines().at(-1) ?? "memory" });
  other = await house.startAnother();
  // Each isolate asks for the name key once in its life; here, before anything is late.
  const life = await beginLife(house, other);
  await playLegs(life);
  await findAlive(life);
});
afterEach(() => house.store.faults.clear());
afterAll(() => house.stop());

/** One store request of one leg, and what becomes of it. */
interface Place {
  readonly leg: string;
  readonly skip: number;
  readonly kind: FaultKind;
}

function placesOf(legs: readonly Leg[], kinds: readonly FaultKind[]): Place[] {
  const requests = legs.flatMap(({ name, requests: most }) =>
    Array.from({ length: most }, (_, skip) => ({ leg: name, skip })),
  );
  return requests.flatMap((request) => kinds.map((kind) => ({ ...request, kind })));
}

/** Plays all legs, of which one meets the fault; `after` is asked after each leg that follows it. */
async function liveThrough({ leg: name, skip, kind }: Place, after = async () => {}) {
  const { faults } = house.store;
  const life = await beginLife(house, other);
  const statuses = [];
  let isLater = false;
  for (const leg of LEGS) {
    if (leg.name === name) faults.next(kind, { skip });
    statuses.push((await play(life, leg)).status);
    faults.stop();
    if (isLater) await after();
    isLater ||= leg.name === name;
  }
  expect(statuses).toEqual(LEGS.map(({ status }) => status));
  return life;
}

const ONCE = LEGS.filter(({ again }) => again !== undefined);

/** What is answered when everything is sent again that works once. */
async function findSpent(life: Life): Promise<number[]> {
  const statuses = [];
  for (const leg of ONCE) statuses.push((await playAgain(life, leg)).status);
  return statuses;
}

/** The person signs in at our own pages. */
async function signInHere(life: Life): Promise<void> {
  await play(life, LEG.ownSignIn);
  await play(life, LEG.ownReturn);
}

const SPENT = ONCE.map(({ again }) => again);

describe("a session that nobody ended lives", () => {
  it.for(placesOf(LEGS, ["stray", "echo", "twice"]))(
    "$leg: its store request $skip is $kind, and arrives after the next leg",
    async (place) => {
      const { faults } = house.store;
      const life = await liveThrough(place, async () => void (await faults.deliver()));
      await faults.deliver();
      expect(await findAlive(life)).toEqual(ALIVE);
      expect(await findConnection(life)).toBeDefined();
      expect(await findSpent(life)).toEqual(SPENT);
    },
  );
});

describe("a session that was ended stays so", () => {
  // The ends take turns, so that each of them meets most of the late requests.
  const cases = placesOf(LEGS, ["stray", "echo", "stray"]).map((place, index) => {
    const end = ENDS[(index + Math.floor(index / ENDS.length)) % ENDS.length] ?? END.cut;
    return { ...place, end, how: end.name };
  });
  it.for(cases)(
    "$how, when request $skip of $leg, $kind, arrives afterwards",
    async ({ end, ...place }) => {
      const life = await liveThrough(place);
      expect((await play(life, end)).status).toBe(end.status);
      await house.store.faults.deliver();
      expect(await findDead(life)).toEqual(DEAD);
      expect(await findConnection(life)).toBeUndefined();
      expect(await findSpent(life)).toEqual(SPENT);
    },
  );

  const ends = ENDS.flatMap((end) =>
    placesOf([end], ["stray", "echo", "twice"]).map((place) => ({ ...place, end })),
  );
  it.for(ends)(
    "$leg, although request $skip of that is $kind, and nobody else does",
    async ({ skip, kind, end }) => {
      const life = await beginLife(house, other);
      await playLegs(life);
      house.store.faults.next(kind, { skip });
      expect((await play(life, end)).status).toBe(end.status);
      house.store.faults.stop();
      const bystander = await beginLife(house, other);
      await playLegs(bystander);
      await house.store.faults.deliver();
      expect(await findDead(life)).toEqual(DEAD);
      expect(await findAlive(bystander)).toEqual(ALIVE);
    },
  );
});

describe("what works once stays used when its repetition", () => {
  const kinds = ["429", "lost", "refuse", "stray"] as const satisfies FaultKind[];
  const cases = ONCE.filter(({ name }) => name !== LEG.exchange.name).flatMap((leg) =>
    kinds.map((kind) => ({ leg, kind })),
  );
  it.for(cases)("of $leg.name is met by $kind at the store", async ({ leg, kind }) => {
    const { faults } = house.store;
    const life = await beginLife(house, other);
    await playLegs(life, LEGS[LEGS.indexOf(leg) + 1]);
    life.at = other;
    faults.next(kind, { times: 2 });
    house.store.wire.take();
    await playAgain(life, leg);
    expect(house.store.wire.take().filter(({ fault }) => fault === kind)).not.toEqual([]);
    faults.stop();
    await faults.deliver();
    // What was claimed in vain is given back after the answer; nobody gives back another's.
    const statuses = [];
    for (let times = 0; times < 3; times++) statuses.push((await playAgain(life, leg)).status);
    expect(statuses).toEqual([leg.again, leg.again, leg.again]);
  });
});

/** The leg, the store request of it that is late, and what is seen once it has arrived. */
interface Observation {
  readonly name: string;
  readonly leg: Leg;
  readonly late: FaultOptions;
  /** Between the time-out and the arrival. */
  readonly meanwhile: readonly Leg[];
  readonly afterwards: (life: Life) => Promise<unknown>;
  readonly expected: unknown;
}

const OBSERVED: readonly Observation[] = [
  {
    name: "a grant, exchanged meanwhile: the session lives",
    leg: LEG.callback,
    late: { skip: 2 },
    meanwhile: [LEG.exchange],
    afterwards: findAlive,
    expected: ALIVE,
  },
  {
    name: "a rotation, rotated again meanwhile: the session lives",
    leg: LEG.refresh,
    late: { skip: 1 },
    meanwhile: [LEG.refresh],
    afterwards: findAlive,
    expected: ALIVE,
  },
  {
    name: "a renewal, rotated again meanwhile: the session lives",
    leg: LEG.renewal,
    late: { skip: 1 },
    meanwhile: [LEG.refresh],
    afterwards: findAlive,
    expected: ALIVE,
  },
  {
    name: "a grant, exchanged and revoked meanwhile: it stays revoked",
    leg: LEG.callback,
    late: { skip: 2 },
    meanwhile: [LEG.exchange, END.accessToken],
    afterwards: findDead,
    expected: DEAD,
  },
  {
    name: "a grant, exchanged meanwhile: the code stays used, and a second use ends the session",
    leg: LEG.callback,
    late: { skip: 2 },
    meanwhile: [LEG.exchange],
    async afterwards(life) {
      const { status } = await playAgain(life, LEG.exchange);
      return { status, call: await statusOfCall(house, life.tokens.access_token) };
    },
    expected: { status: 400, call: 401 },
  },
  {
    name: "a question to the person, answered meanwhile: it stays answered",
    leg: LEG.ask,
    late: { skip: 1 },
    meanwhile: [LEG.consent],
    afterwards: async (life) => (await playAgain(life, LEG.consent)).status,
    expected: 400,
  },
  {
    name: "a hold, let go meanwhile: nobody waits for it",
    leg: LEG.refresh,
    late: { skip: 0 },
    meanwhile: [],
    afterwards: findAlive,
    expected: ALIVE,
  },
];

describe("a store request that the Worker has given up arrives", () => {
  it.for(OBSERVED)("$name", async ({ leg, late, meanwhile, afterwards, expected }) => {
    const { faults } = house.store;
    const life = await beginLife(house, other);
    await playLegs(life, leg);
    faults.next("late", late);
    expect((await play(life, leg)).status).toBe(leg.status);
    faults.stop();
    for (const next of meanwhile) expect((await play(life, next)).status).toBe(next.status);
    expect(await faults.deliver()).toBe(1);
    expect(await afterwards(life)).toEqual(expected);
  });
});

/** The leg whose store request waits until other legs were played elsewhere, and what comes of it. */
interface Overtaking {
  readonly name: string;
  readonly leg: Leg;
  /** Its commit, if not said otherwise. */
  readonly held?: FaultOptions;
  /** What Auth0 answers meanwhile, if not the truth. */
  readonly shape?: Parameters<House["tenant"]["control"]["shape"]>[0];
  readonly meanwhile: readonly Leg[];
  readonly status: number;
  /** How often Auth0 renews tokens and how often it is told that one is not wanted. */
  readonly asked?: { readonly renewals: number; readonly revocations: number };
  readonly afterwards: (life: Life) => Promise<unknown>;
  readonly expected: unknown;
}

const OVERTAKEN: readonly Overtaking[] = [
  {
    name: "an exchange, when the code is exchanged: a replay",
    leg: LEG.exchange,
    meanwhile: [LEG.exchange],
    status: 400,
    afterwards: findDead,
    expected: DEAD,
  },
  {
    name: "an exchange, when the person is logged out: refused",
    leg: LEG.exchange,
    meanwhile: [END.logout],
    status: 400,
    afterwards: async (life) => (await playAgain(life, LEG.exchange)).status,
    expected: 400,
  },
  {
    name: "a refresh, when another was first: the same answer",
    leg: LEG.refresh,
    meanwhile: [LEG.refresh],
    status: 200,
    afterwards: async (life) => ({
      answers: new Set(life.accessTokens.slice(-2)).size,
      ...(await findAlive(life)),
    }),
    expected: { answers: 1, ...ALIVE },
  },
  {
    name: "a refresh, when the session is ended: refused",
    leg: LEG.refresh,
    meanwhile: [END.accessToken],
    status: 400,
    afterwards: findDead,
    expected: DEAD,
  },
  {
    name: "a renewal, when the person changes the session: Auth0 is not asked again",
    leg: LEG.renewal,
    meanwhile: [CHANGE.idle],
    status: 200,
    asked: { renewals: 1, revocations: 0 },
    afterwards: findAlive,
    expected: ALIVE,
  },
  {
    name: "a renewal, when the session is ended: Auth0's newer token ends too",
    leg: LEG.renewal,
    meanwhile: [END.accessToken],
    status: 400,
    asked: { renewals: 1, revocations: 2 },
    afterwards: findDead,
    expected: DEAD,
  },
  {
    name: "a renewal that is of no use, when the session is ended: Auth0's newer token ends too",
    leg: LEG.renewal,
    shape: { permissions: "absent" },
    meanwhile: [END.accessToken],
    status: 503,
    asked: { renewals: 1, revocations: 2 },
    afterwards: findDead,
    expected: DEAD,
  },
  {
    name: "permissions taken away, when the client refreshes: they are gone from the next token",
    leg: CHANGE.narrow,
    meanwhile: [LEG.refresh],
    status: 303,
    async afterwards(life) {
      await play(life, LEG.refresh);
      return (await permissionsIn(life.tokens.access_token)).granted;
    },
    expected: [],
  },
  {
    name: "permissions taken away, when the session is ended before it is written: it is not found",
    leg: CHANGE.narrow,
    meanwhile: [END.accessToken],
    status: 404,
    afterwards: findDead,
    expected: DEAD,
  },
  {
    name: "permissions taken away, when the session is ended before it is read: it is not found",
    leg: CHANGE.narrow,
    held: { skip: 1 },
    meanwhile: [END.accessToken],
    status: 404,
    afterwards: findDead,
    expected: DEAD,
  },
];

describe("what another isolate overtakes", () => {
  it.for(OVERTAKEN)("$name", async ({ leg, held = { match: "HSETNX" }, ...row }) => {
    const { faults, wire } = house.store;
    const { control } = house.tenant;
    const life = await beginLife(house, other);
    await playLegs(life, LEGS.includes(leg) ? leg : undefined);
    const send = await leg.prepare(life);
    life.sent.set(leg.name, send);
    if (row.meanwhile.includes(CHANGE.idle)) await signInHere(life);
    const count = () => ({
      renewals: control.count("token:refresh_token"),
      revocations: control.count("revoke"),
    });
    const before = count();
    control.shape(row.shape ?? {});
    wire.take();
    faults.next("held", held);
    const answering = send();
    await expect.poll(() => wire.take().some(({ fault }) => fault === "held")).toBe(true);
    life.at = other;
    for (const next of row.meanwhile) expect((await play(life, next)).status).toBe(next.status);
    life.at = house;
    expect(await faults.deliver()).toBeGreaterThan(0);
    expect((await accept(life, leg, await answering)).status).toBe(row.status);
    control.shape({});
    const asked = () => ({
      renewals: count().renewals - before.renewals,
      revocations: count().revocations - before.revocations,
    });
    if (row.asked !== undefined) await expect.poll(asked).toEqual(row.asked);
    expect(await row.afterwards(life)).toEqual(row.expected);
  });
});

describe("a store that did not run the commit after Auth0 has rotated its token", () => {
  it.for<FaultKind>(["429", "quota", "unauthorized", "500", "refuse", "lost", "element-error"])(
    "%s: the session lives, at whichever isolate the client asks next",
    async (kind) => {
      const life = await beginLife(house, other);
      await playLegs(life, LEG.renewal);
      await pass(RENEWAL_DUE_SECONDS, isolatesOf(life));
      const { refresh_token } = life.tokens;
      house.store.faults.next(kind, { skip: 1 });
      const first = await life.client.refresh(refresh_token);
      house.store.faults.stop();
      expect(first.status).toBeOneOf([200, 503]);
      const second = await clientAt(life.client, other).refresh(refresh_token);
      expect(second.status).toBe(200);
      life.tokens = await second.json();
      expect(await findAlive(life)).toEqual(ALIVE);
    },
  );
});

describe("a request that works once, whose taking was not answered", () => {
  const cases = ONCE.flatMap((leg) =>
    (["lost", "truncated", "stray"] as const).flatMap((kind) =>
      [1, 2].map((times) => ({ leg, name: leg.name, kind, times })),
    ),
  );
  it.for(cases)("$name, $kind $times times: works, perhaps at the second try", async (row) => {
    const { leg, kind, times } = row;
    const life = await beginLife(house, other);
    await playLegs(life, leg);
    house.store.faults.next(kind, { times });
    const first = await play(life, leg);
    house.store.faults.stop();
    const answer = first.status === 503 ? await playAgain(life, leg) : first;
    expect(answer.status).toBe(leg.status);
    await house.store.faults.deliver();
    expect((await playAgain(life, leg)).status).toBe(leg.again);
  });
});

describe("an isolate that has just begun asks for the name key once", () => {
  it.for([LEG.refresh, END.accessToken, END.refreshToken])("$name", async (leg) => {
    const life = await beginLife(house, other);
    await playLegs(life, LEG.refresh);
    const cold = await house.startAnother();
    await pass(0, [cold]);
    life.at = cold;
    house.store.wire.take();
    expect((await play(life, leg)).status).toBe(leg.status);
    expect(house.store.wire.take()).toHaveLength(leg.requests + 1);
    await cold.stop();
  });
});
