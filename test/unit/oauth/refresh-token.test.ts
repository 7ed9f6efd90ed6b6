import { describe, expect, it } from "vitest";
import {
  hashToken,
  isProven,
  judgeRefreshToken,
  proveRefreshToken,
  readGrantRef,
  readRefreshToken,
} from "../../../src/oauth/refresh-token.ts";

const INNER = "person:grant:secret";
const KEY = "A".repeat(43);
const OTHER_KEY = `B${KEY.slice(1)}`;

describe("a refresh token", () => {
  it.each<[string, boolean, string | undefined, string]>([
    ["id", true, "id", "current"],
    ["id", true, "newer", "reused"],
    ["id", true, undefined, "reused"],
    ["id", false, "id", "unknown"],
    ["id", false, "newer", "unknown"],
  ])(
    "with the hash %s (ours: %s) of a grant at %s is %s",
    (id, proven, refreshTokenId, verdict) => {
      expect(judgeRefreshToken({ id, isProven: proven }, { refreshTokenId })).toBe(verdict);
    },
  );

  it("of no grant is unknown", () => {
    expect(judgeRefreshToken({ id: "id", isProven: true }, undefined)).toBe("unknown");
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
