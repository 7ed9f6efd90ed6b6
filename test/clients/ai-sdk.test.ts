/** The AI SDK's MCP client. */
import { auth, createMCPClient } from "@ai-sdk/mcp";
import { createApplication } from "./support/application.ts";
import { prove } from "./support/prove.ts";

prove({
  name: "@ai-sdk/mcp",
  package: "@ai-sdk/mcp",
  registersBy: "registration",
  open: (place) => {
    const { provider, signedIn } = createApplication(place);
    const use = async (what: (client: Client) => Promise<unknown>) =>
      JSON.stringify(
        await signedIn(
          async () => {
            const transport = { type: "http", url: place.url, authProvider: provider } as const;
            const client = await createMCPClient({ transport });
            try {
              return await what(client);
            } finally {
              await client.close();
            }
          },
          ({ code, state, issuer }) =>
            auth(provider, {
              serverUrl: place.url,
              authorizationCode: code,
              callbackState: state,
              callbackIssuer: issuer,
            }),
        ),
      );
    return {
      list: () => use(async (client) => Object.keys(await client.tools())),
      call: () =>
        use(async (client) => {
          const { get_user_info: tool } = await client.tools();
          return tool?.execute?.({}, { toolCallId: "1", messages: [], context: {} } as never);
        }),
    };
  },
});

type Client = Awaited<ReturnType<typeof createMCPClient>>;
