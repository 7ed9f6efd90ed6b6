/**
 * What a tool's definition says to machines beside its schemas: a digest, so that a change of it is
 * seen; what it needs to be called, for clients that read that from the list (ChatGPT); and where
 * its view is (MCP Apps, SEP-1865).
 */
import type { Tool } from "./definition.ts";
import type { Settled } from "./settled.ts";

/** Where a tool's view is read. */
export function viewUri(name: string): string {
  return `ui://${name.toLowerCase()}/view.html`;
}

interface ToolMeta {
  /** SHA-256 of name, texts, schemas and hints, in hexadecimal. */
  readonly digest: string;
  readonly wire: {
    readonly securitySchemes: readonly SecurityScheme[];
    readonly _meta: Record<string, unknown>;
  };
}

interface SecurityScheme {
  readonly type: "oauth2";
  readonly scopes: readonly string[];
}

/** `_meta` and its like of one tool; `shape` is what a client may rely on. */
export async function metaOf(tool: Settled<Tool>, shape: object): Promise<ToolMeta> {
  const digest = await sha256(JSON.stringify(shape));
  const securitySchemes: SecurityScheme[] = [{ type: "oauth2", scopes: [...tool.permissions] }];
  return {
    digest,
    wire: {
      securitySchemes,
      _meta: {
        ...tool.meta,
        "auth0-mcp-worker/digest": `sha256:${digest}`,
        securitySchemes,
        ...(tool.ui === undefined ? {} : viewMeta(tool)),
      },
    },
  };
}

/** Older hosts read the second spelling. */
function viewMeta({ name, ui }: Tool): Record<string, unknown> {
  const resourceUri = viewUri(name);
  const visibility = ui?.visibility;
  return {
    ui: { resourceUri, ...(visibility === undefined ? {} : { visibility }) },
    "ui/resourceUri": resourceUri,
  };
}

/** SHA-256 of a text or bytes, in hexadecimal. */
export async function sha256(content: string | Uint8Array): Promise<string> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
