/** MCP by the SDK 1.x alone: stateless, JSON answers. The validator in place of its own,
 * which Workers do not allow, is asked for elicitation only, so here never. */
import { env } from "cloudflare:workers";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { asResult, listTools } from "./tools.ts";

const tools = listTools(Number(Reflect.get(env, "TOOLS")));
const jsonSchemaValidator = {
  getValidator: () => () => ({ valid: false, data: undefined, errorMessage: "" }) as const,
};

export default {
  async fetch(request: Request): Promise<Response> {
    const server = new McpServer({ name: "bench", version: "1.0.0" }, { jsonSchemaValidator });
    for (const { name, title, description, annotations, input, output, run } of tools)
      server.registerTool(
        name,
        {
          title,
          description,
          annotations,
          inputSchema: input.shape,
          outputSchema: output.shape,
        },
        (values) => asResult(run(values)),
      );
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    await server.connect(transport);
    return transport.handleRequest(request);
  },
};
