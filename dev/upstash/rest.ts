/**
 * Upstash's REST protocol without the network: a request goes in, an answer comes out, an engine
 * does the work between. A command's values never appear in an error of ours.
 */
import { z } from "zod";
import type { Command, Engine, Failure, Outcome, Reply } from "./engine.ts";

export interface RestRequest {
  readonly method: string;
  readonly path: string;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** `undefined` when the body was larger than `MAX_BODY_BYTES`. */
  readonly body: string | undefined;
}

export interface RestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers a request; `undefined` cuts the connection without an answer. */
export type RestApi = (request: RestRequest) => Promise<RestAnswer | undefined>;

/** Upstash's limit for one request. */
export const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** Answers as Upstash does, for whoever knows the token. */
export function createRestApi(options: { engine: Engine; token: string }): RestApi {
  let requestsAnswered = 0;
  return async (request) => {
    const { status, content } = await answer(request, options.engine, options.token);
    requestsAnswered += 1;
    return jsonAnswer(status, content, { "upstash-sync-token": String(requestsAnswered) });
  };
}

/** Makes an answer whose body is JSON. */
export function jsonAnswer(
  status: number,
  content: unknown,
  headers: Readonly<Record<string, string>> = {},
): RestAnswer {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(content),
  };
}

/** At least one command, in the order in which they run. */
export type Commands = readonly [Command, ...Command[]];

/** The commands of a request's body; `undefined` when it has none, or none that make sense. */
export function parseCommands({ path, body = "" }: RestRequest): Commands | undefined {
  const value = parseJson(body);
  return (path === "/" ? singleSchema : batchSchema).safeParse(value).data;
}

/** The client sends numbers and booleans as such; Redis knows text only. */
const textSchema = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const commandSchema = z.tuple([textSchema], textSchema);
const batchSchema = z.tuple([commandSchema], commandSchema);
const singleSchema = commandSchema.transform((command): Commands => [command]);

type Answer = { readonly status: number; readonly content: unknown };

async function answer(request: RestRequest, engine: Engine, token: string): Promise<Answer> {
  const execute = EXECUTORS[request.path];
  if (request.headers["authorization"] !== `Bearer ${token}`)
    return refusal(401, "WRONGPASS invalid or missing auth token");
  if (execute === undefined) return refusal(404, "ERR unknown path");
  if (request.method !== "POST") return refusal(405, "ERR method not allowed");
  if (request.body === undefined) return refusal(400, "ERR max request size exceeded");
  const commands = parseCommands(request);
  if (commands === undefined) return refusal(400, "ERR failed to parse the request body");
  const result = await execute(engine, commands);
  if ("error" in result) return refusal(400, result.error);
  const isBase64 = request.headers["upstash-encoding"] === "base64";
  return { status: 200, content: isBase64 ? encodeContent(result) : result };
}

type Executor = (engine: Engine, commands: Commands) => Promise<Outcome | readonly Outcome[]>;

const EXECUTORS: Readonly<Record<string, Executor>> = {
  "/": (engine, [command]) => engine.run(command),
  "/pipeline": runInOrder,
  "/multi-exec": (engine, commands) => engine.transact(commands),
};

/** In order, but others may come between: only `/multi-exec` is atomic. */
async function runInOrder(engine: Engine, commands: Commands): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const command of commands) outcomes.push(await engine.run(command));
  return outcomes;
}

function refusal(status: number, error: string): Answer {
  return { status, content: { error } satisfies Failure };
}

function encodeContent(content: Outcome | readonly Outcome[]): Outcome | Outcome[] {
  return isList(content) ? content.map(encodeOutcome) : encodeOutcome(content);
}

function encodeOutcome(outcome: Outcome): Outcome {
  return "error" in outcome ? outcome : { result: encodeReply(outcome.result) };
}

/** Every string but OK is encoded, at any depth; that is what the client undoes. */
function encodeReply(reply: Reply): Reply {
  if (isList(reply)) return reply.map(encodeReply);
  return typeof reply === "string" && reply !== "OK"
    ? Buffer.from(reply).toString("base64")
    : reply;
}

/** `Array.isArray` does not narrow a readonly array. */
function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
