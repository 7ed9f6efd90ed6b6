import {
  Client,
  ClientCredentialsProvider,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";

const { MCP_URL = "", CLIENT_ID = "", CLIENT_SECRET = "" } = process.env;
const authProvider = new ClientCredentialsProvider({
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  expectedIssuer: new URL(MCP_URL).origin, // nobody else gets the secret
});
const client = new Client({ name: "nightly-job", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(MCP_URL), { authProvider }));
const { tools } = await client.listTools();
console.log(tools.map(({ name }) => name).join("\n"));
await client.close();
