import { expect, it } from "vitest";
import { createHold, judgeHold, strandHold } from "../../../src/storage/hold.ts";

it("is ours when nobody had it, and when a repeated question met itself", () => {
  const hold = createHold("k");
  expect(judgeHold(hold, null)).toBe(hold);
  expect(judgeHold(hold, hold.value)).toBe(hold);
});

it.each([
  ["that of another", createHold("k").value],
  ["no answer", undefined],
  ["a count", 1],
])("is not ours when there is %s", (_name, holder) => {
  expect(judgeHold(createHold("k"), holder)).toBeUndefined();
});

it("is ours when this isolate had stranded it: for one of many, and under its old value", () => {
  const stranded = createHold("k");
  strandHold(stranded);
  expect(judgeHold(createHold("k"), stranded.value)).toEqual(stranded);
  expect(judgeHold(createHold("k"), stranded.value)).toBeUndefined();
});
