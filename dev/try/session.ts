/**
 * The resource server as an MCP client meets it. An address and an access token go in; tools and
 * their answers come out. The token is sent there and nowhere else.
 */
import {
  type AuthProvider,
  Client,
  StreamableHTTPClientTransport,
  type Tool,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import { Obstacle } from "../obstacle.ts";
import type { Wish } from "./arguments.ts";
import { printable, type Steps } from "./steps.ts";

/** Comes without a token: the server's refusal, or nothing when it lets everybody in. */
export async function comeWithoutToken(url: URL, steps: Steps): Promise<Response | undefined> {
  const seen: { refusal?: Response } = {};
  const stranger: AuthProvider = {
    token: async () => undefined,
    async onUnauthorized({ response }) {
      seen.refusal = response;
      throw new UnauthorizedError();
    },
  };
  try {
    await (await connect(url, stranger, steps)).close();
  } catch (error) {
    if (seen.refusal === undefined) throw error;
  }
  return seen.refusal;
}

/** Connects in whichever revision of the protocol both sides know. */
export async function connect(url: URL, authProvider: AuthProvider, steps: Steps): Promise<Client> {
  const client = new Client(
    { name: "npm-run-try", title: "npm run try", version: "1.0.0" },
    { versionNegotiation: { mode: "auto" } },
  );
  const transport = new StreamableHTTPClientTransport(url, {
    authProvider,
    fetch: steps.fetch,
    onInsufficientScope: "throw",
  });
  await client.connect(transport);
  return client;
}

/** The tool that was asked for, else one that everybody understands, else the first. */
export function chooseTool({ tool }: Wish, offered: readonly Tool[], isSignedIn: boolean): string {
  const names = offered.map(({ name }) => name);
  const usual = isSignedIn ? "get_user_info" : "get_time";
  const chosen = tool ?? names.find((name) => name === usual) ?? names[0];
  if (chosen === undefined) throw new Obstacle("The server offers no tool to this person.");
  return chosen;
}

const ABOUT_TOOL_ERRORS =
  "The tool itself says so. --input gives it what it needs; --as ada is somebody who may use every tool.";

/** Which revision was agreed on, and with whom. */
export function describeSession(client: Client): string {
  return `MCP ${client.getNegotiatedProtocolVersion()} with ${client.getServerVersion()?.name}`;
}

/** What a tool answers, to be read by people. A failure of its own is an obstacle. */
export async function callTool(
  client: Client,
  name: string,
  input: Wish["input"],
): Promise<string> {
  const { content, structuredContent, isError } = await client.callTool({ name, arguments: input });
  const texts = content.map((block) => (block.type === "text" ? block.text : `[${block.type}]`));
  if (isError === true) throw new Obstacle(texts.join("\n"), ABOUT_TOOL_ERRORS);
  return printable(
    structuredContent === undefined ? texts.join("\n") : JSON.stringify(structuredContent, null, 2),
  );
}
