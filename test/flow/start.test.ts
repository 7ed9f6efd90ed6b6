/** The start of an isolate: it prepares and rehearses, and nobody can tell. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type House, startHouse } from "../support/house.ts";

let house: House;

beforeAll(async () => void (house = await startHouse()));
afterAll(() => house.stop());

it("asks nobody and logs nothing before the first request", async () => {
  expect(house.log).toEqual([]);
  expect(house.store.wire.take()).toEqual([]);
  expect(house.tenant.control.count("discovery")).toBe(0);
  const response = await fetch(`${house.issuer}/health`);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: "ok" });
  expect(house.log).toMatchObject([{ route: "/health", status: 200 }]);
});

it("leaves what is wrong with the configuration to the first request", async () => {
  const worker = await house.startAnother({ AUTH0_AUDIENCE: "" });
  expect(worker.log).toEqual([]);
  expect((await fetch(`${worker.url}/health`)).status).toBe(500);
  expect(JSON.stringify(worker.log)).toContain("AUTH0_AUDIENCE");
});

it("waits for a request where the address is not configured", async () => {
  const worker = await house.startAnother({ RESOURCE_BASE_URL: "" });
  const metadata = await fetch(`${worker.url}/.well-known/oauth-protected-resource/mcp`);
  expect(await metadata.json()).toMatchObject({ resource: `${worker.url}/mcp` });
});
