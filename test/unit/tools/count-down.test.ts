import { expect, it } from "vitest";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import { defineTool } from "../../../src/mcp/tool.ts";
import { countDown } from "../../../src/tools/count-down.ts";
import { call, endpointOf, type Era, tokenOf } from "../mcp/endpoint.ts";

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
