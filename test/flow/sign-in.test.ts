import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type House, startHouse } from "../support/house.ts";
import { callMcp, meetStranger, type Stranger } from "../support/stranger.ts";

let house: House;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse();
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());

describe("three people sign in", () => {
  it("Ada", async () => {
    const tokens = await client.signIn("ada");
    const list = await callMcp(client.resource, tokens.access_token, { method: "tools/list" });
    console.log(tokens, list.answer.result?.tools?.map((t) => t.name));
    const call = await callMcp(client.resource, tokens.access_token, { method: "tools/call", params: { name: "get_user_info", arguments: {} } });
    console.log(JSON.stringify(call.answer));
    const r = await client.refresh(tokens.refresh_token);
    console.log(r.status, await r.text());
    console.log(house.log);
    expect(1).toBe(1);
  });
});
