import { describe, expect, it } from "vitest";
import { ConsentPage, type ConsentRequest } from "../../../src/pages/consent.tsx";

const REQUEST: ConsentRequest = {
  client: {
    name: "Claude",
    domain: "claude.ai",
    path: "/oauth/client.json",
    uri: "https://claude.ai/about",
  },
  redirectHost: "claude.ai",
  redirectIsLoopback: false,
  redirectUri: "https://claude.ai/api/mcp/auth_callback",
  scopes: ["openid", "email", "offline_access", "tool:get_user_info"],
  tools: [
    { title: "Get user info", description: "Your profile.", permissions: ["tool:get_user_info"] },
    { title: "Delete all", description: "Everything.", permissions: ["tool:delete"] },
  ],
  handle: "a-handle",
  action: "/authorize",
  resource: "https://mcp.example.com/mcp",
};

const html = (change: Partial<ConsentRequest> = {}) =>
  ConsentPage({ ...REQUEST, ...change }).toString();
const text = (change: Partial<ConsentRequest> = {}) =>
  html(change)
    .replace(/<style>[^]*<\/style>/, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");

describe("the consent page", () => {
  it("says who asks, for which server, and where the answer goes", () => {
    expect(html()).toContain("<h1><bdi>Claude</bdi> asks to connect</h1>");
    expect(text()).toContain("to the tools at mcp.example.com");
    expect(text()).toContain("Who asks claude.ai /oauth/client.json Verified: this address asks.");
    expect(html()).toContain("<dt>Your answer goes to</dt><dd><b><bdi>claude.ai</bdi></b></dd>");
  });

  it("says that a name without a verified domain was chosen by the application itself", () => {
    expect(text({ client: { name: "Claude" } })).toContain(
      "Unverified: this name was chosen by the application itself.",
    );
    expect(text({ client: { name: "Claude" } })).not.toContain("Verified:");
  });

  it("warns of a redirect to this computer", () => {
    const local = {
      redirectHost: "localhost",
      redirectIsLoopback: true,
      redirectUri: "http://localhost:54212/callback",
    };
    expect(text(local)).toContain("localhost An application on this computer");
    expect(text()).not.toContain("on this computer");
  });

  it("says that a private-use address opens an application on this device", () => {
    const uri = "cursor://anysphere.cursor-mcp/oauth/callback";
    expect(text({ redirectHost: uri, redirectUri: uri })).toContain(
      `${uri} An application on this device.`,
    );
  });

  it("says what is asked in human words, a fieldset each, and only what is asked", () => {
    const legends = [...html().matchAll(/<fieldset><legend>(.*?)<\/legend>/g)].map(
      (match) => match[1],
    );
    expect(legends).toEqual([
      "Know who you are",
      "Use “Get user info”",
      "Stay connected until you disconnect it",
    ]);
    expect(text()).not.toContain("Delete all");
  });

  it("says what happens next", () => {
    expect(text()).toContain("You will sign in with Auth0 next.");
  });

  it("posts the handle with a decision, allow or deny, both of them buttons", () => {
    const form = /<form method="post" action="\/authorize">[^]*<\/form>/.exec(html())?.[0] ?? "";
    expect(form).toContain('<input type="hidden" name="handle" value="a-handle"/>');
    expect(
      [...form.matchAll(/<button class="[^"]*" name="decision" value="(\w+)">/g)].map(
        (match) => match[1],
      ),
    ).toEqual(["allow", "deny"]);
    expect(html()).not.toMatch(/tabindex|autofocus|disabled/);
  });

  it("has the exact redirect, website, resource and scopes for those who look", () => {
    expect(text()).toContain("Redirect https://claude.ai/api/mcp/auth_callback");
    expect(text()).toContain("Website https://claude.ai/about (not checked)");
    expect(text()).toContain("Scopes openid email offline_access tool:get_user_info");
  });

  it("never links to or loads what the client chose", () => {
    expect(html().replace(/<head>[^]*<\/head>/, "")).not.toMatch(/\s(href|src)=/);
  });

  it.each([
    ["markup", '<img src=x onerror="alert(1)">', '<img src=x onerror="alert(1)">'],
    ["an entity", "&lt;b&gt;", "&lt;b&gt;"],
    ["an override", "Claude\u202Eedualc", "Claudeedualc"],
    ["an emoji", "Claude 🤖", "Claude 🤖"],
    ["2 000 characters", "W".repeat(2000), `${"W".repeat(63)}…`],
  ])("shows a hostile name as text: %s", (_what, name, shown) => {
    const escaped = shown
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;");
    expect(html({ client: { name } })).toContain(`<bdi>${escaped}</bdi>`);
    expect(html({ client: { name } })).toContain(`<title>Allow ${escaped}?`);
  });

  it("escapes a hostile handle, action, host, redirect, website and scope", () => {
    const evil = `"><script>alert(1)</script>`;
    const page = html({
      handle: evil,
      action: evil,
      redirectHost: evil,
      redirectUri: evil,
      scopes: [evil],
      client: { name: evil, domain: evil, path: evil, uri: evil },
    });
    expect(page).not.toContain("<script");
    expect(page).not.toContain(`=""`);
  });
});
