/**
 * How real clients go about it, as far as a server notices: what they register, where they look
 * first, how they authenticate, how they spell things. Data, from public reports.
 */
import type { ClientName } from "./arguments.ts";

export interface ClientProfile {
  /** How people call it. */
  readonly title: string;
  readonly userAgent: string;
  /** A client in a web page sends it with every request. */
  readonly origin?: string;
  readonly redirectUri: string;
  /** The redirect URI it comes with, when that is another than the one it registered. */
  readonly usedRedirectUri?: string;
  readonly registration: Readonly<Record<string, unknown>>;
  /** Where it looks for the server's metadata, in this order. */
  readonly serverMetadata: readonly string[];
  /** How it authenticates at the token endpoint. */
  readonly authentication: "none" | "post" | "basic" | "basic and id in form";
  /** How it spells the resource: as the metadata has it, or with another end. */
  readonly resource: "exact" | "origin with slash";
  readonly protocolVersion: string;
}

const ROOT = "/.well-known/oauth-authorization-server";
const WITH_PATH = "/.well-known/oauth-authorization-server/mcp";
const OPENID = "/.well-known/openid-configuration";

const BOTH_GRANTS = ["authorization_code", "refresh_token"];

export const CLIENTS: Readonly<Record<ClientName, ClientProfile>> = {
  claude: {
    title: "Claude (web, desktop, mobile)",
    userAgent: "Claude-User",
    redirectUri: "https://claude.ai/api/mcp/auth_callback",
    registration: {
      client_name: "Claude",
      // better-auth#11081: its own registration names one grant more than it uses.
      grant_types: [...BOTH_GRANTS, "urn:ietf:params:oauth:grant-type:jwt-bearer"],
      response_types: ["code"],
      token_endpoint_auth_method: "client_secret_post",
      scope: "claudeai",
    },
    serverMetadata: [ROOT, OPENID],
    authentication: "post",
    resource: "exact",
    protocolVersion: "2025-11-25",
  },
  codex: {
    title: "Codex",
    userAgent: "codex_cli_rs",
    redirectUri: "http://127.0.0.1:17171/callback/c0ffee",
    // codex#31038: some versions come with the other name of this machine, and any port.
    usedRedirectUri: "http://127.0.0.1:17172/callback/c0ffee",
    registration: {
      client_name: "Codex",
      grant_types: BOTH_GRANTS,
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    },
    serverMetadata: [WITH_PATH, ROOT],
    authentication: "none",
    resource: "exact",
    protocolVersion: "2025-06-18",
  },
  chatgpt: {
    title: "ChatGPT",
    userAgent: "openai-mcp/1.0.0",
    // hevy-mcp#720, worldmonitor#2416.
    origin: "https://chatgpt.com",
    redirectUri: "https://chatgpt.com/connector/oauth/npm-run-doctor",
    registration: {
      client_name: "ChatGPT",
      grant_types: BOTH_GRANTS,
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    },
    serverMetadata: [WITH_PATH, ROOT, OPENID],
    authentication: "none",
    // gbrain#5222.
    resource: "origin with slash",
    protocolVersion: "2025-06-18",
  },
  cursor: {
    title: "Cursor",
    userAgent: "Cursor",
    redirectUri: "cursor://anysphere.cursor-mcp/oauth/callback",
    registration: {
      client_name: "Cursor",
      grant_types: BOTH_GRANTS,
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    },
    serverMetadata: [ROOT, OPENID],
    authentication: "none",
    resource: "exact",
    protocolVersion: "2025-06-18",
  },
  python: {
    title: "the official Python SDK",
    userAgent: "python-httpx",
    redirectUri: "http://localhost:3030/callback",
    registration: {
      client_name: "MCP Python SDK",
      grant_types: BOTH_GRANTS,
      response_types: ["code"],
      token_endpoint_auth_method: "client_secret_basic",
      // Absent members as its serialiser writes them.
      client_uri: null,
    },
    serverMetadata: [ROOT, OPENID],
    // python-sdk#3138.
    authentication: "basic and id in form",
    resource: "exact",
    protocolVersion: "2025-11-25",
  },
};
