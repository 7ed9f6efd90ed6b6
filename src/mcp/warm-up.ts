/**
 * A rehearsal at the start of an isolate. The first request would otherwise pay for the first run
 * of all this code, more CPU time than Workers' free plan gives it (10 ms). No tool of ours runs,
 * nothing is asked of anybody, and nothing is kept: the key is known to all, and no gate knows it.
 */
import * as z from "zod";
import type { Config } from "../config.ts";
import { signAccessToken, type SigningKeys, verifyAccessToken } from "../grants/access-token.ts";
import type { Grants } from "../grants/grant.ts";
import { type Caller, createCallers } from "./caller.ts";
import { createCatalogue } from "./catalogue.ts";
import { createMemoryRecords, type Services, toolEnvOf } from "./services.ts";
import { defineTool } from "./tool.ts";
import { createTransport } from "./transport.ts";

const CONFIG: Config = {
  issuer: "http://localhost",
  resource: "http://localhost/mcp",
  // A developer's machine watches the time of a call, and the runtime has no timer yet.
  isLoopback: false,
};

const NEEDED = ["rehearsal"];

const rehearsal = defineTool({
  name: "rehearsal",
  title: "Rehearsal",
  description: "Is never offered.",
  permissions: NEEDED,
  annotations: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  input: z.object({ text: z.string().optional() }),
  output: z.object({ text: z.string() }),
  run: ({ text = "" }) => ({ text }),
});

const call = { name: rehearsal.name, arguments: { text: "text" } };
const greeting = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "", version: "" },
};

const MESSAGES = [
  { era: "2026-07-28", method: "server/discover", params: {} },
  { era: "2026-07-28", method: "tools/list", params: {} },
  { era: "2026-07-28", method: "tools/call", params: call },
  { era: "2025-11-25", method: "initialize", params: greeting },
  { era: "2025-11-25", method: "tools/list", params: {} },
  { era: "2025-11-25", method: "tools/call", params: call },
] as const;

/**
 * Runs a request of each kind, in both protocol eras, as far as the runtime allows at module scope:
 * up to the making of a `Response`, where it stops each of them.
 */
export function warmUp(): void {
  rehearse().catch(ignore);
}

async function rehearse(): Promise<void> {
  const caller = await admitNobody();
  const catalogue = await createCatalogue({ tools: [rehearsal] });
  const about = { info: greeting.clientInfo, instructions: "", extensions: {} };
  const serve = createTransport({ config: CONFIG, catalogue, services: SERVICES, about });
  const exchange = {
    requestId: "",
    note: ignore,
    clientFamily: "other",
    execution: { waitUntil: ignore },
  };
  for (const message of MESSAGES) {
    const incoming = { exchange, text: textOf(message), mayStream: false };
    serve(requestOf(message), incoming, caller).catch(ignore);
  }
}

async function admitNobody(): Promise<Caller> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const zero = new Uint8Array(32);
  const key = await crypto.subtle.importKey("raw", zero, algorithm, false, ["sign", "verify"]);
  const keys: SigningKeys = [{ kid: "rehearsal", key }];
  const token = await signAccessToken(CLAIMS, keys);
  await verifyAccessToken(token, { ...CONFIG, now: 0 }, keys);
  const callerWith = createCallers(CLAIMS, NOTHING, () => 0);
  return callerWith({ held: NEEDED, granted: NEEDED, withheld: [] });
}

const CLAIMS = {
  iss: CONFIG.issuer,
  aud: CONFIG.resource,
  sub: "",
  kind: "person",
  client_id: "",
  scope: "openid rehearsal",
  permissions: { list: "", held: "", granted: "" },
  iat: 0,
  exp: 1,
  jti: "",
  grant_id: "",
  grant_record: "",
} as const;

const NOTHING: Grants = {
  isAlive: () => Promise.resolve(false),
  wasNarrowed: () => false,
  standing: () => Promise.reject(new Error("nobody signed in")),
  upstreamTokens: () => Promise.reject(new Error("nobody signed in")),
  tokenFor: () => Promise.reject(new Error("nobody signed in")),
  connectionToken: () => Promise.reject(new Error("nobody signed in")),
  signInOf: () => Promise.reject(new Error("nobody signed in")),
  userInfo: () => Promise.reject(new Error("nobody signed in")),
};

const SERVICES: Services = {
  ...toolEnvOf({}),
  records: createMemoryRecords(() => 0),
  seal: { seal: (text) => Promise.resolve(text), open: () => Promise.resolve(undefined) },
  now: () => 0,
};

type Message = (typeof MESSAGES)[number];

function textOf({ era, method, params }: Message): string {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": era,
    "io.modelcontextprotocol/clientInfo": greeting.clientInfo,
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const isModern = era === "2026-07-28";
  return JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method,
    params: isModern ? { ...params, _meta } : params,
  });
}

function requestOf({ era, method }: Message): Request {
  return new Request(CONFIG.resource, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": era,
      "Mcp-Method": method,
      "Mcp-Name": rehearsal.name,
    },
  });
}

function ignore(): void {}
