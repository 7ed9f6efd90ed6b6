import { describe, expect, it } from "vitest";
import {
  choiceOf,
  type ConsentChoice,
  type Earlier,
  judgeReturn,
  narrowed,
  offeredPermissions,
  wholeChoice,
  withChoice,
} from "../../../src/oauth/choice.ts";

const ALL = ["read", "write", "drop", "purge"];

const TOOLS = [
  { name: "edit", permissions: ["write"] },
  { name: "wipe", permissions: ["drop", "write"] },
  { name: "anybody", permissions: [] },
];
const OFFERED = { changing: TOOLS, permissions: ALL };

const ASKED = {
  responseType: "code",
  clientId: "c",
  redirectUri: "https://c.example/cb",
  scope: ["openid", "read"],
  state: "s",
};

describe("what a request is about", () => {
  it.each([
    [["openid"], ALL],
    [[], ALL],
    [["read"], ["read"]],
    [
      ["drop", "read", "unknown"],
      ["read", "drop"],
    ],
  ])("%j: %j", (requested, offered) => {
    expect(offeredPermissions(requested, ALL)).toEqual(offered);
  });

  it("is all of it until somebody chose", () => {
    expect(wholeChoice(["openid"], OFFERED)).toEqual({
      ticked: ALL,
      changing: ["edit", "wipe"],
      limited: [],
      isDiffShown: false,
      isRemembered: false,
    });
    expect(choiceOf(ASKED, OFFERED)).toEqual(wholeChoice(["read"], OFFERED));
  });

  it("travels with the request, an empty choice too", () => {
    const nothing = { ...wholeChoice([], OFFERED), ticked: [], changing: [] };
    expect(choiceOf(withChoice(ASKED, nothing), OFFERED)).toEqual(nothing);
  });
});

describe("the tools that change something", () => {
  it("open with every permission they need, not with one of them", () => {
    expect(narrowed(["read", "drop"], TOOLS).changing).toEqual([]);
    expect(narrowed(["write", "drop"], TOOLS).changing).toEqual(["edit", "wipe"]);
  });
});

describe("what a person must be told after the sign-in", () => {
  const NEVER: Earlier = { exists: false, ticked: [], changing: [] };
  const before = (ticked: string[], changing: string[] = []): Earlier => ({
    exists: true,
    ticked,
    changing,
  });
  const choice = (more: Partial<ConsentChoice> = {}): ConsentChoice => ({
    ticked: ["read", "write"],
    changing: [],
    limited: [],
    isDiffShown: false,
    isRemembered: false,
    ...more,
  });
  const nothing = { gained: [], kept: [], missing: [], tools: [] };

  it.each<[string, ConsentChoice, string[], Earlier, object | undefined]>([
    ["nothing in the ordinary case", choice(), ["read", "write"], NEVER, undefined],
    [
      "what was ticked and is not held",
      choice(),
      ["read"],
      NEVER,
      { ...nothing, gained: ["read"], missing: ["write"] },
    ],
    ["nothing of what was told before", choice(), ["read"], before(["read", "write"]), undefined],
    ["nothing of what was not ticked", choice({ ticked: ["read"] }), ["read"], NEVER, undefined],
    ["nothing when nothing was ticked", choice({ ticked: [] }), ["read"], NEVER, undefined],
    [
      "what is new to a client that has access",
      choice(),
      ["read", "write"],
      before(["read"]),
      { ...nothing, gained: ["write"], kept: ["read"] },
    ],
    [
      "nothing that the page had marked as new",
      choice({ isDiffShown: true }),
      ["read", "write"],
      before(["read"]),
      undefined,
    ],
    [
      "what is not held, marked as new or not",
      choice({ isDiffShown: true }),
      ["read"],
      before(["read"]),
      { ...nothing, kept: ["read"], missing: ["write"] },
    ],
    [
      "a tool that came later under what it has",
      choice({ changing: ["drop"] }),
      ["read", "write"],
      before(["read", "write"]),
      { ...nothing, kept: ["read", "write"], tools: ["drop"] },
    ],
    [
      "nothing when it was remembered, and this person had allowed as much",
      choice({ isRemembered: true }),
      ["read"],
      before(["read", "write"]),
      undefined,
    ],
    [
      "everything when it was remembered, and another account signed in",
      choice({ isRemembered: true }),
      ["read", "write"],
      NEVER,
      { ...nothing, gained: ["read", "write"] },
    ],
    [
      "everything when it was remembered, and nothing was ticked, and another account signed in",
      choice({ isRemembered: true, ticked: [] }),
      ["read"],
      NEVER,
      nothing,
    ],
    [
      "what is more when it was remembered, and this person had allowed less",
      choice({ isRemembered: true }),
      ["read", "write"],
      before(["read"]),
      { ...nothing, gained: ["write"], kept: ["read"] },
    ],
  ])("is %s", (_what, made, held, earlier, told) => {
    expect(judgeReturn(made, held, earlier)).toEqual(told);
  });
});
