import { expect, it } from "vitest";
import { stands } from "../../../src/grants/other-tokens.ts";

const NOW = 1_800_000_000;

it.each([
  [61, true],
  [60, false],
  [-1, false],
])("a token with %i seconds left is handed out: %s", (left, verdict) => {
  expect(stands({ token: "t", scopes: [], expiresAt: NOW + left }, NOW)).toBe(verdict);
});

it.each([
  [1, true],
  [0, false],
])("a refusal with %i seconds left is not asked for again: %s", (left, verdict) => {
  expect(stands({ refused: "other_api_denied", expiresAt: NOW + left }, NOW)).toBe(verdict);
});
