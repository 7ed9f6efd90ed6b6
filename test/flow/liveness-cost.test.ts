/**
 * What it costs to know which sessions have ended: store commands are counted at one, four and
 * sixteen isolates, however many sessions call however often.
 */
import { afterAll, describe, expect, it } from "vitest";
import { pass } from "../support/clock.ts";
import { type House, startHouse, type TestWorker } from "../support/house.ts";
import { STALENESS_SECONDS, statusOfCall } from "../support/sessions.ts";
import { meetStranger } from "../support/stranger.ts";

const SESSIONS = 5;
const ROUNDS = 4;

describe.for([1, 4, 16])("%i isolates", (most) => {
  let house: House;
  afterAll(() => house.stop());

  it("ask once in half a minute each, and whatever has ended is over everywhere", async () => {
    house = await startHouse();
    const isolates: TestWorker[] = [house];
    while (isolates.length < most) isolates.push(await house.startAnother());
    const client = await meetStranger(`${house.issuer}/mcp`);
    const tokens: string[] = [];
    for (let session = 0; session < SESSIONS; session += 1)
      tokens.push((await client.signIn("ada")).access_token);
    const callAll = async () => {
      const statuses = new Set<number>();
      for (let round = 0; round < ROUNDS; round += 1)
        for (const isolate of isolates)
          for (const token of tokens) statuses.add(await statusOfCall(isolate, token));
      return [...statuses];
    };
    const commandsOf = () => house.store.wire.take().flatMap(({ commands }) => commands);
    // Each isolate's first moment.
    expect(await callAll()).toEqual([200]);
    commandsOf();
    await pass(STALENESS_SECONDS, isolates);
    expect(await callAll()).toEqual([200]);
    const commands = commandsOf();
    console.log(most, commands);
    expect(commands).toHaveLength(most);
    expect(await callAll()).toEqual([200]);
    expect(commandsOf()).toEqual([]);
    const [ended = ""] = tokens;
    expect((await client.revoke(ended)).status).toBe(200);
    await pass(STALENESS_SECONDS, isolates);
    for (const isolate of isolates) expect(await statusOfCall(isolate, ended)).toBe(401);
  });
});
