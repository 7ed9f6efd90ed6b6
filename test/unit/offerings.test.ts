/** What holds of everything in `src/tools/`, whatever that is. */
import { describe, expect, it } from "vitest";
import { createCatalogue } from "../../src/mcp/catalogue.ts";
import { offerings } from "../../src/tools/index.ts";
import { serve } from "../support/tool-kit.ts";

const { tools, prompts = [], resources = [], templates = [] } = offerings;
const all = [...tools, ...prompts, ...resources, ...templates];

it.each(all.map((item) => [item.name, item] as const))(
  "%s says what it is for",
  (_name, { title, description }) => {
    expect(title.length).toBeGreaterThan(3);
    expect(description.length).toBeGreaterThan(20);
  },
);

it("is defined without mistakes", async () => {
  expect((await createCatalogue(offerings)).problems).toEqual([]);
});

/** Each tool with each of its permissions. */
const guarded = [...(await createCatalogue(offerings)).tools].flatMap(
  ([
    name,
    {
      item: { permissions },
    },
  ]) => permissions.map((missing) => [name, missing, permissions] as const),
);

describe.each(guarded)("%s without %s", (name, missing, permissions) => {
  const others = permissions.filter((permission) => permission !== missing);

  it.each(["2025-11-25", "2026-07-28"] as const)(
    "in %s: a caller who does not hold it is told which permission is missing",
    async (revision) => {
      const caller = serve(offerings).as(others, { revision });
      const { status, isError, text, log } = await caller.call(name);
      expect([status, isError]).toEqual([200, true]);
      expect(text).toContain(missing);
      expect(log).toMatchObject({ outcome: "denied" });
      expect(await caller.tools()).not.toContain(name);
    },
  );

  it.each(["2025-11-25", "2026-07-28"] as const)(
    "in %s: a caller who holds but did not grant it is asked to",
    async (revision) => {
      const caller = serve(offerings).as(permissions, { revision, granted: others });
      const { status, challenge } = await caller.call(name);
      expect(status).toBe(403);
      expect(challenge).toContain(missing);
      expect(await caller.tools()).toContain(name);
    },
  );
});
