import { describe, expect, it } from "vitest";
import { installationsOf } from "../../../src/clients/installation.ts";
import { landingMarkdown, renderLanding } from "../../../src/pages/landing.tsx";
import { createLook } from "../../../src/pages/look.ts";
import { site } from "../../support/served.ts";

const FACTS = {
  look: await createLook(site),
  issuer: "https://mcp.example.com",
  installations: installationsOf("https://mcp.example.com"),
  requiresSignIn: true,
  tools: [
    {
      title: "Get user info",
      description: "Your profile.",
      permissions: ["tool:get_user_info", "tool:b"],
    },
    { title: "Time", description: "The time.", permissions: [] },
  ],
};

describe("the landing page", () => {
  it("shows the address, the tools with their permissions, and the way to the connections", async () => {
    const response = renderLanding(FACTS, "text/html,*/*");
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("Vary")).toBe("Accept");
    expect(html).toContain("<code>https://mcp.example.com/mcp</code>");
    expect(html).toContain("Get user info");
    expect(html).toContain("A server for tests.");
    expect(html).toMatch(/tool:get_user_info<\/code>.*tool:b<\/code>/);
    expect(html).toContain("Needs no permission.");
    expect(html).toContain('href="/connections"');
  });

  it("is Markdown for whoever asks for it, with the same facts", async () => {
    const response = renderLanding(FACTS, "text/markdown, text/html;q=0.5");
    const markdown = await response.text();
    expect(response.headers.get("Content-Type")).toBe("text/markdown; charset=utf-8");
    expect(response.headers.get("Vary")).toBe("Accept");
    expect(markdown).toBe(landingMarkdown(FACTS));
    expect(markdown).toMatch(
      /^# The House \(MCP server at mcp\.example\.com\)\n\nA server for tests\./,
    );
    expect(markdown).toContain("Address: `https://mcp.example.com/mcp`");
    expect(markdown).toContain(
      "- **Get user info**: Your profile. Needs `tool:get_user_info`, `tool:b`.",
    );
    expect(markdown).toContain("- **Time**: The time. Needs no permission.");
    expect(markdown).toContain("https://mcp.example.com/connections");
    for (const { application } of installationsOf(FACTS.issuer))
      expect(markdown).toContain(`### ${application}`);
  });

  it.each([null, "", "*/*", "text/html", "text/markdownish"])("is HTML for %j", (accept) => {
    expect(renderLanding(FACTS, accept).headers.get("Content-Type")).toContain("text/html");
  });

  it("says nothing of the tools of a site that does not list them publicly", async () => {
    const facts = { ...FACTS, tools: [] };
    expect(await renderLanding(facts, null).text()).not.toContain("What it can do");
    expect(landingMarkdown(facts)).not.toContain("What it can do");
  });

  it("says when nobody signs in, and offers no connections then", async () => {
    const html = await renderLanding({ ...FACTS, requiresSignIn: false }, null).text();
    expect(html).toContain("runs without sign-in");
    expect(html).not.toContain("/connections");
  });
});

describe("the ways in", () => {
  const ways = new Map(
    installationsOf("http://localhost:8787").map((way) => [way.application, way]),
  );

  it.each([
    ["Claude Code", "claude mcp add --transport http localhost-8787 http://localhost:8787/mcp"],
    ["Codex", "codex mcp add localhost-8787 --url http://localhost:8787/mcp"],
    ["Gemini CLI", "gemini mcp add --transport http localhost-8787 http://localhost:8787/mcp"],
    [
      "VS Code",
      `code --add-mcp '{"name":"localhost-8787","type":"http","url":"http://localhost:8787/mcp"}'`,
    ],
  ])("have a command for %s", (application, command) => {
    expect(ways.get(application)?.command).toBe(command);
  });

  it("have a link for Cursor that decodes to the address", () => {
    const link = new URL(ways.get("Cursor")?.link?.href ?? "");
    expect(link.href).toMatch(/^cursor:\/\/anysphere\.cursor-deeplink\/mcp\/install\?/);
    expect(link.searchParams.get("name")).toBe("localhost-8787");
    expect(JSON.parse(atob(link.searchParams.get("config") ?? ""))).toEqual({
      url: "http://localhost:8787/mcp",
    });
  });

  it("have a link for VS Code that decodes to the address", () => {
    const [scheme, config = ""] = (ways.get("VS Code")?.link?.href ?? "").split("?");
    expect(scheme).toBe("vscode:mcp/install");
    expect(JSON.parse(decodeURIComponent(config))).toEqual({
      name: "localhost-8787",
      type: "http",
      url: "http://localhost:8787/mcp",
    });
  });

  it("name the server by its host, in plain letters", () => {
    expect(
      installationsOf("https://mcp.example.com")
        .map((way) => way.command ?? "")
        .join(),
    ).toContain(" mcp-example-com ");
    expect(
      installationsOf("http://[::1]:8787")
        .map((way) => way.command ?? "")
        .join(),
    ).toContain(" 1-8787 ");
  });
});
