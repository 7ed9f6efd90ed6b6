import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  effectivePermissions,
  judgePermissions as judgeAnything,
} from "../../../src/mcp/permissions.ts";

type Standing = Parameters<typeof judgeAnything>[1];

/** Judges something that needs these permissions. */
function judgePermissions(required: readonly string[], standing: Standing) {
  return judgeAnything({ name: "tool", permissions: required, annotations: {} }, standing);
}

describe("judges", () => {
  it.each([
    { required: [], held: [], granted: [], verdict: { verdict: "allowed" } },
    { required: ["a"], held: ["a"], granted: ["a"], verdict: { verdict: "allowed" } },
    {
      required: ["a", "b"],
      held: ["b", "a", "c"],
      granted: ["a", "openid", "b"],
      verdict: { verdict: "allowed" },
    },
    { required: ["a"], held: ["a"], granted: [], verdict: { verdict: "step_up", scopes: ["a"] } },
    {
      required: ["a", "b", "c"],
      held: ["a", "b", "c"],
      granted: ["b"],
      verdict: { verdict: "step_up", scopes: ["a", "c"] },
    },
    { required: ["a"], held: [], granted: ["a"], verdict: { verdict: "denied", missing: ["a"] } },
    {
      required: ["a", "b", "c"],
      held: ["b"],
      granted: [],
      verdict: { verdict: "denied", missing: ["a", "c"] },
    },
    {
      required: ["a:read"],
      held: ["a"],
      granted: ["a"],
      verdict: { verdict: "denied", missing: ["a:read"] },
    },
    {
      required: ["A"],
      held: ["a"],
      granted: ["a"],
      verdict: { verdict: "denied", missing: ["A"] },
    },
  ])(
    "$required of a caller who holds $held and granted $granted",
    ({ required, held, granted, verdict }) => {
      expect(judgePermissions(required, standingOf(held, granted))).toEqual(verdict);
    },
  );
});

function standingOf(held: readonly string[], granted: readonly string[]) {
  const sets = { held: new Set(held), granted: new Set(granted), withheld: new Set<string>() };
  return { ...sets, signIn: {}, now: 0 };
}

const names = fc.subarray(["a", "b", "c", "d"]);
const RANK = { denied: 0, step_up: 1, stale: 2, allowed: 3 };

it("allows exactly when every required permission is effective", () => {
  fc.assert(
    fc.property(names, names, names, (required, held, granted) => {
      const effective = effectivePermissions(standingOf(held, granted));
      const allowed = required.every((permission) => effective.includes(permission));
      expect(judgePermissions(required, standingOf(held, granted)).verdict === "allowed").toBe(
        allowed,
      );
    }),
  );
});

it("never judges worse for holding or granting more", () => {
  fc.assert(
    fc.property(names, names, names, names, (required, held, granted, more) => {
      const { verdict } = judgePermissions(required, standingOf(held, granted));
      const holdsMore = judgePermissions(required, standingOf([...held, ...more], granted)).verdict;
      const grantsMore = judgePermissions(
        required,
        standingOf(held, [...granted, ...more]),
      ).verdict;
      expect(RANK[holdsMore]).toBeGreaterThanOrEqual(RANK[verdict]);
      expect(RANK[grantsMore]).toBeGreaterThanOrEqual(RANK[verdict]);
    }),
  );
});

it("asks for scopes that make the next try succeed", () => {
  fc.assert(
    fc.property(names, names, names, (required, held, granted) => {
      const verdict = judgePermissions(required, standingOf(held, granted));
      fc.pre(verdict.verdict === "step_up");
      const next = standingOf(held, [...granted, ...verdict.scopes]);
      expect(judgePermissions(required, next)).toEqual({ verdict: "allowed" });
    }),
  );
});

describe("a tool that came after the person's yes", () => {
  const standing = { ...standingOf(["a", "b"], ["a"]), withheld: new Set(["late"]) };
  const judge = (
    name: string,
    permissions: readonly string[],
    more: object = { annotations: {} },
  ) => judgeAnything({ name, permissions, ...more }, standing);

  it("asks for all that it needs, though all of it is granted", () => {
    expect(judge("late", ["a"])).toEqual({ verdict: "step_up", scopes: ["a"] });
  });

  it("is judged by what is missing first", () => {
    expect(judge("late", ["a", "b"])).toEqual({ verdict: "step_up", scopes: ["b"] });
    expect(judge("late", ["a", "c"])).toEqual({ verdict: "denied", missing: ["c"] });
  });

  it("is told apart from others, and from what is no tool", () => {
    expect(judge("early", ["a"])).toEqual({ verdict: "allowed" });
    expect(judge("late", ["a"], {})).toEqual({ verdict: "allowed" });
  });
});
