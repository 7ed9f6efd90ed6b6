import { expect, it } from "vitest";
import { describeRemembered } from "../../../src/people/remembered.ts";

const tool = (name: string, title: string, stateName?: string) => ({
  name,
  title,
  description: title,
  permissions: [],
  ...(stateName === undefined ? {} : { stateName }),
});
const parts = {
  now: () => 1000,
  tools: [tool("note", "Note"), tool("erase_note", "Erase the note", "note"), tool("cart", "Cart")],
};
const entry = (of: string, field: string, until = 2000) => ({ tool: of, field, until });

it.each([
  ["the tools that share it", "note", ["Note", "Erase the note"]],
  ["the tool", "cart", ["Cart"]],
  ["its name, of a tool that is gone", "basket", ["basket"]],
  ["the tool and the organization", "acme cart", ["Cart (acme)"]],
])("is told by %s", (_, kept, titles) => {
  expect(describeRemembered([entry(kept, "a")], parts)).toMatchObject([{ tool: kept, titles }]);
});

it("counts what lives, until the last of it ends", () => {
  const entries = [
    entry("note", "a"),
    entry("note", "b", 3000),
    entry("note", "c", 1000),
    entry("cart", "d", 999),
  ];
  expect(describeRemembered(entries, parts)).toMatchObject([
    { tool: "note", count: 2, until: 3000 },
  ]);
});
