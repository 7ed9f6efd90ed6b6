// test/unit/tools/convert.test.ts
import { expect, it } from "vitest";
import { convert } from "./convert.ts";
import { serve } from "../../support/tool-kit.ts";

const server = serve({ tools: [convert] });

it.each(["2025-11-25", "2026-07-28"] as const)("converts in %s", async (revision) => {
  const ada = server.as(["weather:read"], { revision });
  const { structured } = await ada.call("convert_temperature", { celsius: 100 });
  expect(structured).toEqual({ fahrenheit: 212 });
});

it("is hidden from whom lacks the permission", async () => {
  const { isError, text } = await server.as([]).call("convert_temperature", { celsius: 1 });
  expect([isError, text.includes("weather:read")]).toEqual([true, true]);
});

it("can be called plainly too: its types are known", () => {
  const { run } = convert;
  expect(run).toBeTypeOf("function");
});
