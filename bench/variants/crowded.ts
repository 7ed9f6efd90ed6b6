/** This server with many tools that ask for many permissions, and a page that lists them all. */
import { env } from "cloudflare:workers";
import { defineTool } from "../../src/mcp/tool.ts";
import { site } from "../../src/site.ts";
import { createWorker } from "../../src/worker.ts";
import { listTools } from "./tools.ts";

const permissions: readonly string[] = String(Reflect.get(env, "PERMISSIONS")).split(" ");

const tools = listTools(Number(Reflect.get(env, "TOOLS"))).map((tool, index) =>
  defineTool({ ...tool, permissions: [permissions[index % permissions.length] ?? ""] }),
);

const listing = { ...site, listsToolsPublicly: true };

export default await createWorker({ site: listing, offerings: { tools }, version: "1.0.0" });
