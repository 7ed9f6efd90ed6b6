/** The requests that are measured, written out as clients send them. */
import { ISSUER } from "./ground.ts";
import type { HttpRequest } from "./load.ts";
import { FORWARDED_PROTO } from "./workerd.ts";

/** 2026-07-28 is the modern era, where every request describes itself; 2025-11-25 the one before. */
export type Era = "2026-07-28" | "2025-11-25";

const OURS = { host: new URL(ISSUER).host, [FORWARDED_PROTO]: "https", "user-agent": "bench" };

/** A JSON-RPC request at `/mcp`, with a bearer token when there is one. */
export function mcpRequest(
  era: Era,
  {
    method,
    params,
  }: { readonly method: string; readonly params: Readonly<Record<string, unknown>> },
  token?: string,
): HttpRequest {
  const isModern = era === "2026-07-28";
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": era,
    "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1.0.0" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  return {
    method: "POST",
    path: "/mcp",
    headers: {
      ...OURS,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": era,
      ...(isModern ? { "mcp-method": method } : {}),
      ...(isModern && typeof params["name"] === "string" ? { "mcp-name": params["name"] } : {}),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method,
      params: isModern ? { ...params, _meta } : params,
    }),
  };
}

/** A call of the first tool. */
export function callRequest(era: Era, token?: string): HttpRequest {
  const params = { name: "tool_1", arguments: { text: "again and ", times: 3, loud: true } };
  return mcpRequest(era, { method: "tools/call", params }, token);
}

/** The list of tools. */
export function listRequest(era: Era, token?: string): HttpRequest {
  return mcpRequest(era, { method: "tools/list", params: {} }, token);
}

/** A document. */
export function getRequest(path: string): HttpRequest {
  return { method: "GET", path, headers: { ...OURS, accept: "*/*" } };
}

/** The same token with another signature. */
export function forge(token: string): string {
  const [header, claims, signature = ""] = token.split(".");
  return [header, claims, [...signature].toReversed().join("")].join(".");
}
