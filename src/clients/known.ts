/**
 * Clients of the field that we know something about. Data: what each row says, its source proves.
 */

/** A private address to which a client in the field has codes sent. */
interface PrivateRedirect {
  readonly client: string;
  readonly pattern: RegExp;
  readonly source: string;
}

/**
 * Redirect URIs in private schemes that are known to belong to a client (RFC 8252 §7.1). MCP asks
 * for https or loopback: each row is an exception with its reason.
 */
export const PRIVATE_REDIRECTS: readonly PrivateRedirect[] = [
  {
    client: "Claude desktop",
    pattern: /^claude:\/\/claude\.ai\/mcp-auth-callback\/sdk$/,
    source: "https://github.com/anthropics/claude-code/issues/93671",
  },
  {
    client: "Cursor",
    pattern: /^cursor:\/\/anysphere\.cursor-(?:mcp|retrieval)\/oauth\/[\w/-]*callback$/,
    source: "https://github.com/cartesia-ai/cartesia-mcp/pull/73",
  },
  {
    client: "Cline",
    pattern: /^vscode(?:-insiders)?:\/\/saoudrizwan\.claude-dev\/mcp-auth\/callback\/[\w-]+$/,
    source: "https://github.com/cline/cline/issues/8103",
  },
  {
    client: "Raycast",
    pattern: /^(?:raycast:\/\/oauth|com\.raycast:\/oauth)\?package_name=Extension$/,
    source: "https://developers.raycast.com/api-reference/oauth",
  },
  {
    client: "Warp",
    pattern: /^warp:\/\/mcp\/oauth2callback$/,
    source: "https://github.com/warpdotdev/warp/issues/9088",
  },
];
