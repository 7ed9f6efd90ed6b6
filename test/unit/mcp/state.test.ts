import { beforeEach, expect, it } from "vitest";
import * as z from "zod";
import { forgetState } from "../../../src/grants/tool-state.ts";
import { createMemoryRecords, type Records } from "../../../src/mcp/services.ts";
import { createState } from "../../../src/mcp/state.ts";
import { sha256 } from "../../../src/mcp/tool-meta.ts";

let now = 1000;
let trips = 0;
let records: Records;
beforeEach(() => {
  now = 1000;
  trips = 0;
  records = createMemoryRecords(() => now);
});

const stateOf = (userId: string, tool: string) =>
  createState(
    { userId, tool },
    { records, now: () => now, hash: sha256, noteTrip: () => void (trips += 1) },
  );
const note = z.object({ text: z.string() });

it("keeps a value for its person and its tool alone", async () => {
  await stateOf("ada", "note").put("k", { text: "mine" });
  expect(await stateOf("ada", "note").get("k", note)).toEqual({ text: "mine" });
  for (const [userId, tool, key] of [
    ["rob", "note", "k"],
    ["ada", "other", "k"],
    ["ada", "note", "K"],
  ] as const)
    expect(await stateOf(userId, tool).get(key, note)).toBeUndefined();
});

it("takes what has another form for nothing", async () => {
  const state = stateOf("ada", "note");
  await state.put("k", { older: true });
  expect(await state.get("k", note)).toBeUndefined();
});

it("asks the store once to get and to delete, twice to put", async () => {
  const state = stateOf("ada", "note");
  await state.put("k", { text: "" });
  expect(trips).toBe(2);
  await state.get("k", note);
  expect(trips).toBe(3);
  await state.delete("k");
  expect(trips).toBe(4);
  expect(await state.get("k", note)).toBeUndefined();
});

it("forgets in its time", async () => {
  const state = stateOf("ada", "note");
  await state.put("k", { text: "" }, { ttlSeconds: 60 });
  now += 61;
  expect(await state.get("k", note)).toBeUndefined();
});

it.each([0, -1, Number.NaN, 366 * 86_400])("refuses to live %s seconds", async (ttlSeconds) => {
  await expect(stateOf("ada", "note").put("k", 1, { ttlSeconds })).rejects.toThrow(RangeError);
});

it("is bounded in size, and in number, where what has expired makes room", async () => {
  const state = stateOf("ada", "note");
  await expect(state.put("k", "x".repeat(16 * 1024))).rejects.toThrow("at most 16 KB");
  await expect(state.put("k", undefined)).rejects.toThrow("JSON");
  for (let at = 0; at < 50; at += 1)
    await state.put(`k${at}`, at, { ttlSeconds: at === 0 ? 1 : 600 });
  await expect(state.put("one more", 1)).rejects.toThrow("at most 50 things");
  await state.put("k1", "rewritten");
  await stateOf("ada", "other").put("k", 1);
  now += 2;
  await state.put("one more", 1);
});

it("is gone, all of it, when the person asks, and nobody else's", async () => {
  await stateOf("ada", "note").put("k", { text: "" });
  await stateOf("ada", "other").put("k", { text: "" });
  await stateOf("rob", "note").put("k", { text: "rob's" });
  await forgetState(records, "ada");
  expect(await stateOf("ada", "note").get("k", note)).toBeUndefined();
  expect(await stateOf("ada", "other").get("k", note)).toBeUndefined();
  expect(await stateOf("rob", "note").get("k", note)).toEqual({ text: "rob's" });
});

it("is gone for one tool alone", async () => {
  await stateOf("ada", "note").put("k", { text: "" });
  await stateOf("ada", "other").put("k", { text: "" });
  await forgetState(records, "ada", "note");
  expect(await stateOf("ada", "note").get("k", note)).toBeUndefined();
  expect(await stateOf("ada", "other").get("k", note)).toEqual({ text: "" });
});
