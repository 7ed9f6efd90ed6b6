import { expect, it } from "vitest";
import { warmUp } from "../../../src/mcp/warm-up.ts";
import { call, endpointOf, tokenOf } from "./endpoint.ts";

it("leaves no trace: no tool of its own, no error, no change of an answer", async () => {
  const token = await tokenOf();
  const ask = async () => (await endpointOf()(call("2026-07-28", "tools/list", {}, token))).text;
  const before = await ask();
  warmUp();
  expect(await ask()).toBe(before);
  expect(before).not.toContain("rehearsal");
});
