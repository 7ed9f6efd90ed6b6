/** mcp-remote, the bridge for clients that speak stdio only, behind a client of the SDK. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import type { Place } from "./support/place.ts";
import { prove } from "./support/prove.ts";

prove({
  name: "mcp-remote",
  package: "mcp-remote",
  registersBy: "registration",
  open: (place) => {
    const use = <Result>(what: (client: Client) => Promise<Result>) => bridged(place, what);
    return {
      list: () => use(async (client) => JSON.stringify(await client.listTools())),
      call: () =>
        use(async (client) => JSON.stringify(await client.callTool({ name: "get_user_info" }))),
    };
  },
});

/** One session of its host: the bridge starts, signs in when it must, and ends. */
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
    stderr: "pipe",
  });
  let said = "";
  const failed = new Promise<never>((_, reject) => {
    transport.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const [address] = /http:\/\/localhost:\d+\/authorize\?\S+(?=\s)/.exec(said) ?? [];
      if (address !== undefined) void place.browser.open(address).catch(reject);
      if (/Fatal error|access_denied/i.test(said)) reject(new Error(said));
    });
  });
  const client = new Client({ name: "a host", version: "1.0.0" });
  try {
    return await Promise.race([failed, client.connect(transport).then(() => what(client))]);
  } finally {
    await client.close();
  }
}
