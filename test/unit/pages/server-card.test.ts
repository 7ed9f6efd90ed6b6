import { describe, expect, it } from "vitest";
import { answerDocument, describeServer } from "../../../src/pages/server-card.ts";
import { site } from "../../support/served.ts";

const documents = describeServer({
  issuer: "https://mcp.example.com",
  site: { ...site, description: "Tools. ".repeat(40) },
  version: "1.2.3",
});
const bodyOf = async (path: keyof typeof documents) =>
  JSON.parse(await (await answerDocument(documents[path], undefined)).text());

describe("the server card", () => {
  it("says who this is and where, and names no tool", async () => {
    const card = await bodyOf("/mcp/server-card");
    expect(card).toMatchObject({
      $schema: "https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json",
      name: "com.example.mcp/house",
      version: "1.2.3",
      title: "The House",
      remotes: [{ type: "streamable-http", url: "https://mcp.example.com/mcp" }],
      icons: [{ src: "https://mcp.example.com/favicon.svg", mimeType: "image/svg+xml" }],
    });
    expect([...card.description].length).toBeLessThanOrEqual(100);
    expect(card.name).toMatch(/^[\w.-]+\/[\w.-]+$/);
    expect(Object.keys(card)).not.toContain("tools");
    expect(await bodyOf("/.well-known/mcp/server-card.json")).toEqual(card);
  });

  it("is found through the catalog, and has an entry for the registry", async () => {
    const catalog = await bodyOf("/.well-known/ai-catalog.json");
    expect(catalog).toEqual({
      specVersion: "1.0",
      entries: [
        {
          identifier: "urn:air:mcp.example.com:house",
          displayName: "The House",
          type: "application/mcp-server-card+json",
          url: "https://mcp.example.com/mcp/server-card",
        },
      ],
    });
    expect(await bodyOf("/server.json")).toMatchObject({
      $schema: "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
      name: "com.example.mcp/house",
    });
  });

  it.each([
    ["/mcp/server-card", "application/mcp-server-card+json"],
    ["/.well-known/ai-catalog.json", "application/ai-catalog+json"],
    ["/server.json", "application/json"],
  ] as const)("%s is %s, for any page, and may be kept", async (path, type) => {
    const { status, headers } = await answerDocument(documents[path], undefined);
    expect(status).toBe(200);
    expect(headers.get("Content-Type")).toBe(type);
    expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(headers.get("Cache-Control")).toBe("public, max-age=3600");
  });

  it("is not sent again to who has it", async () => {
    const card = documents["/mcp/server-card"];
    const etag = (await answerDocument(card, undefined)).headers.get("ETag") ?? "";
    expect(etag).toMatch(/^"[^"]{16}"$/);
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const answer = await answerDocument(card, known);
      expect([answer.status, await answer.text()]).toEqual([304, ""]);
      expect(answer.headers.get("ETag")).toBe(etag);
    }
    expect((await answerDocument(card, '"x"')).status).toBe(200);
  });
});
