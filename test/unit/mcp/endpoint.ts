/** The resource server with real tokens and a grant store of a few lines, as its tests need it. */
import { createExecutionContext } from "cloudflare:test";
import { loadConfig } from "../../../src/config.ts";
import { withSecurityHeaders } from "../../../src/edge/headers.ts";
import type { Exchange } from "../../../src/exchange.ts";
import {
  type AccessTokenClaims,
  signAccessToken,
  type SigningKeys,
} from "../../../src/grants/access-token.ts";
import type { Grants } from "../../../src/grants/grant.ts";
import { createPermissionIndex } from "../../../src/grants/permission-index.ts";
import { importSigningKey } from "../../../src/keys.ts";
import { type Catalogue, createCatalogue } from "../../../src/mcp/catalogue.ts";
import { createMcp, type McpParts } from "../../../src/mcp/handler.ts";
import { createMemoryRecords, type Services, toolEnvOf } from "../../../src/mcp/services.ts";
import { createSealer } from "../../../src/storage/sealing.ts";
import { noticeSchema, type Switches } from "../../../src/switches.ts";
import { offerings, served } from "../../support/served.ts";

export const ISSUER = "https://mcp.example.com";
export const RESOURCE = `${ISSUER}/mcp`;
export const METADATA = `${ISSUER}/.well-known/oauth-protected-resource/mcp`;
export const NOW = 1_800_000_000;

export const catalogue = await createCatalogue(offerings);

/** What stands behind tools here: memory, and a seal with a key of its own. */
export function servicesOf(env: Record<string, unknown> = {}): Services {
  const sealer = createSealer([new Uint8Array(32).fill(3)]);
  return {
    ...toolEnvOf(env),
    records: createMemoryRecords(() => NOW),
    now: () => NOW,
    seal: {
      seal: async (text, boundTo) => (await sealer).seal(text, boundTo),
      async open(sealed, boundTo) {
        const opened = await (await sealer).open(sealed, boundTo);
        return "text" in opened ? opened.text : undefined;
      },
    },
  };
}

/** A configuration with the variables given; `auth` follows from AUTH_ENABLED. */
export function configOf(env: Record<string, string> = {}) {
  const config = loadConfig(
    {
      RESOURCE_BASE_URL: ISSUER,
      AUTH0_DOMAIN: "tenant.example.com",
      AUTH0_CLIENT_ID: "client",
      AUTH0_CLIENT_SECRET: "not used here",
      AUTH0_AUDIENCE: "https://api.example.com",
      JWT_SIGNING_KEY: "11".repeat(32),
      STORAGE_ENCRYPTION_KEY: "22".repeat(32),
      UPSTASH_REDIS_REST_URL: "https://redis.example.com",
      UPSTASH_REDIS_REST_TOKEN: "not used here",
      ...env,
    },
    new URL("https://mcp.example.com/"),
  );
  if (!("issuer" in config)) throw new Error(JSON.stringify(config));
  return config;
}

/** Every permission that a token of these tests may carry. */
export const permissionIndex = await createPermissionIndex([
  ...catalogue.requiredPermissions,
  "a:read",
  "b:read",
  ...["a", "b", "c", "card", "note", "odd", "p", "r", "skill", "weather"].map((of) => `tool:${of}`),
]);

/** Permissions as an access token carries them. */
export function permissionsOf(held: readonly string[], granted: readonly string[] = held) {
  const { list, encode } = permissionIndex;
  return { list, held: encode(held), granted: encode(granted) };
}

/** A key ring of one key made of one repeated byte. */
export async function ringOf(kid: string, byte: number): Promise<SigningKeys> {
  return [{ kid, key: await importSigningKey(new Uint8Array(32).fill(byte)) }];
}

export const signingKeys = await ringOf("current", 1);

/** Claims that pass every check, but for what is changed. */
export function claimsOf(changes: Partial<AccessTokenClaims> = {}): AccessTokenClaims {
  return {
    iss: ISSUER,
    aud: RESOURCE,
    sub: "ada",
    kind: "person",
    client_id: "client-1",
    scope: "openid profile email",
    permissions: permissionsOf([]),
    iat: NOW - 10,
    exp: NOW + 3600,
    jti: "token-1",
    grant_id: "grant-1",
    grant_record: "record-1",
    ...changes,
  };
}

/** A token of a person who holds the permissions and granted the others. */
export function tokenOf(held: readonly string[] = [], granted: readonly string[] = held) {
  return signAccessToken(claimsOf({ permissions: permissionsOf(held, granted) }), signingKeys);
}

const NOTHING_OFF = noticeSchema.parse({});

/** Nobody has switched anything off. */
const nothingOff: Switches = {
  known: async () => NOTHING_OFF,
  current: async () => NOTHING_OFF,
  refuses: async () => false,
};

/** Grants that live, and whose identity provider answers. */
export const livingGrants: Grants = {
  isAlive: () => Promise.resolve(true),
  wasNarrowed: () => false,
  standing: () => Promise.reject(new Error("every token here is of one list")),
  upstreamTokens: ({ userId }) =>
    Promise.resolve({
      accessToken: `upstream token of ${userId}`,
      claims: {
        iss: "https://tenant.example.com/",
        aud: ["https://api.example.com", "https://tenant.example.com/userinfo"],
        scope: "openid profile email offline_access",
        permissions: ["tool:get_user_info"],
      },
      expiresAt: NOW + 60,
      issuedAt: NOW - 60,
      permissions: ["tool:get_user_info"],
    }),
  tokenFor: ({ userId }, { audience, scopes }) =>
    Promise.resolve({
      token: `token of ${userId} for ${audience}`,
      scopes,
      expiresAt: NOW + 600,
    }),
  connectionToken: ({ userId }, { connection }) =>
    Promise.resolve({
      token: `token of ${userId} at ${connection}`,
      scopes: ["https://www.googleapis.com/auth/calendar.readonly"],
      expiresAt: NOW + 600,
    }),
  signInOf: () => Promise.resolve({ signIn: {}, readsChallenges: false }),
  userInfo: ({ userId }) => Promise.resolve({ name: userId, email: `${userId}@example.com` }),
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /**
   * The JSON of the body: the last event of a stream, or the whole. `undefined` when there is none.
   */
  readonly body: unknown;
  readonly text: string;
  /** What the log line of this request would say. */
  readonly noted: Record<string, unknown>;
}

/** The resource server under test, and a way to send requests to it. */
export function endpointOf(parts: EndpointParts = {}) {
  const opened = open(parts);
  return async (request: Request): Promise<Answer> => {
    const mcp = await opened;
    const noted: Record<string, unknown> = {};
    const exchange: Exchange = {
      requestId: "request-1",
      clientFamily: "other",
      execution: createExecutionContext(),
      note: (fields) => void Object.assign(noted, fields),
    };
    const answer = new URL(request.url).pathname === "/mcp" ? mcp.fetch : mcp.describe;
    // As it leaves the passage, which every answer passes.
    const response = withSecurityHeaders(await answer(request, exchange), {
      isLoopback: false,
      requestId: exchange.requestId,
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: jsonOf(text), text, noted };
  };
}

type EndpointParts = Partial<Omit<McpParts, "catalogue">> & {
  readonly catalogue?: Catalogue | Promise<Catalogue>;
};

async function open(parts: EndpointParts) {
  const { problems, ...offered } = await (parts.catalogue ?? catalogue);
  if (problems.length > 0) throw new TypeError(JSON.stringify(problems));
  return createMcp({
    config: configOf(),
    site: served.site,
    version: served.version,
    services: servicesOf(),
    now: () => NOW,
    grants: livingGrants,
    signingKeys,
    permissionIndex,
    switches: nothingOff,
    ...parts,
    catalogue: { ...offered, problems },
  });
}

function jsonOf(text: string): unknown {
  const events = text.split("\n").filter((line) => line.startsWith("data: {"));
  const last = events.at(-1)?.slice("data: ".length) ?? text;
  return last === "" ? undefined : JSON.parse(last);
}

/** A POST to `/mcp` in the older era. */
export function post(body: unknown, headers: Record<string, string> = {}): Request {
  return new Request(RESOURCE, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

export type Era = "2025-11-25" | "2026-07-28";

/** A JSON-RPC request in one of the two protocol eras. */
export function call(
  era: Era,
  method: string,
  params: Record<string, unknown> = {},
  token?: string,
) {
  const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const message = { jsonrpc: "2.0", id: 1, method, params };
  if (era === "2025-11-25") return post(message, { "MCP-Protocol-Version": era, ...authorization });
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": era,
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
    ...(typeof params["_meta"] === "object" ? params["_meta"] : {}),
  };
  const subject = params["name"] ?? params["uri"];
  return post(
    { ...message, params: { ...params, _meta } },
    {
      "MCP-Protocol-Version": era,
      "Mcp-Method": method,
      ...(typeof subject === "string" ? { "Mcp-Name": subject } : {}),
      ...authorization,
    },
  );
}
