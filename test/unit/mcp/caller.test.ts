/** Callers behind one token: one for as long as nothing about them changes, and never another's. */
import { expect, it } from "vitest";
import { createCallers } from "../../../src/mcp/caller.ts";
import { claimsOf, livingGrants, NOW } from "./endpoint.ts";

const both = ["a:read", "b:read"];
const standing = { held: both, granted: both, withheld: [] };
const needing = (...permissions: string[]) => ({ permissions });

it("are the same while what the token allows is the same", () => {
  const callerWith = createCallers(claimsOf(), livingGrants, () => NOW);
  expect(callerWith(standing)).toBe(callerWith({ ...standing }));
});

it.each<readonly [string, Partial<typeof standing>, object]>([
  ["lost", { held: ["a:read"] }, { verdict: "denied", missing: ["b:read"] }],
  ["not granted", { granted: ["a:read"] }, { verdict: "step_up", scopes: ["b:read"] }],
])("are others once a permission is %s, and the same again once it is back", (_, less, verdict) => {
  const callerWith = createCallers(claimsOf(), livingGrants, () => NOW);
  expect(callerWith(standing).judge(needing("b:read"))).toEqual({ verdict: "allowed" });
  const other = callerWith({ ...standing, ...less });
  expect(other.judge(needing("b:read"))).toEqual(verdict);
  expect(other.permissions()).toEqual(["a:read"]);
  expect(callerWith(standing).permissions()).toEqual(both);
});

it("are others once a tool is withheld", () => {
  const callerWith = createCallers(claimsOf(), livingGrants, () => NOW);
  const tool = { name: "write", permissions: ["a:read"], annotations: {} };
  expect(callerWith(standing).judge(tool).verdict).toBe("allowed");
  expect(callerWith({ ...standing, withheld: ["write"] }).judge(tool).verdict).toBe("step_up");
});

it("are judged by the time of each call", () => {
  let now = NOW;
  const callerWith = createCallers(claimsOf({ auth_time: NOW }), livingGrants, () => now);
  const wanted = { ...needing("a:read"), fresh: { maxAgeSeconds: 60, mfa: false } };
  expect(callerWith(standing).judge(wanted).verdict).toBe("allowed");
  now += 61;
  expect(callerWith(standing).judge(wanted).verdict).toBe("stale");
});

it("hand out lists that no tool can change for the next call", () => {
  const caller = createCallers(claimsOf(), livingGrants, () => NOW)(standing);
  expect(Object.isFrozen(caller.auth.scopes)).toBe(true);
  expect(Object.isFrozen(caller.permissions())).toBe(true);
});
