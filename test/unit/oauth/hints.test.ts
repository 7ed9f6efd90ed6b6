import { describe, expect, it } from "vitest";
import { SECOND_FACTOR } from "../../../src/grants/freshness.ts";
import { signInWanted } from "../../../src/oauth/hints.ts";

const FRESHNESS = new Map([
  ["pay", { mfa: true, maxAgeSeconds: 900 }],
  ["lock", { mfa: true }],
  ["refund", { mfa: false, maxAgeSeconds: 3600 }],
]);
const ANY = "999999999";

describe("the sign-in that Auth0 is asked for", () => {
  it.each([
    [{}, ["openid"], { maxAge: ANY }],
    [{}, ["openid", "refund"], { maxAge: "3600" }],
    [{}, ["pay", "refund"], { maxAge: "900", acrValues: SECOND_FACTOR }],
    [{}, ["lock"], { maxAge: ANY, acrValues: SECOND_FACTOR }],
    [{ maxAge: "60" }, ["pay"], { maxAge: "60", acrValues: SECOND_FACTOR }],
    [{ maxAge: "86400" }, ["refund"], { maxAge: "3600" }],
    [{ maxAge: "0" }, [], { maxAge: "0" }],
    [{ acrValues: "own" }, ["pay"], { maxAge: "900", acrValues: "own" }],
  ])("by a client that says %o and names %o is %o", (hints, scope, wanted) => {
    expect(signInWanted({ hints, scope }, FRESHNESS)).toEqual(wanted);
  });

  it.each([[{}], [{ maxAge: "60" }], [{ acrValues: "own" }]])(
    "is what the client says where no permission asks for anything: %o",
    (hints) => {
      expect(signInWanted({ hints, scope: ["pay"] }, new Map())).toEqual(hints);
    },
  );
});
