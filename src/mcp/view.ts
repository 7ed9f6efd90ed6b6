/**
 * The view of a tool as a resource (MCP Apps, SEP-1865): its HTML under a `ui://` URI, behind the
 * permissions of its tool. The document is the author's constant; no data is put into it.
 */
import type { Tool } from "./definition.ts";
import type { ResourceOffer } from "./offer.ts";
import type { Settled } from "./settled.ts";
import { viewUri } from "./tool-meta.ts";

export const VIEW_EXTENSION = "io.modelcontextprotocol/ui";

const MIME_TYPE = "text/html;profile=mcp-app";

/** The view, by its URI. */
export function offerView(tool: Settled<Tool>): readonly [string, ResourceOffer] {
  const uri = viewUri(tool.name);
  const { html = "", csp, permissions, prefersBorder } = tool.ui ?? {};
  const ui = {
    ...(csp === undefined ? {} : { csp }),
    ...(permissions === undefined ? {} : { permissions }),
    ...(prefersBorder === undefined ? {} : { prefersBorder }),
  };
  const about = { uri, mimeType: MIME_TYPE, _meta: { ui } };
  const contents = [{ ...about, text: html }];
  return [
    uri,
    {
      // What is shown beside a result is there before the sign-in that the call may need.
      item: { name: `${tool.name} view`, permissions: tool.permissions },
      wire: Object.freeze({
        ...about,
        name: `${tool.name} view`,
        title: tool.title,
        description: `What a client shows beside the result of ${tool.name}.`,
      }),
      use: {
        kind: "resource",
        name: `${tool.name} view`,
        title: tool.title,
        input: { uri },
        isReadOnly: true,
        run: () => Promise.resolve({ contents }),
      },
    },
  ];
}
