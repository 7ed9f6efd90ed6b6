import fc from "fast-check";
import { expect, it } from "vitest";
import { contrastOf, darkShades, lightShades } from "../../../src/pages/colour.ts";

const colour = fc
  .integer({ min: 0, max: 0xff_ff_ff })
  .map((value) => `#${value.toString(16).padStart(6, "0")}`);

it.each([
  ["light", lightShades, ["#ffffff", "#f3f5f7"]],
  ["dark", darkShades, ["#17202a", "#0e141a"]],
] as const)("any colour at all can be read on every %s ground", (_name, shadesOf, grounds) => {
  fc.assert(
    fc.property(colour, (chosen) => {
      const { brand, "on-brand": onBrand, "brand-pressed": pressed } = shadesOf(chosen);
      for (const ground of grounds) expect(contrastOf(brand, ground)).toBeGreaterThanOrEqual(4.5);
      for (const shade of [brand, pressed])
        expect(contrastOf(onBrand, shade)).toBeGreaterThanOrEqual(4.5);
    }),
  );
});
