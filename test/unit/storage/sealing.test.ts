import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSealer } from "../../../src/storage/sealing.ts";

const secret = (fill: number) => new Uint8Array(32).fill(fill);
const PLACE = "mcp:place";

/** The text with one character of its data replaced by another of the alphabet. */
function flip(sealed: string, at: number): string {
  const start = sealed.lastIndexOf(".") + 1;
  const index = start + (at % (sealed.length - start));
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const next = alphabet[(alphabet.indexOf(sealed[index] ?? "") + 32) % 64] ?? "";
  return sealed.slice(0, index) + next + sealed.slice(index + 1);
}

it("opens what it sealed, whatever it was and wherever it lay", async () => {
  const sealer = await createSealer([secret(1)]);
  const texts = fc.string({ unit: "binary" });
  await fc.assert(
    fc.asyncProperty(texts, fc.string(), async (text, place) => {
      expect(await sealer.open(await sealer.seal(text, place), place)).toEqual({ text });
    }),
    { numRuns: 50 },
  );
});

it("opens nothing of which any part was changed", async () => {
  const sealer = await createSealer([secret(1)]);
  const sealed = await sealer.seal("a text of some length, so that there is much to change", PLACE);
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (at) => {
      expect(await sealer.open(flip(sealed, at), PLACE)).toEqual({ problem: "damaged" });
    }),
    { numRuns: 100 },
  );
});

it("opens nothing that was cut, at any length", async () => {
  const sealer = await createSealer([secret(1)]);
  const sealed = await sealer.seal("text", PLACE);
  for (let length = 0; length < sealed.length; length++)
    expect(await sealer.open(sealed.slice(0, length), PLACE)).toHaveProperty("problem");
});

describe("does not open", () => {
  it.each([
    ["", "not_sealed"],
    ["text", "not_sealed"],
    ['{"userId":"u"}', "not_sealed"],
    ["v1.short.AAAA", "not_sealed"],
    ["v2.abcdefgh.AAAA", "unknown_format"],
    ["v12.abcdefgh.AAAA", "unknown_format"],
    ["v2.short.AAAA", "not_sealed"],
    ["v1.abcdefgh.AA AA", "not_sealed"],
    ["v1.abcdefgh.AAAA\n", "not_sealed"],
    ["v1.abcdefgh.AAAA", "unknown_key"],
  ])("%j: %s", async (text, problem) => {
    const sealer = await createSealer([secret(1)]);
    expect(await sealer.open(text, PLACE)).toEqual({ problem });
  });

  it("what was sealed for another place", async () => {
    const sealer = await createSealer([secret(1)]);
    const sealed = await sealer.seal("text", PLACE);
    expect(await sealer.open(sealed, `${PLACE}2`)).toEqual({ problem: "damaged" });
  });

  it("what another key sealed, even under the name of ours", async () => {
    const [ours, theirs] = [await createSealer([secret(1)]), await createSealer([secret(2)])];
    const sealed = await theirs.seal("text", PLACE);
    expect(await ours.open(sealed, PLACE)).toEqual({ problem: "unknown_key" });
    const renamed = sealed.replace(theirs.keyIds[0] ?? "", ours.keyIds[0] ?? "");
    expect(await ours.open(renamed, PLACE)).toEqual({ problem: "damaged" });
  });
});

it("seals with the first key of a ring and opens with each", async () => {
  const older = await createSealer([secret(1)]);
  const ring = await createSealer([secret(2), secret(1)]);
  const sealed = await older.seal("text", PLACE);
  expect(await ring.open(sealed, PLACE)).toEqual({ text: "text" });
  expect([ring.isCurrent(sealed), ring.isCurrent(await ring.seal("text", PLACE))]).toEqual([
    false,
    true,
  ]);
  expect(ring.keyIds[1]).toBe(older.keyIds[0]);
  expect(await older.open(await ring.seal("text", PLACE), PLACE)).toEqual({
    problem: "unknown_key",
  });
});

it("never seals the same text twice to the same", async () => {
  const sealer = await createSealer([secret(1)]);
  const sealed = await Promise.all(Array.from({ length: 1000 }, () => sealer.seal("text", PLACE)));
  const nonces = sealed.map((text) => text.split(".")[2]?.slice(0, 16));
  expect(new Set(nonces).size).toBe(1000);
});
