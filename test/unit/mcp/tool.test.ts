import { expect, expectTypeOf, it } from "vitest";
import * as z from "zod";
import { defineTool, ToolError } from "../../../src/mcp/tool.ts";

const facts = { name: "probe", title: "Probe", description: "A tool for a test." };
const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
const input = z.object({ count: z.int().default(1) });

it("infers what a tool is given and what it must return from its schemas", () => {
  defineTool({
    ...facts,
    permissions: [],
    annotations,
    input,
    output: z.object({ total: z.number() }),
    run({ count }, { auth, signal }) {
      expectTypeOf(count).toEqualTypeOf<number>();
      expectTypeOf(auth.permissions).toEqualTypeOf<readonly string[]>();
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      return { total: count };
    },
  });
});

it("does not compile without permissions, without annotations, or with a result of another shape", () => {
  // @ts-expect-error permissions are mandatory
  defineTool({ ...facts, annotations, input, run: () => "done" });
  // @ts-expect-error annotations are mandatory
  defineTool({ ...facts, permissions: [], input, run: () => "done" });
  const oneHint = { readOnlyHint: true };
  // @ts-expect-error every hint is mandatory
  defineTool({ ...facts, permissions: [], annotations: oneHint, input, run: () => "done" });
  const output = z.object({ total: z.number() });
  const whole = { ...facts, permissions: [], annotations, input };
  // @ts-expect-error the output schema asks for a number
  defineTool({ ...whole, output, run: () => ({ total: "1" }) });
  const nested = z.object({ address: z.object({ city: z.string() }) });
  defineTool({
    ...whole,
    async run(_input, { ask }) {
      // @ts-expect-error a form asks for nothing within something else
      return (await ask({ message: "Where?", schema: nested })).action;
    },
  });
  // @ts-expect-error without an output schema the result is text or content
  defineTool({ ...facts, permissions: [], annotations, input, run: () => ({ total: 1 }) });
});

it("carries the message that a caller may read", () => {
  expect(new ToolError("No such city.")).toMatchObject({
    name: "ToolError",
    message: "No such city.",
  });
});
