import { expect, it } from "vitest";
import { loadConfig } from "../../src/config.ts";

it("lists every problem at once, by name", () => {
  const problems = loadConfig({}, new URL("https://mcp.example.com/"));
  expect(problems).toContainEqual({ variable: "RESOURCE_BASE_URL", problem: "is missing" });
});
