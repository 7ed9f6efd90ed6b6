import { it } from "vitest";
import { createDocumentClient } from "../support/document-client.ts";
import { startHouse } from "../support/house.ts";
import { meetStranger } from "../support/stranger.ts";
import { RACES } from "../support/races.ts";
it("x", async () => {
  const keyed = await createDocumentClient("https://keyed.example.test/client.json");
  for (const variables of [{}, { TEST_NAIVE_STORE: "true" }]) {
  const house = await startHouse({ engine: "redis", variables, elsewhere: keyed.answer });
  const client = await meetStranger(`${house.issuer}/mcp`);
  const other = await house.startAnother();
  house.store.faults.latencyMs = 5;
  const stage = { house, client, other, keyed };
  for (const race of RACES.filter((r) => /revocation|sign-ins|assertion/.test(r.name)))
  for (let i = 0; i < 3; i++) console.log(JSON.stringify(variables), race.name, JSON.stringify(await race.play(stage)));
  await house.stop();
  }
});
