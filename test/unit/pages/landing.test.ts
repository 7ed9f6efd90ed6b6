import { describe, expect, it } from "vitest";
import { installationsOf } from "../../../src/clients/installation.ts";
import { createLanding, landingMarkdown } from "../../../src/pages/landing.tsx";
import { createLook } from "../../../src/pages/look.ts";
import { site } from "../../support/served.ts";

const FACTS = {
  look: await createLook(site),
  issuer: "https://mcp.example.com",
  address: "https://mcp.example.com/mcp",
  installations: installationsOf("https://mcp.example.com/mcp"),
  requiresSignIn: true,
  tools: [
    {
      title: "Get user info",
      description: "Your profile.",
      permissions: ["tool:get_user_info", "tool:b"],
      annotations: { readOnlyHint: true, destructiveHint: false },
    },
    {
      title: "Wipe",
      description: "All of it.",
      permissions: [],
      annotations: { readOnlyHint: false, destructiveHint: true },
    },
  ],
};

describe("the landing page", () => {
  it("shows the address, the tools with their permissions, and the way to the connections", async () => {
    const response = createLanding(FACTS)("text/html,*/*");
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
    expect(html).toContain('href="/permissions"');
    expect(html).toContain('<span class="mark deletes">Can delete or overwrite</span>');
  });

  it("says whose server it is, in its own words, with its links", async () => {
    const html = await createLanding(FACTS)("text/html").text();
    expect(html).toContain("<h1>The House</h1><p>A server for tests.</p>");
    for (const href of [
      "https://house.test/docs",
      "https://house.test/privacy",
      "https://house.test/terms",
      "mailto:help@house.test",
    ])
      expect(html).toContain(`href="${href}"`);
    const markdown = landingMarkdown(FACTS);
    expect(markdown).toMatch(/^# The House\n\nA server for tests\./);
    expect(markdown).toContain("Documentation: https://house.test/docs");
    expect(markdown).toContain("Help: help@house.test");
  });

  it("names no tool to strangers when it is given none", async () => {
    const hidden = { ...FACTS, tools: [] };
    const texts = [await createLanding(hidden)("text/html").text(), landingMarkdown(hidden)];
    for (const text of texts) expect(text).not.toMatch(/What it can do|tool:|Wipe/);
  });

  it("stays small with five hundred tools, and leads to all of them", async () => {
    const tools = Array.from({ length: 500 }, (_, at) => ({
      title: `Tool number ${at}`,
      description: "It does one of five hundred things, and says so in a sentence of this length.",
      permissions: [`area:action_${at}`],
    }));
    const html = await createLanding({ ...FACTS, tools })("text/html").text();
    expect(html.length).toBeLessThan(30_000);
    expect(html).toContain('And 460 more, <a href="/llms.txt">');
    expect(landingMarkdown({ ...FACTS, tools })).toContain("Tool number 499");
  });

  it("is Markdown for whoever asks for it, with the same facts", async () => {
    const response = createLanding(FACTS)("text/markdown, text/html;q=0.5");
    const markdown = await response.text();
    expect(response.headers.get("Content-Type")).toBe("text/markdown; charset=utf-8");
    expect(response.headers.get("Vary")).toBe("Accept");
    expect(markdown).toBe(landingMarkdown(FACTS));
    expect(markdown).toContain("Address: `https://mcp.example.com/mcp`");
    expect(markdown).toContain(
      "- **Get user info** (read only): Your profile. Needs `tool:get_user_info`, `tool:b`.",
    );
    expect(markdown).toContain(
      "- **Wipe** (can delete or overwrite): All of it. Needs no permission.",
    );
    expect(markdown).toContain("https://mcp.example.com/connections");
    for (const { application } of installationsOf(FACTS.address))
      expect(markdown).toContain(`### ${application}`);
  });

  it.each([null, "", "*/*", "text/html", "text/markdownish"])("is HTML for %j", (accept) => {
    expect(createLanding(FACTS)(accept).headers.get("Content-Type")).toContain("text/html");
  });

  it("says nothing of the tools of a site that does not list them publicly", async () => {
    const facts = { ...FACTS, tools: [] };
    expect(await createLanding(facts)(null).text()).not.toContain("What it can do");
    expect(landingMarkdown(facts)).not.toContain("What it can do");
  });

  it("says when nobody signs in, and offers no connections then", async () => {
    const html = await createLanding({ ...FACTS, requiresSignIn: false })(null).text();
    expect(html).toContain("runs without sign-in");
    expect(html).not.toContain("/connections");
  });
});

describe("the ways in", () => {
  const ways = new Map(
    installationsOf("http://localhost:8787/mcp").map((way) => [way.application, way]),
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
      installationsOf("https://mcp.example.com/mcp")
        .map((way) => way.command ?? "")
        .join(),
    ).toContain(" mcp-example-com ");
    expect(
      installationsOf("http://[::1]:8787/mcp")
        .map((way) => way.command ?? "")
        .join(),
    ).toContain(" 1-8787 ");
  });
});
