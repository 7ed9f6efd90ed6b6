/**
 * A client that was granted less than a tool needs, though its person has it, is asked for more (MCP
 * authorization, runtime insufficient scope): what the official SDKs make of that.
 */
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type House, startHouse } from "../support/house.ts";
import { authorize, createMemory } from "../support/sdk-memory.ts";

const INFO = { name: "a client", version: "1.0.0" };
/** Ada holds more than this. */
const LITTLE = "openid profile email offline_access tool:get_user_info";
const EXPLAIN = { name: "explain_access", arguments: {} };

let house: House;

beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.stop());

const askLittle = (url: URL) => url.searchParams.set("scope", LITTLE);

it.each(["auto", "legacy"] as const)(
  "client 2.x (%s) goes through: it asks its person",
  async (mode) => {
    const memory = createMemory();
    const openTransport = () =>
      new ModernTransport(new URL("/mcp", house.issuer), { authProvider: memory });
    const openClient = () => new ModernClient(INFO, { versionNegotiation: { mode } });
    const first = openTransport();
    await expect(openClient().connect(first)).rejects.toThrow();
    await first.finishAuth(await authorize(memory, "ada", askLittle));
    const client = openClient();
    const transport = openTransport();
    await client.connect(transport);
    expect(await client.callTool({ name: "get_user_info", arguments: {} })).toHaveProperty(
      "structuredContent",
    );

    await expect(client.callTool(EXPLAIN)).rejects.toThrow();
    const scopes = memory.kept.authorizationUrl?.searchParams.get("scope")?.split(" ");
    expect(scopes).toEqual(expect.arrayContaining(["tool:get_user_info", "tool:explain_access"]));
    await transport.finishAuth(await authorize(memory, "ada"));
    expect(await client.callTool(EXPLAIN)).not.toHaveProperty("isError", true);
    await client.close();
  },
);

it("SDK 1.x with a refresh token cannot: it refreshes instead (typescript-sdk#2255)", async () => {
  const memory = createMemory();
  const openTransport = () =>
    new StreamableHTTPClientTransport(new URL("/mcp", house.issuer), { authProvider: memory });
  const first = openTransport();
  await expect(new Client(INFO).connect(first)).rejects.toThrow();
  await first.finishAuth((await authorize(memory, "ada", askLittle)).get("code") ?? "");
  const client = new Client(INFO);
  await client.connect(openTransport());
  const before = memory.kept.tokens?.access_token;

  await expect(client.callTool(EXPLAIN)).rejects.toThrow(/403|scop/i);
  expect(memory.kept.authorizationUrl).toBeUndefined();
  expect(memory.kept.tokens?.access_token).not.toBe(before);
  expect(house.log.at(-1)).toMatchObject({ status: 403, reason: "scope_insufficient" });
  await client.close();
});
