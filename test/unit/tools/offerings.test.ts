/** What holds of everything in `src/tools/`, whatever that is. */
import { expect, it } from "vitest";
import { offerings } from "../../../src/tools/index.ts";

const { tools, prompts = [], resources = [] } = offerings;

it.each([...tools, ...prompts, ...resources].map((item) => [item.name, item] as const))(
  "%s says what it is for",
  (_name, { title, description }) => {
    expect(title.length).toBeGreaterThan(3);
    expect(description.length).toBeGreaterThan(20);
  },
);
