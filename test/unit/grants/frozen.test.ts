import { describe, expect, it } from "vitest";
import { withheldTools } from "../../../src/grants/frozen.ts";
import { createPermissionIndex } from "../../../src/grants/permission-index.ts";

const TOOLS = [
  { name: "edit", permissions: ["write"] },
  { name: "wipe", permissions: ["write", "drop"] },
  { name: "anybody", permissions: [] },
];
const withheld = (changing: string[] | undefined, granted: string[]) =>
  withheldTools(changing === undefined ? {} : { changing }, granted, TOOLS).map(({ name }) => name);

describe("a tool that changes something", () => {
  it("asks again when it was not there at the person's yes", () => {
    expect(withheld([], ["write"])).toEqual(["edit"]);
    expect(withheld(["edit"], ["write", "drop"])).toEqual(["wipe"]);
  });

  it("runs when it was there, and needs its permissions in any case", () => {
    expect(withheld(["edit", "wipe"], ["write", "drop"])).toEqual([]);
    expect(withheld([], ["drop"])).toEqual([]);
  });

  it("runs under a grant from before this was kept", () => {
    expect(withheld(undefined, ["write", "drop"])).toEqual([]);
  });
});

it("makes a token from before it came one of another list", async () => {
  const before = await createPermissionIndex(["write"], TOOLS.slice(0, 1));
  const after = await createPermissionIndex(["write"], TOOLS);
  const sameInOtherOrder = await createPermissionIndex(["write"], TOOLS.toReversed());
  expect(after.list).not.toBe(before.list);
  expect(sameInOtherOrder.list).toBe(after.list);
});
