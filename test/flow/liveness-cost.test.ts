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

  const title = "ask once in half a minute each, and whatever has ended is over everywhere";
  it(title, { timeout: 120_000 }, async () => {
    house = await startHouse();
    const isolates: TestWorker[] = [house];
    while (isolates.length < most) isolates.push(await house.startAnother());
    await pass(0, isolates);
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
    /** The commands of all calls, half a minute after those before. */
    const countLater = async () => {
      await pass(STALENESS_SECONDS, isolates);
      commandsOf();
      expect(await callAll()).toEqual([200]);
      return commandsOf();
    };
    const feedOnly = Array.from({ length: most }, () => "ZRANGE");
    // An isolate's first look brings the record of whoever made it look, too.
    expect((await countLater()).toSorted()).toEqual([
      ...Array.from({ length: most }, () => "HVALS"),
      ...feedOnly,
    ]);
    expect(await countLater()).toEqual(feedOnly);
    expect(await callAll()).toEqual([200]);
    expect(commandsOf()).toEqual([]);
    const [ended = ""] = tokens;
    expect((await client.revoke(ended)).status).toBe(200);
    await pass(STALENESS_SECONDS, isolates);
    for (const isolate of isolates) expect(await statusOfCall(isolate, ended)).toBe(401);
  });
});
