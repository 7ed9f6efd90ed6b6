/**
 * This server as directories and programs read it before they connect: a server card, the catalog
 * that leads to it, and the entry for the MCP registry. A site goes in, JSON comes out. None of them
 * names a tool or a permission.
 */
import type { Site } from "../site-definition.ts";

interface CardFacts {
  readonly issuer: string;
  readonly site: Site;
  readonly version: string;
}

const LONGEST_DESCRIPTION_CHARACTERS = 100;

/** Public, read-only, and the same for everybody: any page may read them. */
const HEADERS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Methods": "GET",
  "Access-Control-Allow-Headers": "Content-Type, If-None-Match",
  "Access-Control-Expose-Headers": "ETag",
  "Cache-Control": "public, max-age=3600",
};

/** Where they are. */
type Path =
  | "/mcp/server-card"
  | "/.well-known/mcp/server-card.json"
  | "/.well-known/ai-catalog.json"
  | "/.well-known/mcp/catalog.json"
  | "/server.json";

interface ServerDocument {
  readonly type: string;
  readonly body: object;
}

type Documents = Readonly<Record<Path, ServerDocument>>;

/** The documents of a site. */
export function describeServer(facts: CardFacts): Documents {
  const catalog = { specVersion: "1.0", entries: [catalogEntry(facts)] };
  const card = { type: "application/mcp-server-card+json", body: serverCard(facts) };
  return {
    "/mcp/server-card": card,
    "/.well-known/mcp/server-card.json": card,
    "/.well-known/ai-catalog.json": { type: "application/ai-catalog+json", body: catalog },
    "/.well-known/mcp/catalog.json": { type: "application/json", body: catalog },
    "/server.json": { type: "application/json", body: registryEntry(facts) },
  };
}

/** Answers with one of them, or 304 to who has it already (RFC 9110 §13.1.2). */
export async function answerDocument(
  { type, body }: ServerDocument,
  ifNoneMatch: string | undefined,
): Promise<Response> {
  const text = JSON.stringify(body, undefined, 2);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const etag = `"${btoa(String.fromCharCode(...new Uint8Array(digest).subarray(0, 12)))}"`;
  const headers = { ...HEADERS, ETag: etag };
  const known = (ifNoneMatch ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return known.includes(etag) || known.includes("*")
    ? new Response(null, { status: 304, headers })
    : new Response(text, { headers: { ...headers, "Content-Type": type } });
}

/** SEP-2127, https://github.com/modelcontextprotocol/experimental-ext-server-card */
function serverCard(facts: CardFacts) {
  return {
    $schema: "https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json",
    ...identityOf(facts),
    icons: [{ src: `${facts.issuer}/favicon.svg`, mimeType: "image/svg+xml", sizes: ["any"] }],
    remotes: remotesOf(facts),
  };
}

/** https://github.com/Agent-Card/ai-catalog, as MCP uses it. */
function catalogEntry({ issuer, site }: CardFacts) {
  return {
    identifier: `urn:air:${new URL(issuer).hostname}:${site.name}`,
    displayName: site.title,
    type: "application/mcp-server-card+json",
    url: `${issuer}/mcp/server-card`,
  };
}

/** The MCP registry's format; whoever publishes it proves the domain that the name begins with. */
function registryEntry(facts: CardFacts) {
  return {
    $schema: "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
    ...identityOf(facts),
    remotes: remotesOf(facts),
  };
}

function identityOf({ issuer, site, version }: CardFacts) {
  return {
    name: `${new URL(issuer).hostname.split(".").toReversed().join(".")}/${site.name}`,
    version,
    title: site.title,
    description: shortened(site.description),
    websiteUrl: `${issuer}/`,
  };
}

function remotesOf({ issuer }: CardFacts) {
  return [{ type: "streamable-http", url: `${issuer}/mcp` }];
}

function shortened(text: string): string {
  const characters = [...text];
  if (characters.length <= LONGEST_DESCRIPTION_CHARACTERS) return text;
  return `${characters
    .slice(0, LONGEST_DESCRIPTION_CHARACTERS - 1)
    .join("")
    .trimEnd()}…`;
}
