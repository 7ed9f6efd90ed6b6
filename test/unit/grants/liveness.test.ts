import { describe, expect, it } from "vitest";
import {
  createEndedGrants,
  isReadDue,
  isServedUnseen,
  judgeLiveness,
  type Known,
} from "../../../src/grants/liveness.ts";

const NOW = 1_800_000_000;
const OLD = NOW - 3000;

const known = (fields: Partial<Known>): Known => ({
  isEnded: false,
  readAt: undefined,
  issuedAt: OLD,
  ...fields,
});

describe("a request of a grant", () => {
  it.each<[string, Partial<Known>, number, string]>([
    ["of which nothing is known", {}, 30, "look"],
    ["when the feed was read just now", { readAt: NOW }, 30, "alive"],
    ["when the feed was read 29 seconds ago", { readAt: NOW - 29 }, 30, "alive"],
    ["when the feed was read 30 seconds ago", { readAt: NOW - 30 }, 30, "look"],
    ["with a token of just now", { issuedAt: NOW }, 30, "alive"],
    ["with a token of 30 seconds ago", { issuedAt: NOW - 30 }, 30, "look"],
    ["when every request asks", { readAt: NOW, issuedAt: NOW }, 0, "look"],
    ["that ended", { isEnded: true, readAt: NOW, issuedAt: NOW }, 30, "ended"],
    ["that ended, when every request asks", { isEnded: true }, 0, "ended"],
  ])("%s", (_case, fields, checkSeconds, verdict) => {
    expect(judgeLiveness(known(fields), { now: NOW, checkSeconds })).toBe(verdict);
  });

  it.each<[string, Partial<Known>, number, boolean]>([
    ["of which nothing is known", {}, 30, false],
    ["when the feed was read ten minutes ago", { readAt: NOW - 600 }, 30, true],
    ["when the feed was read longer ago", { readAt: NOW - 601 }, 30, false],
    ["with a token of ten minutes ago", { issuedAt: NOW - 600 }, 30, true],
    ["that ended", { isEnded: true, readAt: NOW }, 30, false],
    ["when every request asks", { readAt: NOW }, 0, false],
  ])("without an answer from the store, %s", (_case, fields, checkSeconds, isServed) => {
    expect(isServedUnseen(known(fields), { now: NOW, checkSeconds })).toBe(isServed);
  });
});

it.each<[number | undefined, number, boolean]>([
  [undefined, 30, false],
  [NOW, 30, false],
  [NOW - 27, 30, false],
  [NOW - 28, 30, true],
  [NOW, 1, false],
  [NOW - 1, 1, true],
])(
  "a feed that was read at %s is read again in the background: %i",
  (readAt, checkSeconds, due) => {
    expect(isReadDue(readAt, { now: NOW, checkSeconds })).toBe(due);
  },
);

it("ended grants are remembered as long as a token of theirs may be presented", () => {
  const ended = createEndedGrants(60);
  ended.note(["a", "b"], NOW);
  ended.note(["a"], NOW + 50);
  ended.note(["c"], NOW + 60);
  expect(["a", "b", "c", "d"].map((name) => ended.has(name, NOW))).toEqual([
    true,
    true,
    true,
    false,
  ]);
  ended.note([], NOW + 61);
  expect(["a", "b", "c", "d"].map((name) => ended.has(name, NOW))).toEqual([
    false,
    false,
    true,
    false,
  ]);
});

it("a narrowed grant's older tokens count for nothing, and its newer ones do", () => {
  const ended = createEndedGrants(60);
  ended.note([`a~${NOW}`, "b"], NOW);
  expect([NOW - 1, NOW, NOW + 1].map((issuedAt) => ended.has("a", issuedAt))).toEqual([
    true,
    true,
    false,
  ]);
  expect(ended.has("b", NOW + 1)).toBe(true);
  ended.note([`a~${NOW + 5}`, `a~${NOW + 2}`], NOW + 5);
  expect(ended.has("a", NOW + 5)).toBe(true);
  expect(ended.has("a", NOW + 6)).toBe(false);
  ended.note(["a", `a~${NOW + 9}`], NOW + 9);
  expect(ended.has("a", NOW + 1000)).toBe(true);
});
