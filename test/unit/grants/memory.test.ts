import { expect, it } from "vitest";
import { createMemory } from "../../../src/grants/memory.ts";

const NOW = 1_800_000_000;

it("recalls what is young enough, until it is replaced", () => {
  const memory = createMemory<string>(10);
  memory.keep("a", "1", NOW);
  expect(memory.recall("a", { now: NOW + 29, maxAgeSeconds: 30 })).toBe("1");
  expect(memory.recall("a", { now: NOW + 30, maxAgeSeconds: 30 })).toBeUndefined();
  expect(memory.recall("a", { now: NOW, maxAgeSeconds: 0 })).toBeUndefined();
  memory.keep("a", "2", NOW + 30);
  expect(memory.recall("a", { now: NOW + 30, maxAgeSeconds: 30 })).toBe("2");
});

it("lets the oldest go when it is full", () => {
  const memory = createMemory<number>(2);
  ["a", "b", "a", "c"].forEach((name, index) => memory.keep(name, index, NOW));
  const recalled = ["a", "b", "c"].map((name) =>
    memory.recall(name, { now: NOW, maxAgeSeconds: 1 }),
  );
  expect(recalled).toEqual([2, undefined, 3]);
});
