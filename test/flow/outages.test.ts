/**
 * A store that fails, in every way it can, at every request we make of it: the answer says "try
 * again" and never "sign in again", nothing is half done, and trying again works.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startHouse } from "../support/house.ts";
import { describeAnswer, type Route, ROUTES, type Stage } from "../support/outage-routes.ts";
import { statusOfCall } from "../support/sessions.ts";
import { json, meetStranger, type Tokens } from "../support/stranger.ts";
import type { FaultKind } from "../support/store-faults.ts";

let stage: Stage;

beforeAll(async () => {
  const house = await startHouse();
  const strict = await house.startAnother({ REVOCATION_CHECK_SECONDS: "0" });
  stage = { house, strict, client: await meetStranger(`${house.issuer}/mcp`) };
  // Each isolate asks for the name key once in its life; here, before anything fails.
  const { access_token } = await stage.client.signIn("ada");
  for (const worker of [house, strict]) await statusOfCall(worker, access_token);
});
afterAll(() => stage.house.stop());
beforeEach(() => stage.house.shiftClock(0));
afterEach(() => stage.house.store.faults.clear());

/**
 * `ran`: the commands of a failed request have run all the same; `left`: perhaps not all of them.
 */
const KINDS: readonly { readonly kind: FaultKind; readonly ran?: true; readonly left?: true }[] = [
  { kind: "refuse" },
  { kind: "hang" },
  { kind: "slow", ran: true },
  { kind: "lost", ran: true },
  { kind: "truncated", ran: true },
  { kind: "element-error", left: true },
  { kind: "429" },
  { kind: "500" },
  { kind: "unauthorized" },
  { kind: "quota" },
  { kind: "full" },
  { kind: "read-only" },
  { kind: "garbage" },
  { kind: "wrong-shape" },
  { kind: "error-200" },
];

/** Two tries of 1.5 seconds each, and what a loaded machine adds. */
const BUDGET_MS = 4500;

/** The answer when nothing fails. */
function goodAnswer({ answers }: Route): string | undefined {
  return answers.at(-1);
}

async function snapshot(): Promise<string[]> {
  return (await stage.house.store.dump()).toSorted();
}

describe.for(KINDS)("every store request meets: $kind", ({ kind, ran = false, left = ran }) => {
  it("each route says so in its own way, in time, and works afterwards", async () => {
    const { faults } = stage.house.store;
    const sends: (() => Promise<Response>)[] = [];
    for (const route of ROUTES) sends.push(await route.prepare(stage));
    const before = await snapshot();
    faults.always(kind, { milliseconds: 2000 });
    const startedAtMs = performance.now();
    const answers = await Promise.all(sends.map(async (send) => describeAnswer(await send())));
    const elapsedMs = performance.now() - startedAtMs;
    faults.clear();
    expect(answers).toEqual(ROUTES.map((route) => route.answers[0]));
    expect(elapsedMs).toBeLessThan(BUDGET_MS);
    if (!left) expect(await snapshot()).toEqual(before);
    const again = await Promise.all(sends.map(async (send) => describeAnswer(await send())));
    // What was not said to have happened can be tried again; what was told to the client has been.
    expect(again).toEqual(ROUTES.map((route) => goodAnswer(route)));
  });
});

/** Once they have told the client of a failure, the browser's part of it is over. */
const TOLD = new Set(["POST /authorize", "the return from Auth0"]);

describe.for(ROUTES)("$name", (route) => {
  const places = route.answers.slice(0, -1).map((answer, skip) => ({ answer, skip }));

  it.for(places)("fails as it must when store request $skip fails: $answer", async (place) => {
    const { faults } = stage.house.store;
    const send = await route.prepare(stage);
    faults.always("refuse", { skip: place.skip });
    expect(await describeAnswer(await send())).toBe(place.answer);
    faults.clear();
    const isTold = place.answer === "an error for the client" && TOLD.has(route.name);
    expect(await describeAnswer(await send())).toBe(isTold ? "400" : goodAnswer(route));
  });

  it.for(places)("is answered all the same when the reply to $skip is lost once", async (place) => {
    const { faults } = stage.house.store;
    const send = await route.prepare(stage);
    faults.next("lost", { skip: place.skip });
    expect(await describeAnswer(await send())).toBe(goodAnswer(route));
  });
});

describe("one command of a transaction fails while the others run", () => {
  const elements = [0, 1, 2, 3, 4, 5, 6];

  it.for(elements)(
    "a refresh repeats all of them, and the session lives on: %i",
    async (element) => {
      const { client, house } = stage;
      const { refresh_token } = await client.signIn("ada");
      house.store.faults.next("element-error", { skip: 1, element });
      const tokens = await json<Tokens>(await client.refresh(refresh_token), 200);
      expect(await statusOfCall(house, tokens.access_token)).toBe(200);
      const newer = await json<Tokens>(await client.refresh(tokens.refresh_token), 200);
      expect(await statusOfCall(house, newer.access_token)).toBe(200);
    },
  );
});

it("a store that gave no answer is left alone for a moment by whoever can do without", async () => {
  const { client, house } = stage;
  const { access_token } = await client.signIn("ada");
  await house.shiftClock(400);
  house.store.faults.always("refuse");
  house.store.wire.take();
  expect(await statusOfCall(house, access_token)).toBe(200);
  expect(house.store.wire.take()).not.toHaveLength(0);
  expect(await statusOfCall(house, access_token)).toBe(200);
  expect(house.store.wire.take()).toHaveLength(0);
  await house.shiftClock(410);
  house.store.faults.clear();
  expect(await statusOfCall(house, access_token)).toBe(200);
  expect(house.store.wire.take()).toHaveLength(1);
});

describe("a store that stays away", () => {
  it("lets a session be served for ten minutes after it was last seen alive", async () => {
    const { client, house } = stage;
    const { access_token } = await client.signIn("ada");
    house.store.faults.always("refuse");
    const statuses = [];
    for (const offsetSeconds of [29, 31, 599, 602]) {
      await house.shiftClock(offsetSeconds);
      statuses.push(await statusOfCall(house, access_token));
    }
    expect(statuses).toEqual([200, 200, 200, 503]);
    house.store.faults.clear();
    expect(await statusOfCall(house, access_token)).toBe(200);
  });

  it("lets nobody be served where every request must ask", async () => {
    const { client, house, strict } = stage;
    const { access_token } = await client.signIn("ada");
    expect(await statusOfCall(strict, access_token)).toBe(200);
    house.store.faults.always("refuse");
    expect(await statusOfCall(strict, access_token)).toBe(503);
  });

  it("does not keep a client from what needs no store", async () => {
    const { house } = stage;
    house.store.faults.always("refuse");
    const paths = [
      "oauth-authorization-server",
      "oauth-protected-resource",
      "openid-configuration",
    ];
    for (const path of paths)
      expect((await fetch(`${house.issuer}/.well-known/${path}`)).status).toBe(200);
    expect((await fetch(`${house.issuer}/health`)).status).toBe(200);
    expect(await statusOfCall(house, "forged.access.token")).toBe(401);
  });

  it("says when to come back if it says so itself", async () => {
    const { client, house } = stage;
    const { refresh_token } = await client.signIn("ada");
    house.store.faults.always("429");
    const answer = await client.refresh(refresh_token);
    expect(answer.headers.get("retry-after")).toBe("7");
  });
});

describe("of a store that never failed", () => {
  let untroubled: Stage;

  // Its own: there is nothing left over from a failure that a request would have to make good.
  beforeAll(async () => {
    const house = await startHouse();
    const strict = await house.startAnother({ REVOCATION_CHECK_SECONDS: "0" });
    untroubled = { house, strict, client: await meetStranger(`${house.issuer}/mcp`) };
    const { access_token } = await untroubled.client.signIn("ada");
    for (const worker of [house, strict]) await statusOfCall(worker, access_token);
  });
  afterAll(() => untroubled.house.stop());
  beforeEach(() => untroubled.house.shiftClock(0));

  it.for(ROUTES)("$name asks no more often than that", async (route) => {
    const { wire } = untroubled.house.store;
    const send = await route.prepare(untroubled);
    wire.take();
    expect(await describeAnswer(await send())).toBe(goodAnswer(route));
    // Beside the answer Auth0 is told of an end, and what was told is dropped.
    const trips = wire.take().filter(({ commands }) => String(commands) !== "ZREM");
    expect(trips).toHaveLength(route.answers.length - 1);
  });
});
