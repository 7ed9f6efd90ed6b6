/** A server of the SDK 2.x with these tools, as one writes it. */
import { McpServer } from "@modelcontextprotocol/server";
import { asResult, type BenchTool } from "./tools.ts";

export function createServer(tools: readonly BenchTool[]): McpServer {
  const server = new McpServer({ name: "bench", version: "1.0.0" });
  for (const { name, title, description, annotations, input, output, run } of tools)
    server.registerTool(
      name,
      { title, description, annotations, inputSchema: input, outputSchema: output },
      (values) => asResult(run(values)),
    );
  return server;
}
