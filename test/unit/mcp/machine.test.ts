/** What a machine meets at `/mcp`: the same tools, and nothing that assumes a person. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { defineTool } from "../../../src/mcp/tool.ts";
import { serve } from "../../support/tool-kit.ts";
import { call, endpointOf } from "./endpoint.ts";
import { claimsOf, permissionsOf, signingKeys } from "./endpoint.ts";
import { signAccessToken } from "../../../src/grants/access-token.ts";

const read = { readOnlyHint: true, destructiveHint: false, idempotentHint: true };

const whoami = defineTool({
  name: "whoami",
  title: "Who am I",
  description: "Says who calls.",
  permissions: ["a:read"],
  annotations: { ...read, openWorldHint: false },
  input: z.object({}),
  run: (_input, { auth }) => `${auth.kind} with ${auth.permissions.join(" ")}`,
});

const profile = defineTool({
  ...whoami,
  name: "profile",
  run: async (_input, { auth }) => JSON.stringify(await auth.userInfo()),
});

const erase = defineTool({
  ...whoami,
  name: "erase",
  annotations: { ...read, readOnlyHint: false, destructiveHint: true, openWorldHint: false },
  confirm: () => "Erase it?",
  run: () => "Erased.",
});

const elsewhere = defineTool({
  ...whoami,
  name: "elsewhere",
  run: async (_input, { auth }) => (await auth.connectionToken("google-oauth2")).token,
});

const server = serve({ tools: [whoami, profile, erase, elsewhere] });
const machine = { kind: "machine", userId: "robot" } as const;

describe("a machine", () => {
  it("calls a tool under its permissions, and the log says what it is", async () => {
    const { text, log } = await server.as(["a:read"], machine).call("whoami");
    expect(text).toBe("machine with a:read");
    expect(log).toMatchObject({ user: "robot", caller: "machine", tool: "whoami" });
  });

  it.each([
    ["profile", "no profile"],
    ["elsewhere", "no accounts"],
  ])("has nothing that is a person's: %s", async (tool, what) => {
    const { text, isError, status } = await server.as(["a:read"], machine).call(tool);
    expect({ text, isError, status }).toEqual({
      text: `A machine calls here: it has ${what}.`,
      isError: true,
      status: 200,
    });
  });

  it.each(["2026-07-28", "2025-11-25"] as const)(
    "that lacks a permission hears its name, never a challenge (%s)",
    async (revision) => {
      const narrowed = server.as(["a:read"], { ...machine, granted: [], revision });
      const { status, isError, text, challenge } = await narrowed.call("whoami");
      expect({ status, isError, challenge }).toEqual({ status: 200, isError: true, challenge: [] });
      expect(text).toContain("Missing: a:read.");
      expect(await narrowed.tools()).toEqual([]);
    },
  );

  it("is not sent to a page of ours when a person has to answer", async () => {
    const { text, isError } = await server
      .as(["a:read"], { ...machine, canAsk: false })
      .call("erase");
    expect(isError).toBe(true);
    expect(text).toBe(
      "A person has to answer first, and a machine calls: “Erase it?” Nothing was done.",
    );
  });
});

describe("a person", () => {
  it("is one to the tools and to the log", async () => {
    const { text, log } = await server.as(["a:read"]).call("whoami");
    expect(text).toBe("person with a:read");
    expect(log).toMatchObject({ caller: "person" });
  });

  it("is challenged for what they did not grant", async () => {
    const { status, challenge } = await server.as(["a:read"], { granted: [] }).call("whoami");
    expect(status).toBe(403);
    expect(challenge).toContain("a:read");
  });

  it("is who an access token speaks for that does not say it", async () => {
    const { kind: _, ...older } = claimsOf({ permissions: permissionsOf(["tool:get_user_info"]) });
    const token = await signAccessToken(older, signingKeys);
    const { status, noted } = await endpointOf()(call("2025-11-25", "tools/list", {}, token));
    expect(status).toBe(200);
    expect(noted).toMatchObject({ caller: "person" });
  });
});

it("is refused when it is of another kind than there is", async () => {
  const claims = { ...claimsOf(), kind: "robot" as "machine" };
  const token = await signAccessToken(claims, signingKeys);
  const { status, noted } = await endpointOf()(call("2025-11-25", "tools/list", {}, token));
  // Another version's, which nobody is sent to sign in for.
  expect(status).toBe(503);
  expect(noted).toMatchObject({ reason: "access_token_newer" });
});
