/** The smoke test, rehearsed: it is ready for whoever has accounts, and never skipped in silence. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium } from "../support/chromium.ts";
import { type House, startHouse } from "../support/house.ts";

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.stop());

async function smoke(variables: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ["dev/smoke.ts"], {
    env: { PATH: process.env["PATH"] ?? "", ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const texts: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => texts.push(text));
  const [code] = await once(child, "close");
  return { code, output: texts.join("") };
}

it("says aloud that it was skipped, and what it needs", async () => {
  const { code, output } = await smoke({});
  expect(output).toMatch(
    /^SKIPPED: nothing real was tested\.\n\nnpm run smoke needs\n {2}SMOKE_URL/,
  );
  expect(code).toBe(0);
});

it.each([
  [{ SMOKE_URL: "https://mcp.acme.test" }, /SMOKE_EMAIL, SMOKE_PASSWORD is missing/],
  [
    { SMOKE_URL: "https://mcp.acme.test", SMOKE_PERSON: "ada", SMOKE_FILE: "/nowhere" },
    /There is no file \/nowhere/,
  ],
])("half asked for it is no skip: %j", async (variables, says) => {
  const { code, output } = await smoke(variables);
  expect(output).toMatch(says);
  expect(code).toBe(2);
});

describe.skipIf(findChromium() === undefined)("with a browser of its own", () => {
  const set = () => ({ ...house.variables, SMOKE_URL: house.issuer });

  it("goes the whole way of every client, sign-in included", { timeout: 120_000 }, async () => {
    const { code, output } = await smoke({ ...set(), SMOKE_PERSON: "ada" });
    expect(output).toMatch(/10\. the official Python SDK renews its token: it is let in/);
    expect(output).not.toContain("✗");
    expect(output).toMatch(/^PASSED: \d+ steps\.$/m);
    expect(code).toBe(0);
  });

  it("fails when a client cannot come through", { timeout: 120_000 }, async () => {
    house.tenant.control.fail("token", { status: 503 });
    const { code, output } = await smoke({ ...set(), SMOKE_PERSON: "eve" });
    house.tenant.control.clear();
    expect(output).toMatch(/✗ .*signs? in/);
    expect(output).toMatch(/^FAILED at Client, client: 6\. Claude .*signs in: /m);
    expect(output).toMatch(/^FAILED at Client, client: 6\. Codex signs in: /m);
    expect(code).toBe(1);
  });
});
