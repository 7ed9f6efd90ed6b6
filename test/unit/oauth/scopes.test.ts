import fc from "fast-check";
import { BASE_SCOPES } from "../../../src/grants/access-token.ts";
import { describe, expect, it } from "vitest";
import { grantedScopes, limitScopes, listScopes, narrowScopes } from "../../../src/oauth/scopes.ts";

const PERMISSIONS = ["tool:a", "tool:b", "tool:c"];

it("lists every scope it knows", () => {
  expect(listScopes(["tool:a"])).toEqual([
    "openid",
    "profile",
    "email",
    "offline_access",
    "tool:a",
  ]);
});

it.each<[string[], readonly string[]]>([
  [[], BASE_SCOPES],
  [["unknown"], BASE_SCOPES],
  [
    ["openid", "tool:a"],
    ["openid", "tool:a"],
  ],
  [
    ["tool:a", "unknown", "tool:a", "offline_access"],
    ["tool:a", "offline_access"],
  ],
])("narrows %j to %j", (requested, narrowed) => {
  expect(narrowScopes(requested, PERMISSIONS)).toEqual(narrowed);
});

describe("the scopes of a grant", () => {
  it.each<[string[], string[], "all" | string[], string[]]>([
    [["openid"], ["tool:a", "tool:b"], "all", ["openid", "tool:a", "tool:b"]],
    [["openid", "tool:a"], ["tool:a", "tool:b"], ["tool:a"], ["openid", "tool:a"]],
    [["openid", "tool:a"], [], ["tool:a"], ["openid"]],
    [["openid"], ["tool:a", "of another server"], "all", ["openid", "tool:a"]],
  ])("requested %j, held %j, granted %j: %j", (requested, held, granted, scopes) => {
    expect(grantedScopes(requested, { held, granted }, PERMISSIONS)).toEqual(scopes);
  });

  it("never name a permission that is not held, or not granted", () => {
    const some = fc.subarray(PERMISSIONS);
    fc.assert(
      fc.property(some, some, some, (requested, held, granted) => {
        const scopes = grantedScopes(requested, { held, granted }, PERMISSIONS);
        expect(scopes.every((name) => held.includes(name) && granted.includes(name))).toBe(true);
      }),
    );
  });
});

it.each<[string | null, string[]]>([
  [null, ["openid", "tool:a"]],
  ["", ["openid", "tool:a"]],
  [" ", ["openid", "tool:a"]],
  ["openid", ["openid"]],
  ["tool:a unknown", ["tool:a"]],
  ["unknown", []],
])("a token request for %j limits them to %j", (asked, limited) => {
  expect(limitScopes(["openid", "tool:a"], asked)).toEqual(limited);
});
