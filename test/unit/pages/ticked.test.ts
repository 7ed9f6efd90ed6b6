import { describe, expect, it } from "vitest";
import { hasDeletingSwitch, readLimited, readTicked } from "../../../src/pages/ticked.ts";

const OFFERED = [
  { name: "read", effect: "reads" },
  { name: "write", effect: "changes" },
  { name: "drop", effect: "deletes" },
  { name: "purge", effect: "deletes" },
] as const;
const ALL = OFFERED.map(({ name }) => name);

describe("what was ticked", () => {
  it.each([
    ["choices=shown&permission=read&permission=drop&deleting=yes", ["read", "drop"]],
    ["choices=shown", []],
    ["choices=shown&permission=admin&permission=read", ["read"]],
    ["choices=shown&permission=read&permission=drop&permission=purge", ["read"]],
    ["", ALL],
  ])("%s: %j", (sent, ticked) => {
    expect(readTicked(new URLSearchParams(sent), OFFERED)).toEqual(ticked);
  });

  it("needs no box for all of one that deletes", () => {
    const one = OFFERED.slice(0, 3);
    expect(hasDeletingSwitch(one)).toBe(false);
    expect(hasDeletingSwitch(OFFERED)).toBe(true);
    const form = new URLSearchParams("choices=shown&permission=drop");
    expect(readTicked(form, one)).toEqual(["drop"]);
  });
});

it("what is allowed for an hour is what was ticked, in the groups that are marked", () => {
  const offered = [
    { name: "look", effect: "reads" },
    { name: "write", effect: "changes" },
    { name: "wipe", effect: "deletes" },
  ] as const;
  const form = new URLSearchParams("choices=shown&hour=changes&hour=deletes&hour=else");
  expect(readLimited(form, offered, ["look", "write"])).toEqual(["write"]);
  expect(readLimited(new URLSearchParams("choices=shown"), offered, ["write"])).toEqual([]);
});
