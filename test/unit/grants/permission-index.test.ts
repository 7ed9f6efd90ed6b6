import fc from "fast-check";
import { expect, it } from "vitest";
import { createPermissionIndex } from "../../../src/grants/permission-index.ts";

const MANY = Array.from({ length: 500 }, (_, number) => `permission:${number}`);

it("says five hundred permissions in a hundred characters", async () => {
  const index = await createPermissionIndex(MANY);
  expect(index.encode(MANY)).toHaveLength(84);
});

it("brings back what went in, each once, whatever the order of the list", async () => {
  const index = await createPermissionIndex(MANY);
  const other = await createPermissionIndex([...MANY, ...MANY].toReversed());
  expect(other.list).toBe(index.list);
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...MANY)), (chosen) => {
      const expected = [...new Set(chosen)].toSorted();
      expect(index.decode(other.encode(chosen))).toEqual(expected);
    }),
  );
});

it.each<[string, readonly string[]]>([
  ["one more", [...MANY, "permission:500"]],
  ["one less", MANY.slice(1)],
  ["none", []],
])("a list with %s has another name", async (_case, permissions) => {
  const index = await createPermissionIndex(MANY);
  expect((await createPermissionIndex(permissions)).list).not.toBe(index.list);
});

it("knows nothing but its list", async () => {
  const index = await createPermissionIndex(["a", "b"]);
  expect(index.decode(index.encode(["b", "c"]))).toEqual(["b"]);
  expect(index.decode("")).toEqual([]);
  expect(index.decode("____")).toEqual(["a", "b"]);
});

it("reads a text once, and a thousand others do not change it", async () => {
  const index = await createPermissionIndex(MANY);
  const bits = index.encode(["permission:7"]);
  expect(index.decode(bits)).toBe(index.decode(bits));
  for (const name of MANY) index.decode(index.encode([name, ...MANY.slice(0, 2)]));
  for (const name of MANY) index.decode(index.encode([name, ...MANY.slice(0, 3)]));
  expect(index.decode(bits)).toEqual(["permission:7"]);
});
