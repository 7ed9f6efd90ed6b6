import { expect, it } from "vitest";
import * as z from "zod";
import { spellOut } from "../../../src/mcp/schema.ts";

const ANYTHING = ["string", "number", "boolean", "object", "array", "null"].map((type) => ({
  type,
}));

const written = (schema: z.ZodType) => spellOut(JSON.parse(JSON.stringify(z.toJSONSchema(schema))));

it("writes out what an empty schema means, at every depth", () => {
  const schema = z.object({
    profile: z.record(z.string(), z.unknown()),
    value: z.unknown().describe("Whatever it is"),
    list: z.array(z.object({ any: z.any() })),
    either: z.union([z.string(), z.unknown()]),
  });
  expect(written(schema)).toMatchObject({
    properties: {
      profile: { type: "object", propertyNames: { type: "string" }, additionalProperties: true },
      value: { description: "Whatever it is", anyOf: ANYTHING },
      list: { type: "array", items: { properties: { any: { anyOf: ANYTHING } } } },
      either: { anyOf: [{ type: "string" }, { anyOf: ANYTHING }] },
    },
  });
});

it("leaves a schema that says something as it is", () => {
  const schema = z.object({
    a: z.string().nullable().default(null),
    b: z.strictObject({ c: z.int().min(1) }).optional(),
    d: z.enum(["x", "y"]),
  });
  expect(written(schema)).toEqual(JSON.parse(JSON.stringify(z.toJSONSchema(schema))));
});
