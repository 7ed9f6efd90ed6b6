/**
 * Races over a real Redis with 5 ms of latency: every row of the table, ten times. The control
 * plays the same rows on a naive store, where each of them must go wrong at least once, so that the
 * races are known to be real.
 */
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDocumentClient } from "../support/document-client.ts";
import { startHouse } from "../support/house.ts";
import { RACES, type Stage } from "../support/races.ts";
import { statusOfCall } from "../support/sessions.ts";
import { availableEngines } from "../support/store.ts";
import { createStranger, json, meetStranger, type Tokens } from "../support/stranger.ts";

/** The real one, wherever there is one; without it the embedded store has to do. */
const engine = availableEngines().at(-1) ?? "memory";

const ROUNDS = Array.from({ length: 10 }, (_, index) => index + 1);

async function setStage(
  variables: Readonly<Record<string, string>>,
): Promise<Omit<Stage, "round">> {
  const keyed = await createDocumentClient("https://keyed.example.test/client.json");
  const house = await startHouse({ engine, variables, elsewhere: keyed.answer });
  const client = await meetStranger(`${house.issuer}/mcp`);
  const other = await house.startAnother();
  const strict = await house.startAnother({ REVOCATION_CHECK_SECONDS: "0" });
  house.store.faults.latencyMs = 5;
  return { house, other, strict, client, keyed };
}

describe("with our store", () => {
  let stage: Omit<Stage, "round">;
  beforeAll(async () => void (stage = await setStage({})));
  afterAll(() => stage.house.stop());

  describe.for(RACES)("$name", ({ play, expected }) => {
    it.for(ROUNDS)("round %i of ten ends as it must", async (round) => {
      expect(await play({ ...stage, round })).toEqual(expected);
    });
  });
});

describe("two installations of one client that is known by its document", () => {
  it("do not log each other out, whichever signs in or refreshes", async () => {
    const { house, client, keyed } = await setStage({});
    const authenticate = async () => ({ form: await keyed.assert(house.issuer) });
    const installation = createStranger({ ...client, clientId: keyed.clientId, authenticate });
    const first = await installation.signIn("ada");
    const second = await installation.signIn("ada");
    const renewed = await json<Tokens>(await installation.refresh(second.refresh_token), 200);
    const tokens = [first, second, renewed];
    const calls = await Promise.all(tokens.map((each) => statusOfCall(house, each.access_token)));
    expect(calls).toEqual([200, 200, 200]);
    expect((await installation.refresh(first.refresh_token)).status).toBe(200);
    expect((await installation.refresh(renewed.refresh_token)).status).toBe(200);
    await house.stop();
  });
});

describe("with a naive store, as a control", () => {
  let stage: Omit<Stage, "round">;
  beforeAll(async () => void (stage = await setStage({ TEST_NAIVE_STORE: "true" })));
  afterAll(() => stage.house.stop());

  it("everything works as long as nothing happens at the same time", async () => {
    const { house, client } = stage;
    const tokens = await client.signIn("ada");
    expect(await statusOfCall(house, tokens.access_token)).toBe(200);
    const refreshed = await client.refresh(tokens.refresh_token);
    const newer = await json<typeof tokens>(refreshed, 200);
    expect(await statusOfCall(house, newer.access_token)).toBe(200);
    expect((await client.revoke(newer.refresh_token)).status).toBe(200);
    expect(await statusOfCall(house, newer.access_token)).toBe(401);
  });

  it.for(RACES)("goes wrong: $name", async ({ play, expected }) => {
    for (const round of ROUNDS)
      if (!isDeepStrictEqual(await play({ ...stage, round }), expected)) return;
    expect.fail("the race was never lost in ten rounds");
  });
});
