/**
 * What an operator can switch off by a variable, without losing anything: the whole server, a
 * client, a permission. Each takes a new version of the Worker, which is live within a minute.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type House, startHouse } from "../support/house.ts";
import { clientAt } from "../support/sessions.ts";
import { callMcp, json, meetStranger, type Stranger, type Tokens } from "../support/stranger.ts";

let house: House;
let client: Stranger;
let tokens: Tokens;

beforeAll(async () => {
  house = await startHouse();
  client = await meetStranger(`${house.issuer}/mcp`);
  tokens = await client.signIn("ada");
});
afterAll(() => house.stop());

const LIST = { method: "tools/list" };
const list = (url: string) => callMcp(`${url}/mcp`, tokens.access_token, LIST);

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
  const at = clientAt(client, worker);
  const refreshed = await at.refresh(tokens.refresh_token);
  expect([refreshed.status, (await refreshed.json()).error]).toEqual([403, "access_denied"]);
  const page = await fetch(new URL(client.begin().url.href.replace(house.issuer, worker.url)), {
    redirect: "manual",
    headers: { accept: "text/html" },
  });
  expect([page.status, page.headers.get("location")]).toEqual([403, null]);
  expect(await page.text()).toContain("client_blocked");
  // Nothing was lost by it.
  const renewed = await json<Tokens>(await client.refresh(tokens.refresh_token), 200);
  const { response: called } = await callMcp(`${house.issuer}/mcp`, renewed.access_token, LIST);
  expect(called.status).toBe(200);
  const others = await house.startAnother({ BLOCKED_CLIENTS: "other" });
  expect((await list(others.url)).response.status).toBe(200);
});

it("BLOCKED_PERMISSIONS takes what needs them out of everybody's list", async () => {
  const worker = await house.startAnother({ BLOCKED_PERMISSIONS: "tool:explain_access" });
  const names = (await list(worker.url)).answer.result?.tools?.map(({ name }) => name);
  expect(names).toContain("get_user_info");
  expect(names).not.toContain("explain_access");
  // Neither on the direct way, nor as the SDK answers, is it called.
  for (const params of [
    { name: "explain_access", arguments: {} },
    { name: "explain_access", arguments: {}, _meta: { progressToken: 1 } },
  ]) {
    const call = { method: "tools/call", params };
    const { answer } = await callMcp(`${worker.url}/mcp`, tokens.access_token, call);
    expect(answer.result?.isError).toBe(true);
    const before = await callMcp(`${house.issuer}/mcp`, tokens.access_token, call);
    expect(before.answer.result?.isError).not.toBe(true);
  }
});
