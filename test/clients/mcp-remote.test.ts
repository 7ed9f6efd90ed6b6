/** mcp-remote, the bridge for clients that speak stdio only, behind a client of the SDK. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import type { Place } from "./support/place.ts";
import { prove } from "./support/prove.ts";
import { succeed } from "./support/terminal.ts";

prove({
  name: "mcp-remote",
  package: "mcp-remote",
  registersBy: "registration",
  open: (place) => {
    const use = <Result>(what: (client: Client) => Promise<Result>) => bridged(place, what);
    return {
      // Its own small client: signs in when it must, and lists.
      signIn: () => succeed(place, ["mcp-remote-client", place.url]),
      list: () => use(async (client) => JSON.stringify(await client.listTools())),
      call: () =>
        use(async (client) => JSON.stringify(await client.callTool({ name: "get_user_info" }))),
    };
  },
});

/** One session of its host: the bridge starts and ends with it. */
async function bridged<Result>(
  place: Place,
  what: (client: Client) => Promise<Result>,
): Promise<Result> {
  const env = { ...place.env };
  const transport = new StdioClientTransport({
    command: "mcp-remote",
    args: [place.url],
    env,
    cwd: place.home,
    stderr: "ignore",
  });
  const client = new Client({ name: "a host", version: "1.0.0" });
  try {
    await client.connect(transport);
    return await what(client);
  } finally {
    await client.close();
  }
}
