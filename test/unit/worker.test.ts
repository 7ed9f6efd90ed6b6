import { createExecutionContext } from "cloudflare:test";
import { afterEach, expect, it, vi } from "vitest";
import { createWorker } from "../../src/worker.ts";
import { served, site } from "../support/served.ts";

const ENV = { AUTH_ENABLED: "false", RESOURCE_BASE_URL: "http://localhost:8787" };

async function ask(colour: `#${string}`, path: string): Promise<Response> {
  const worker = await Promise.resolve(createWorker({ ...served, site: { ...site, colour } }));
  const request = new Request(`http://localhost:8787${path}`);
  return worker.fetch(request, ENV, createExecutionContext());
}

afterEach(() => void vi.restoreAllMocks());

it("answers 500 while the site is wrong, and names what is", async () => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  const response = await ask("#red", "/health");
  expect(response.status).toBe(500);
  expect(said.mock.calls.flat().join()).toContain(
    '{"variable":"src/site.ts: colour","problem":"must be written as #rrggbb"}',
  );
});

it("serves the site's own icon once it is right", async () => {
  const response = await ask("#123456", "/favicon.svg");
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('fill="#123456"');
});

it("names the deployed version in its line, and else the one of the package", async () => {
  const said = vi.spyOn(console, "log").mockImplementation(() => {});
  const worker = async () => createWorker({ ...served, version: "1.2.3" });
  const request = new Request("http://localhost:8787/health");
  await (await worker()).fetch(request, ENV, createExecutionContext());
  const deployed = { ...ENV, VERSION: { id: "9f2c1a7b-3e4d-5f60-8a9b-0c1d2e3f4a5b" } };
  await (await worker()).fetch(request, deployed, createExecutionContext());
  expect(said.mock.calls.map(([line]) => versionIn(String(line)))).toEqual(["1.2.3", "9f2c1a7b"]);
});

function versionIn(line: string): unknown {
  const { version }: { version?: unknown } = JSON.parse(line);
  return version;
}
