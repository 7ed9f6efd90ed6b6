import { expect, it } from "vitest";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import { defineTool } from "../../../src/mcp/tool.ts";
import { countDown } from "../../../src/tools/count-down.ts";
import { call, endpointOf, type Era, tokenOf } from "../mcp/endpoint.ts";

const endpoint = endpointOf({ catalogue: createCatalogue({ tools: [countDown] }) });

it.each(["2025-11-25", "2026-07-28"] as const)("reports each step in %s", async (era) => {
  const params = {
    name: "count_down",
    arguments: { from: 3, step_ms: 1 },
    _meta: { progressToken: 7 },
  };
  const { text } = await endpoint(call(era, "tools/call", params, await tokenOf()));
  expect(
    [...text.matchAll(/"progress":(\d),"total":3,"message":"(\d) to go"/g)].map(
      ([, done, left]) => [done, left],
    ),
  ).toEqual([
    ["1", "2"],
    ["2", "1"],
    ["3", "0"],
  ]);
  expect(text).toContain("Lift-off.");
});

it.each([{ from: 0 }, { from: 21 }, { from: 1.5 }, { step_ms: 0 }, { step_ms: 1001 }])(
  "refuses %o",
  async (input) => {
    const params = { name: "count_down", arguments: input };
    const { body } = await endpoint(call("2026-07-28", "tools/call", params, await tokenOf()));
    expect(body).toMatchObject({
      result: {
        isError: true,
        content: [{ text: expect.stringContaining("Invalid arguments for tool count_down") }],
      },
    });
  },
);

it.each<Era>(["2025-11-25", "2026-07-28"])(
  "stops counting when the client hangs up in %s",
  async (era) => {
    const gone = new AbortController();
    const { promise: outcome, resolve } = Promise.withResolvers<string>();
    if (countDown.output !== undefined) throw new Error("it answers in text");
    const { run } = countDown;
    const watched = defineTool({
      ...countDown,
      async run(input, context) {
        gone.abort();
        resolve(
          await Promise.resolve(run(input, context)).then(
            () => "finished",
            () => "stopped",
          ),
        );
        return "";
      },
    });
    const request = call(
      era,
      "tools/call",
      { name: "count_down", arguments: { step_ms: 1 } },
      await tokenOf(),
    );
    void endpointOf({ catalogue: createCatalogue({ tools: [watched] }) })(
      new Request(request, { signal: gone.signal }),
    ).catch(() => undefined);
    expect(await outcome).toBe("stopped");
  },
);
