/** MCP by the SDK 2.x alone, as its documentation shows it: no sign-in, nothing prepared. */
import { env } from "cloudflare:workers";
import { createMcpHandler } from "@modelcontextprotocol/server";
import { createServer } from "./sdk2-server.ts";
import { listTools } from "./tools.ts";

const tools = listTools(Number(Reflect.get(env, "TOOLS")));
const handler = createMcpHandler(() => createServer(tools));

export default { fetch: (request: Request) => handler.fetch(request) };
