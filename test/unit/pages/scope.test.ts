import { expect, it } from "vitest";
import { explainScopes, type ToolSummary } from "../../../src/pages/scope.ts";

const tool = (title: string, ...permissions: string[]): ToolSummary => ({
  title,
  description: `${title}.`,
  permissions,
});
const READ = tool("Read", "tool:read");
const COPY = tool("Copy", "tool:read", "tool:write");
const TIME = tool("Time");

const headings = (scopes: string[], tools: ToolSummary[]) =>
  explainScopes(scopes, tools).map((ask) => ask.heading);

it("says what each kind of scope means, who you are first and how long last", () => {
  expect(headings(["offline_access", "tool:read", "openid"], [READ, TIME])).toEqual([
    "Know who you are",
    "Use “Read”",
    "Use what is open to everyone",
    "Stay connected until you disconnect it",
  ]);
});

it.each([
  [["openid"], "Your account's identifier."],
  [["profile", "email"], "Your name and picture and your email address."],
  [
    ["openid", "profile", "email"],
    "Your account's identifier, your name and picture and your email address.",
  ],
])("names only the facts that are asked for: %j", (scopes, note) => {
  expect(explainScopes(scopes, [])).toEqual([
    { heading: "Know who you are", note, scopes, tools: [] },
  ]);
});

it("lists each permission with every tool that needs it", () => {
  expect(explainScopes(["tool:read", "tool:write"], [READ, COPY])).toEqual([
    { heading: "Use “Read” and “Copy”", scopes: ["tool:read"], tools: [READ, COPY] },
    { heading: "Use “Copy”", scopes: ["tool:write"], tools: [COPY] },
  ]);
});

it("counts the tools when they are many", () => {
  const many = ["A", "B", "C", "D"].map((title) => tool(title, "tool:x"));
  expect(headings(["tool:x"], many)).toEqual(["Use 4 tools"]);
});

it("shows a permission that no tool needs by its name, made printable", () => {
  expect(headings(["x\u202Ey"], [READ])).toEqual(["Hold the permission “xy”"]);
});

it("asks for nothing when nothing is asked", () => {
  expect(explainScopes([], [READ])).toEqual([]);
});
