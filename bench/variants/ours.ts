/** This server, with the tools of the bench in place of its own; each needs a permission. */
import { env } from "cloudflare:workers";
import { defineTool } from "../../src/mcp/tool.ts";
import { site } from "../../src/site.ts";
import { createWorker } from "../../src/worker.ts";
import { listTools } from "./tools.ts";

const tools = listTools(Number(Reflect.get(env, "TOOLS"))).map((tool) =>
  defineTool({ ...tool, permissions: ["bench:use"] }),
);

export default await createWorker({ site, offerings: { tools }, version: "1.0.0" });
