import { describe, expect, it } from "vitest";
import { coversSilently, mayBeRemembered } from "../../../src/oauth/approvals.ts";

describe("whether nobody need be asked again", () => {
  const approval = { ticked: ["read"], declined: ["drop"], isSilent: true };

  it.each([
    ["the same", ["read", "drop"], true],
    ["less", ["read"], true],
    ["nothing", [], true],
    ["more", ["read", "write"], false],
    ["other", ["write"], false],
  ])("%s: %j", (_what, offered, isCovered) => {
    expect(coversSilently(approval, offered)).toBe(isCovered);
  });

  it("is for the person to say", () => {
    expect(coversSilently({ ...approval, isSilent: false }, ["read"])).toBe(false);
  });
});

it.each([
  ["a website that is verified", true, "https://c.example/cb", false, true],
  ["one that nobody vouches for", false, "https://c.example/cb", false, false],
  ["any program of this computer", true, "http://localhost:5000/cb", true, false],
  ["… over https", true, "https://localhost/cb", true, false],
  ["any program of this device", true, "com.example:/cb", false, false],
])("may remember %s: %s", (_what, isVouchedFor, redirectUri, redirectIsLoopback, may) => {
  expect(mayBeRemembered(isVouchedFor, { redirectUri, redirectIsLoopback })).toBe(may);
});
