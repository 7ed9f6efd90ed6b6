import { expect, it } from "vitest";
import { skills } from "../../../src/tools/skills.ts";
import { serve } from "../../support/tool-kit.ts";

const offered = skills.filter(({ name }) => name === "explain-access");

it("is read by anybody who is signed in, and speaks of the tool there is", async () => {
  expect(offered).toHaveLength(1);
  const { text } = await serve({ tools: [], skills: offered })
    .as([])
    .read("skill://explain-access/SKILL.md");
  expect(text).toContain("`explain_access`");
});
