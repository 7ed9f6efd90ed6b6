/** mcp-use, as a library. */
import { auth } from "@modelcontextprotocol/sdk/client/auth.js";
import { MCPClient } from "mcp-use/client";
import { createApplication } from "./support/application.ts";
import { prove } from "./support/prove.ts";

prove({
  name: "mcp-use",
  package: "mcp-use",
  registersBy: "registration",
  open: (place) => {
    const { provider, signedIn } = createApplication(place);
    const use = (what: (session: Session) => Promise<unknown>) =>
      signedIn(
        async () => {
          const house = { url: place.url, authProvider: provider };
          const client = MCPClient.fromDict({ mcpServers: { house } });
          try {
            return JSON.stringify(await what(await client.createSession("house")));
          } finally {
            await client.closeAllSessions();
          }
        },
        ({ code }) => auth(provider, { serverUrl: place.url, authorizationCode: code }),
      );
    return {
      list: () => use((session) => session.connector.listTools()),
      call: () => use((session) => session.connector.callTool("get_user_info", {})),
    };
  },
});

type Session = Awaited<ReturnType<MCPClient["createSession"]>>;
