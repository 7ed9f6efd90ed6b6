// src/tools/reindex.ts
import * as z from "zod";
import { defineTool } from "../../../src/mcp/tool.ts";

export const reindex = defineTool({
  name: "reindex",
  title: "Reindex",
  description: "Reindexes every document, and says how far it is.",
  permissions: ["documents:write"],
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  timeout: "2m",
  input: z.object({ documents: z.array(z.string()).max(100) }),
  async run({ documents }, { progress, signal, waitUntil, log }) {
    for (const [at, document] of documents.entries()) {
      signal.throwIfAborted();
      await progress(at + 1, documents.length, document);
    }
    waitUntil(Promise.resolve().then(() => log.info("reindexed", { count: documents.length })));
    return `Reindexed ${documents.length} documents.`;
  },
});
