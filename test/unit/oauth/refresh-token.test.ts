import { describe, expect, it } from "vitest";
import type { Superseded } from "../../../src/grants/record.ts";
import {
  findSuperseded,
  hashToken,
  isProven,
  judgeRefreshToken,
  type KnownRefreshTokens,
  proveRefreshToken,
  readGrantRef,
  readRefreshToken,
  supersede,
} from "../../../src/oauth/refresh-token.ts";

const INNER = "person:grant:secret";
const KEY = "A".repeat(43);
const OTHER_KEY = `B${KEY.slice(1)}`;

describe("a refresh token", () => {
  const NOW = 1_800_000_000;
  const use = (id: string, fields: Partial<Superseded> = {}): Superseded => ({
    id,
    at: NOW - 100,
    place: "home",
    wasNew: false,
    ...fields,
  });
  const known = (superseded: readonly Superseded[], places = ["home", "office"]) => ({
    currentId: "current",
    superseded,
    places,
  });

  it.each<[string, string, readonly Superseded[], string, string]>([
    ["the current one", "current", [], "home", "current"],
    ["the current one from anywhere", "current", [], "elsewhere", "current"],
    ["used before, where it was used", "old", [use("old")], "home", "sibling"],
    ["used before, both at known places", "old", [use("old")], "office", "sibling"],
    ["used before, from a new place", "old", [use("old")], "elsewhere", "reused"],
    [
      "used first at a new place, and again there",
      "old",
      [use("old", { place: "cafe", wasNew: true })],
      "cafe",
      "sibling",
    ],
    [
      "used first by a thief at a new place, then by its owner",
      "old",
      [use("old", { place: "thief", wasNew: true })],
      "home",
      "reused",
    ],
    ["used a day ago, less a second", "old", [use("old", { at: NOW - 86_399 })], "home", "sibling"],
    ["used a day ago", "old", [use("old", { at: NOW - 86_400 })], "home", "reused"],
    ["used generations ago", "old", [use("newer"), use("old")], "home", "sibling"],
    ["used so long ago that nobody remembers", "ancient", [use("old")], "home", "reused"],
  ])("is judged by the grant: %s", (_case, id, superseded, place, verdict) => {
    const presenter = { place, now: NOW, reuseSeconds: 86_400 };
    const judged = (isOurs: boolean) =>
      judgeRefreshToken({ id, isProven: isOurs }, known(superseded), presenter);
    expect([judged(true), judged(false)]).toEqual([verdict, "unknown"]);
  });

  it("that was used before ends the grant in any case where windows may not stay behind", () => {
    const presenter = { place: "home", now: NOW, reuseSeconds: 0 };
    const token = { id: "old", isProven: true };
    expect(judgeRefreshToken(token, known([use("old")]), presenter)).toBe("reused");
  });

  it("is remembered when it is used, with its place, and the oldest are forgotten", () => {
    let grant: Pick<KnownRefreshTokens, "superseded" | "places"> = { superseded: [], places: [] };
    for (let count = 0; count < 40; count++)
      grant = supersede(grant, {
        id: `id ${count}`,
        place: `place ${count % 10}`,
        at: NOW + count,
      });
    expect(grant.superseded).toHaveLength(32);
    expect(grant.superseded[0]).toEqual({
      id: "id 39",
      place: "place 9",
      at: NOW + 39,
      // Eight places are remembered, and this one was the tenth before.
      wasNew: true,
    });
    expect(grant.places).toHaveLength(8);
    const again = supersede(grant, { id: "x".repeat(64), place: "place 9", at: NOW + 99 });
    expect(again.superseded[0]).toMatchObject({ id: "x".repeat(16), wasNew: false });
    expect(findSuperseded("x".repeat(64), again.superseded)?.at).toBe(NOW + 99);
  });

  it("is proven by the key of its own grant only", async () => {
    const token = await proveRefreshToken(INNER, KEY);
    const presented = readRefreshToken(token);
    expect(presented).toMatchObject({
      inner: INNER,
      grant: { userId: "person", grantId: "grant" },
    });
    if (presented === undefined) return;
    expect(await isProven(presented, KEY)).toBe(true);
    expect(await isProven(presented, OTHER_KEY)).toBe(false);
    expect(await isProven({ ...presented, inner: "person:grant:another" }, KEY)).toBe(false);
    expect(await isProven({ ...presented, proof: "" }, KEY)).toBe(false);
  });

  it.each([
    "",
    INNER,
    `${INNER}.`,
    `${INNER}.short`,
    `${INNER}.${"A".repeat(43)}.`,
    `${INNER}.${"A".repeat(43)}.${"h".repeat(257)}`,
    `${INNER}.${"A".repeat(43)}.h h`,
    `${INNER}.${"A".repeat(44)}`,
    `person:grant.${"A".repeat(43)}`,
    `person:grant:secret:more.${"A".repeat(43)}`,
    `per son:grant:secret.${"A".repeat(43)}`,
    `${"p".repeat(300)}:grant:secret.${"A".repeat(43)}`,
  ])("cannot be %j", (token) => {
    expect(readRefreshToken(token)).toBeUndefined();
  });
});

it.each<[string, object | undefined]>([
  [INNER, { userId: "person", grantId: "grant" }],
  ["person:grant", undefined],
  ["a:b:c:d", undefined],
  ["::", undefined],
  ["a:b:c ", undefined],
  ["grant:*:x", undefined],
])("the code %j names %j", (code, grant) => {
  expect(readGrantRef(code)).toEqual(grant);
});

it("knows a token by the hash under which the library keeps it", async () => {
  expect(await hashToken("abc")).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});
