/** LangChain's adapters. */
import { MultiServerMCPClient } from "@langchain/mcp-adapters";
import { auth } from "@modelcontextprotocol/sdk/client/auth.js";
import { createApplication } from "./support/application.ts";
import { prove } from "./support/prove.ts";

prove({
  name: "@langchain/mcp-adapters",
  package: "@langchain/mcp-adapters",
  registersBy: "registration",
  open: (place) => {
    const { provider, signedIn } = createApplication(place);
    const use = (what: (tools: Tools) => Promise<unknown>) =>
      signedIn(
        async () => {
          const client = new MultiServerMCPClient({
            mcpServers: { house: { transport: "http", url: place.url, authProvider: provider } },
          });
          try {
            return JSON.stringify(await what(await client.getTools()));
          } finally {
            await client.close();
          }
        },
        ({ code }) => auth(provider, { serverUrl: place.url, authorizationCode: code }),
      );
    return {
      list: () => use(async (tools) => tools.map(({ name }) => name)),
      call: () =>
        use(async (tools) => tools.find(({ name }) => name === "get_user_info")?.invoke({})),
    };
  },
});

type Tools = Awaited<ReturnType<MultiServerMCPClient["getTools"]>>;
