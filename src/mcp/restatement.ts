/**
 * The SDK's errors in our words. Where a client's parameters do not fit, the SDK sends its schema
 * library's report, often as an internal error; a JSON-RPC message goes in, the same one comes out
 * with what is wrong said plainly, as the client's fault that it is. Pure but for `restateErrors`.
 */
import type { McpServer } from "@modelcontextprotocol/server";
import * as z from "zod";

const INVALID_PARAMS = -32_602;

const errorSchema = z.looseObject({
  error: z.looseObject({ code: z.int(), message: z.string() }),
});

/** The part of a report that we repeat: names of MCP's own, or of the tool's. */
const reportSchema = z
  .tuple([
    z.object({
      path: z.array(z.union([z.string(), z.number()])).refine(([first]) => first === "params"),
      expected: z.string().optional(),
    }),
  ])
  .rest(z.unknown());

const NAMES: Readonly<Record<string, string>> = { record: "object", int: "integer" };

/** Makes the errors of one request's server our own, whatever sends them. */
export function restateErrors(server: McpServer): McpServer {
  const connect = server.connect.bind(server);
  server.connect = (transport) => {
    const send = transport.send.bind(transport);
    transport.send = (message, options) => send(restateError(message), options);
    return connect(transport);
  };
  return server;
}

/**
 * A message as it is, unless it is an error that reports on the request's parameters: that one says
 * which of them is wrong (JSON-RPC 2.0 §5.1: -32602).
 */
export function restateError<Message>(message: Message): Message {
  if (typeof message !== "object" || message === null || !("error" in message)) return message;
  const read = errorSchema.safeParse(message);
  if (!read.success) return message;
  const [, report] = /^[^[]*(\[\s*\{[\s\S]*\])$/.exec(read.data.error.message) ?? [];
  const issue = report === undefined ? undefined : readReport(report);
  if (issue === undefined) return message;
  const expected =
    issue.expected === undefined ? undefined : (NAMES[issue.expected] ?? issue.expected);
  const problem = expected === undefined ? "is not acceptable" : `must be of type ${expected}`;
  const text = `Invalid params: ${issue.path.join(".").slice(0, 200)} ${problem}.`;
  return { ...message, error: { code: INVALID_PARAMS, message: text } };
}

function readReport(text: string) {
  try {
    return reportSchema.safeParse(JSON.parse(text)).data?.[0];
  } catch {
    return undefined;
  }
}
