/** What a tool remembers, in the store: for its person, sealed, in as many round trips as is said. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type House, startHouse } from "../support/house.ts";
import { callMcp, meetStranger } from "../support/stranger.ts";

let house: House;
beforeAll(async () => {
  house = await startHouse({ entry: "test/support/approval-worker.ts" });
});
afterAll(() => house.stop());

async function remember(token: string, input: object): Promise<string> {
  const params = { name: "remember", arguments: input };
  const { response } = await callMcp(`${house.issuer}/mcp`, token, {
    method: "tools/call",
    params,
  });
  const { result } = await response.json();
  return result.content[0].text;
}

it("keeps it for the person through any of their applications, and for nobody else", async () => {
  const client = await meetStranger(`${house.issuer}/mcp`);
  const [{ access_token: ada }, { access_token: again }, { access_token: rob }] = [
    await client.signIn("ada"),
    await client.signIn("ada"),
    await client.signIn("rob"),
  ];
  await remember(ada, {});
  house.store.wire.take();
  expect(await remember(ada, { text: "canary-of-ada" })).toBe("canary-of-ada");
  expect(house.store.wire.take()).toHaveLength(3);
  expect(await remember(again, {})).toBe("canary-of-ada");
  expect(house.store.wire.take()).toHaveLength(1);
  expect(await remember(rob, {})).toBe("nothing");
  expect(JSON.stringify(house.log)).not.toContain("canary-of-ada");
  expect(await remember(ada, { forget: true })).toBe("nothing");
  expect(await remember(again, {})).toBe("nothing");
});
