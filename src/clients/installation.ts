/**
 * How each kind of application is told about this server. Its address goes in; commands, links and
 * sentences come out, the same for the page and for its Markdown.
 */

import { organizationIn } from "../organizations.ts";

/** One way in. */
export interface Installation {
  readonly application: string;
  readonly how: string;
  readonly command?: string;
  readonly link?: { readonly href: string; readonly label: string };
}

/** The ways to add this server to an application, most common first. */
export function installationsOf(url: string): readonly Installation[] {
  const name = installationName(url);
  const vsCode = JSON.stringify({ name, type: "http", url });
  return [
    {
      application: "Claude",
      how: "Settings → Connectors → Add custom connector. Paste the address.",
    },
    {
      application: "ChatGPT",
      how: "Settings → Connectors → Create. Paste the address, and choose OAuth.",
    },
    {
      application: "Claude Code",
      how: "Run this, then /mcp in Claude Code to sign in.",
      command: `claude mcp add --transport http ${name} ${url}`,
    },
    {
      application: "Codex",
      how: "Run this; Codex then opens the sign-in, or asks for “codex mcp login”.",
      command: `codex mcp add ${name} --url ${url}`,
    },
    {
      application: "Cursor",
      how: "Cursor asks before it adds the server.",
      link: { href: cursorLink(name, url), label: "Add to Cursor" },
    },
    {
      application: "Gemini CLI",
      how: "Run this, then /mcp auth in Gemini CLI to sign in.",
      command: `gemini mcp add --transport http ${name} ${url}`,
    },
    {
      application: "VS Code",
      how: "VS Code asks before it adds the server. The command does the same.",
      link: { href: `vscode:mcp/install?${encodeURIComponent(vsCode)}`, label: "Add to VS Code" },
      command: `code --add-mcp '${vsCode}'`,
    },
    {
      application: "MCP Inspector",
      how: "Run this, choose Streamable HTTP, and paste the address.",
      command: "npx @modelcontextprotocol/inspector@2",
    },
  ];
}

/**
 * What the server is called in an application's list: its host, and the organization if it is one's,
 * in letters that every application accepts.
 */
function installationName(url: string): string {
  const name = [new URL(url).host, organizationIn(url) ?? ""].join("-");
  return name.replace(/[^\w]+/g, "-").replace(/^-|-$/g, "");
}

/** https://cursor.com/docs/mcp/install-links */
function cursorLink(name: string, url: string): string {
  const query = new URLSearchParams({ name, config: btoa(JSON.stringify({ url })) });
  return `cursor://anysphere.cursor-deeplink/mcp/install?${query.toString()}`;
}
