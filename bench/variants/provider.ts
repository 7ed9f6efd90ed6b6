/**
 * What one would build without this project: the provider library with its key-value namespace in
 * front of the SDK 2.x. Whoever asks is let in; nobody signs in anywhere.
 */
import { env } from "cloudflare:workers";
import OAuthProvider, { type OAuthHelpers } from "@cloudflare/workers-oauth-provider";
import { createMcpHandler } from "@modelcontextprotocol/server";
import { createServer } from "./sdk2-server.ts";
import { listTools } from "./tools.ts";

interface Env {
  readonly OAUTH_PROVIDER: OAuthHelpers;
}

const issuer = String(Reflect.get(env, "ISSUER"));
const tools = listTools(Number(Reflect.get(env, "TOOLS")));
const handler = createMcpHandler(() => createServer(tools));

export default new OAuthProvider<Env>({
  apiRoute: "/mcp",
  apiHandler: { fetch: (request: Request) => handler.fetch(request) },
  defaultHandler: {
    async fetch(request: Request, { OAUTH_PROVIDER: provider }: Env): Promise<Response> {
      if (new URL(request.url).pathname !== "/authorize") return new Response("", { status: 404 });
      const { redirectTo } = await provider.completeAuthorization({
        request: await provider.parseAuthRequest(request),
        userId: "ada",
        metadata: {},
        scope: ["bench"],
        props: { permissions: ["bench"] },
        revokeExistingGrants: false,
      });
      return Response.redirect(redirectTo, 302);
    },
  },
  authorizeEndpoint: "/authorize",
  tokenEndpoint: "/token",
  clientRegistrationEndpoint: "/register",
  scopesSupported: ["bench"],
  resourceMetadata: { resource: `${issuer}/mcp`, authorization_servers: [issuer] },
  requiredScopes: ["bench"],
});
