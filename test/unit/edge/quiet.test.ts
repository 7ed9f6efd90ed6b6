import library from "../../../node_modules/@cloudflare/workers-oauth-provider/dist/oauth-provider.js?raw";
import { expect, it } from "vitest";
import { PROVIDER_MESSAGES } from "../../../src/edge/quiet.ts";

it("knows everything that the provider library prints, and that it only warns", () => {
  const printed = [...library.matchAll(/console\.(\w+)\(\s*(.)([^`'"$]{12,40})/g)];
  expect(printed.length).toBeGreaterThan(3);
  for (const [, method, , text = ""] of printed) {
    expect(method).toBe("warn");
    expect(
      PROVIDER_MESSAGES.filter((begin) => text.startsWith(begin.slice(0, text.length))),
    ).toHaveLength(1);
  }
  expect(library.match(/console\./g)).toHaveLength(printed.length);
});
