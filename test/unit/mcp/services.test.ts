/** What of the environment a tool sees. */
import { expect, expectTypeOf, it } from "vitest";
import { type Env, OWN_NAMES } from "../../../src/config.ts";
import { toolEnvOf } from "../../../src/mcp/services.ts";
import type { ToolEnv } from "../../../src/mcp/tool-context.ts";
import example from "../../../.dev.vars.example?raw";
import wrangler from "../../../wrangler.toml?raw";

/** What stands above the line that says so is this server's own. */
const ours = [
  ...above(example, "# --- Yours").matchAll(/^(?:# )?([A-Z][A-Z0-9_]+)=/gm),
  ...above(wrangler, "# Yours from here").matchAll(/^(?:name|binding) = "([A-Z_]+)"/gm),
].map(([, name = ""]) => name);

it("hides every variable and binding of this server's own", () => {
  expect(ours).toEqual(expect.arrayContaining(["JWT_SIGNING_KEY", "LIMIT_CALLS", "VERSION"]));
  const env = Object.fromEntries([...ours, "METRICS", "INVOICES"].map((name) => [name, "a value"]));
  expect(Object.keys(toolEnvOf(env).env)).toEqual(["INVOICES"]);
});

it("types none of them either", () => {
  expectTypeOf<keyof Env & keyof ToolEnv>().toEqualTypeOf<never>();
  const known: readonly (keyof Env)[] = ["LIMIT_CALLS", "VERSION", "METRICS", "JWT_SIGNING_KEY"];
  expect(OWN_NAMES).toEqual(expect.arrayContaining([...known]));
});

function above(text: string, line: string): string {
  const [before = ""] = text.split(line);
  return before;
}
