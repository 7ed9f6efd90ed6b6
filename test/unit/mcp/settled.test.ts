import { expect, it } from "vitest";
import * as z from "zod";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import { freshnessOf, readNeeds, secondsOf, settle } from "../../../src/mcp/settled.ts";
import { defineTool } from "../../../src/mcp/tool.ts";

it.each([
  ["90s", 90],
  ["15m", 900],
  ["12h", 43_200],
  ["7d", 604_800],
  ["15", undefined],
  ["m", undefined],
  ["1.5h", undefined],
  ["-1m", undefined],
])("%s is %s seconds", (duration, seconds) => {
  expect(secondsOf(duration)).toBe(seconds);
});

it("names stay, and what they ask of the sign-in is put together", () => {
  const permissions = ["a", { name: "b", fresh: "1h" }, { name: "c", mfa: true }] as const;
  expect(settle({ permissions, title: "T" })).toEqual({
    title: "T",
    permissions: ["a", "b", "c"],
    fresh: { maxAgeSeconds: 3600, mfa: true },
  });
  expect(settle({ permissions: ["a", { name: "b" }] })).toEqual({ permissions: ["a", "b"] });
});

it("of a permission that several things want in their own ways the strictest is asked for", () => {
  const needs = readNeeds(["a", { name: "b", fresh: "1h" }, { name: "b", fresh: "5m" }]);
  expect([...freshnessOf(needs)]).toEqual([["b", { mfa: false, maxAgeSeconds: 300 }]]);
});

it.each([
  [{ name: "a b", fresh: "1h" }, "“a b” cannot be an OAuth scope"],
  [{ name: "a", fresh: "soon" }, "a: fresh must be a time like 90s, 15m, 12h or 7d"],
  [{ fresh: "1h" }, "cannot be an OAuth scope"],
  [7, "“7” cannot be an OAuth scope"],
])("a permission like %o is named before anything is served", async (permission, problem) => {
  const tool = defineTool({
    name: "pay",
    title: "Pay",
    description: "Pays.",
    permissions: ["x"],
    annotations: {
      readOnlyHint: false,
      destructiveHint: false,
      idempotentHint: false,
      openWorldHint: false,
    },
    input: z.object({}),
    run: () => "paid",
  });
  const wrong = { ...tool, permissions: [permission] };
  const { problems } = await createCatalogue({ tools: [wrong as unknown as typeof tool] });
  expect(problems).toEqual([{ variable: "tool pay", problem: expect.stringContaining(problem) }]);
});
