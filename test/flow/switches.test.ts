/**
 * What an operator can switch off by a variable, without losing anything: the whole server, a
 * client, a permission. Each takes a new version of the Worker, which is live within a minute.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type House, startHouse } from "../support/house.ts";
import { callMcp, meetStranger, type Stranger, type Tokens } from "../support/stranger.ts";

let house: House;
let client: Stranger;
let tokens: Tokens;

beforeAll(async () => {
  house = await startHouse();
  client = await meetStranger(`${house.issuer}/mcp`);
  tokens = await client.signIn("ada");
});
afterAll(() => house.stop());

const list = (url: string) => callMcp(`${url}/mcp`, tokens.access_token, { method: "tools/list" });

it("DOWN_FOR_WORK answers 503 everywhere, asks clients to come again, and ends nothing", async () => {
  const worker = await house.startAnother({ DOWN_FOR_WORK: "true" });
  for (const path of ["/mcp", "/token", "/authorize", "/.well-known/oauth-authorization-server"]) {
    const response = await fetch(worker.url + path, { method: path === "/token" ? "POST" : "GET" });
    expect([path, response.status, response.headers.get("retry-after")]).toEqual([path, 503, "60"]);
  }
  const page = await fetch(`${worker.url}/`, { headers: { accept: "text/html" } });
  expect(page.status).toBe(503);
  expect((await fetch(`${worker.url}/health`)).status).toBe(200);
  expect((await list(house.issuer)).response.status).toBe(200);
});

it("BLOCKED_CLIENTS refuses a client's tokens, without sending it to sign in again", async () => {
  const worker = await house.startAnother({ BLOCKED_CLIENTS: `other, ${client.clientId}` });
  const { response } = await list(worker.url);
  expect(response.status).toBe(403);
  expect(await response.text().catch(() => "")).not.toContain("invalid_token");
  const others = await house.startAnother({ BLOCKED_CLIENTS: "other" });
  expect((await list(others.url)).response.status).toBe(200);
});

it("BLOCKED_PERMISSIONS takes what needs them out of everybody's list", async () => {
  const worker = await house.startAnother({ BLOCKED_PERMISSIONS: "tool:explain_access" });
  const names = (await list(worker.url)).answer.result?.tools?.map(({ name }) => name);
  expect(names).toContain("get_user_info");
  expect(names).not.toContain("explain_access");
});
