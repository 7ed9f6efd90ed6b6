/**
 * The resource server as an MCP client meets it. An address and an access token go in; tools and
 * their answers come out. The token is sent there and nowhere else.
 */
import {
  type AuthProvider,
  Client,
  type Progress,
  ProtocolError,
  StreamableHTTPClientTransport,
  type Tool,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import * as z from "zod";
import { Obstacle } from "../obstacle.ts";
import type { Wish } from "./arguments.ts";
import { answerQuestion } from "./questions.ts";
import { showResult } from "./result.ts";
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
    await (await connect(url, stranger, { steps })).close();
  } catch (error) {
    if (seen.refusal === undefined) throw error;
  }
  return seen.refusal;
}

interface Meeting {
  readonly steps: Steps;
  /** Absent for a stranger, whom nobody asks anything. */
  readonly wish?: Wish;
}

/** Connects in whichever revision of the protocol both sides know. */
export async function connect(
  url: URL,
  authProvider: AuthProvider,
  { steps, wish }: Meeting,
): Promise<Client> {
  const client = new Client(
    { name: "npm-run-try", title: "npm run try", version: "1.0.0" },
    {
      versionNegotiation: { mode: "auto" },
      ...(wish && { capabilities: { elicitation: { form: {}, url: {} } } }),
    },
  );
  if (wish !== undefined)
    client.setRequestHandler("elicitation/create", ({ params }) => answerQuestion(params, wish));
  const transport = new StreamableHTTPClientTransport(url, {
    authProvider,
    fetch: steps.fetch,
    onInsufficientScope: "throw",
  });
  await client.connect(transport);
  return client;
}

/** The tools by name, each with what it is and what it must be given. */
export function listTools(offered: readonly Tool[]): string {
  const lines = offered.map(({ name, title, description = "", inputSchema }) => {
    const { anyOf = [], oneOf = [] } = formsSchema.parse(inputSchema);
    const forms = [...anyOf, ...oneOf].map((form) => `{${fieldsOf(form)}}`);
    const input =
      forms.length === 0 ? fieldsOf(objectSchema.parse(inputSchema)) : forms.join(" | ");
    return `${name}(${input})\n  ${title === undefined ? "" : `${title}. `}${description}`;
  });
  return printable(lines.join("\n"));
}

const objectSchema = z.object({
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
});
/** An input of one of several forms. */
const formsSchema = z.object({
  anyOf: z.array(objectSchema).optional().catch([]),
  oneOf: z.array(objectSchema).optional().catch([]),
});

function fieldsOf({ properties = {}, required = [] }: z.output<typeof objectSchema>): string {
  const needed = new Set(required);
  return Object.keys(properties)
    .map((field) => (needed.has(field) ? field : `${field}?`))
    .join(", ");
}

/**
 * The tool that was asked for, else the first that changes nothing and wants no input; for nobody in
 * particular one that stays within the server, where there may be no person to ask about.
 */
export function chooseTool({ tool }: Wish, offered: readonly Tool[], isSignedIn: boolean): string {
  const simple = offered.filter(
    ({ annotations, inputSchema }) =>
      annotations?.readOnlyHint === true &&
      (isSignedIn || annotations.openWorldHint === false) &&
      (inputSchema.required ?? []).length === 0,
  );
  const [first] = [...simple, ...offered];
  const chosen = tool ?? first?.name;
  if (chosen === undefined) throw new Obstacle("The server offers no tool to this person.");
  return chosen;
}

const ABOUT_TOOL_ERRORS =
  "The tool itself says so. --input gives it what it needs, --answer what it asks; --as ada is somebody who may use every tool.";

/** Which revision was agreed on, and with whom. */
export function describeSession(client: Client): string {
  return `MCP ${client.getNegotiatedProtocolVersion()} with ${client.getServerVersion()?.name}`;
}

interface Call {
  readonly name: string;
  readonly input: Wish["input"];
  readonly offered: readonly Tool[];
}

/**
 * What a tool answers, to be read by people; how far it is, is printed meanwhile. A failure of its
 * own is an obstacle.
 */
export async function callTool(client: Client, { name, input, offered }: Call): Promise<string> {
  const result = await client
    .callTool(
      { name, arguments: input },
      { onprogress: showProgress, resetTimeoutOnProgress: true },
    )
    .catch((error: unknown) => {
      if (!(error instanceof ProtocolError)) throw error;
      const names = offered.map((tool) => tool.name).join(", ");
      throw new Obstacle(error.message, `--tool takes one of these: ${names}.`);
    });
  if (result.isError !== true) return showResult(result, name);
  const text = showResult({ content: result.content }, name);
  // What nobody foresaw is in the log of the server under the id that the text names.
  throw new Obstacle(text, /request id/.test(text) ? undefined : ABOUT_TOOL_ERRORS);
}

/** The client reports that it answers a question: no progress of the tool. */
const OF_THE_CLIENT = /^Fulfilling input required/;

function showProgress({ progress, total, message = "" }: Progress): void {
  if (OF_THE_CLIENT.test(message)) return;
  const share = total === undefined ? `${progress}` : `${progress}/${total}`;
  console.log(`${share.padStart(11)}  ${printable(message)}`);
}
