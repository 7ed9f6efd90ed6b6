/**
 * Clients that people really use, with their own OAuth code: each protocol era, from a URL to a
 * tool's answer.
 */
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
  UnauthorizedError as ModernUnauthorizedError,
} from "@modelcontextprotocol/client";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { PersonKey } from "../../dev/tenant/people.ts";
import { type House, startHouse } from "../support/house.ts";
import { authorize, createMemory } from "../support/sdk-memory.ts";

let house: House;

beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.stop());

interface Progress {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}

/** What the clients have in common. */
interface AnyClient {
  readonly revision: string | undefined;
  accessToken(): string | undefined;
  listTools(): Promise<string[]>;
  callTool(
    name: string,
    input?: Record<string, unknown>,
    onProgress?: (step: Progress) => void,
  ): Promise<unknown>;
  getPrompt(name: string): Promise<unknown>;
  readResource(uri: string): Promise<unknown>;
  close(): Promise<void>;
}

const INFO = { name: "a client", version: "1.0.0" };

const CLIENTS = [
  ["SDK 1.x", "2025-11-25", connectClassic],
  [
    "client 2.x, newest revision first",
    "2026-07-28",
    (person: PersonKey) => connectModern(person, "auto"),
  ],
  [
    "client 2.x, as most use it",
    "2025-11-25",
    (person: PersonKey) => connectModern(person, "legacy"),
  ],
] as const;

describe.each(CLIENTS)("%s", (_name, revision, connect) => {
  let client: AnyClient;

  beforeAll(async () => {
    client = await connect("rob");
  });
  afterEach(() => house.shiftClock(0));
  afterAll(() => client.close());

  it("finds the way from the URL to a connection by itself", () => {
    expect(client.revision).toBe(revision);
  });

  it("lists the tools of the person", async () => {
    expect(await client.listTools()).toEqual(["get_user_info", "get_time", "count_down"]);
  });

  it("calls a tool that needs a permission", async () => {
    const result = await client.callTool("get_user_info");
    expect(result).toMatchObject({
      structuredContent: {
        permissions: ["tool:get_user_info"],
        user_info: { email: "rob@acme.test" },
      },
    });
  });

  it("hears of each step of a slow tool", async () => {
    const steps: Progress[] = [];
    const input = { from: 3, step_ms: 5 };
    const result = await client.callTool("count_down", input, (step) => void steps.push(step));
    expect(result).toMatchObject({ content: [{ type: "text", text: "Lift-off." }] });
    expect(steps).toEqual([
      { progress: 1, total: 3, message: "2 to go" },
      { progress: 2, total: 3, message: "1 to go" },
      { progress: 3, total: 3, message: "0 to go" },
    ]);
  });

  it("is told what is missing by a tool that the person may not use", async () => {
    expect(await client.callTool("explain_access")).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("Missing: tool:explain_access.") }],
    });
  });

  it("is told that a tool does not exist, and that an input is wrong", async () => {
    await expect(client.callTool("no_such_tool")).rejects.toMatchObject({ code: -32_602 });
    expect(await client.callTool("count_down", { from: 0 })).toMatchObject({ isError: true });
  });

  it("gets a prompt and reads a resource", async () => {
    expect(await client.getPrompt("check_access")).toMatchObject({
      messages: [
        { role: "user", content: { text: expect.stringContaining("guide://permissions") } },
      ],
    });
    expect(await client.readResource("guide://permissions")).toMatchObject({
      contents: [
        { mimeType: "text/markdown", text: expect.stringContaining("# How permissions work") },
      ],
    });
  });

  it("goes on without a browser when its access token has expired", async () => {
    const before = client.accessToken();
    await house.shiftClock(3700);
    expect(await client.callTool("get_time")).toHaveProperty("structuredContent");
    expect(client.accessToken()).not.toBe(before);
  });
});

async function connectClassic(person: PersonKey): Promise<AnyClient> {
  const memory = createMemory();
  const openTransport = () =>
    new StreamableHTTPClientTransport(new URL("/mcp", house.issuer), { authProvider: memory });
  const client = new Client(INFO);
  const first = openTransport();
  await expect(client.connect(first)).rejects.toThrow(UnauthorizedError);
  await first.finishAuth((await authorize(memory, person)).get("code") ?? "");
  const transport = openTransport();
  await client.connect(transport);
  return {
    revision: transport.protocolVersion,
    accessToken: () => memory.kept.tokens?.access_token,
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
    callTool: (name, input = {}, onprogress = () => {}) =>
      client.callTool({ name, arguments: input }, undefined, { onprogress }),
    getPrompt: (name) => client.getPrompt({ name, arguments: {} }),
    readResource: (uri) => client.readResource({ uri }),
    close: () => client.close(),
  };
}

async function connectModern(person: PersonKey, mode: "auto" | "legacy"): Promise<AnyClient> {
  const memory = createMemory();
  const openTransport = () =>
    new ModernTransport(new URL("/mcp", house.issuer), { authProvider: memory });
  const openClient = () => new ModernClient(INFO, { versionNegotiation: { mode } });
  const first = openTransport();
  await expect(openClient().connect(first)).rejects.toThrow(ModernUnauthorizedError);
  await first.finishAuth(await authorize(memory, person));
  const client = openClient();
  await client.connect(openTransport());
  return {
    revision: client.getNegotiatedProtocolVersion(),
    accessToken: () => memory.kept.tokens?.access_token,
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
    callTool: (name, input = {}, onprogress = () => {}) =>
      client.callTool({ name, arguments: input }, { onprogress }),
    getPrompt: (name) => client.getPrompt({ name, arguments: {} }),
    readResource: (uri) => client.readResource({ uri }),
    close: () => client.close(),
  };
}
