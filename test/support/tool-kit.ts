/**
 * How a tool is tested: one import. The real server with real tokens, in either protocol revision,
 * for a caller with any permissions; `env` is what the test gives, and nothing of `.dev.vars`.
 *
 *   const ada = serve({ tools: [note] }, { env: { KEY: "…" } }).as(["notes:write"]);
 *   expect((await ada.call("note", { text: "hi" })).text).toBe("Kept.");
 */
import { vi } from "vitest";
import * as z from "zod";
import { type CallerKind, signAccessToken } from "../../src/grants/access-token.ts";
import type { Grants } from "../../src/grants/grant.ts";
import { createCatalogue } from "../../src/mcp/catalogue.ts";
import type { Offerings } from "../../src/mcp/tool.ts";
import {
  call as requestOf,
  claimsOf,
  endpointOf,
  type Era,
  livingGrants,
  servicesOf,
  signingKeys,
} from "../unit/mcp/endpoint.ts";

export interface ToolServerOptions {
  /**
   * What the tools see as `env`: a secret of the test's own, a binding of `wrangler.toml` from
   * `import { env } from "cloudflare:workers"`. Default: nothing.
   */
  readonly env?: object;
  /** Answers what the tools fetch. Default: every fetch fails. */
  readonly fetch?: (request: Request) => Response | Promise<Response>;
}

interface CallerOptions {
  /** What the person allowed this application. Default: whatever they hold. */
  readonly granted?: readonly string[];
  /** Two names are two persons. */
  readonly userId?: string;
  /** Default: a person. */
  readonly kind?: CallerKind;
  readonly revision?: Era;
  /** What the client cannot do otherwise. Default: it can ask its person. */
  readonly canAsk?: boolean;
}

interface CallOptions {
  /** What the person answers, by the name of the question; `false` declines. */
  readonly answers?: Readonly<Record<string, Readonly<Record<string, unknown>> | false>>;
  readonly signal?: AbortSignal;
}

/** What a call came to. */
export interface ToolResult {
  readonly status: number;
  /** The texts of its content, or of its error, joined. */
  readonly text: string;
  readonly content: readonly Readonly<Record<string, unknown>>[];
  readonly structured: unknown;
  readonly meta: unknown;
  readonly isError: boolean;
  /** The scopes that a 403 asks for. */
  readonly challenge: readonly string[];
  /** What the tool asked and got no answer to, by name. */
  readonly asked: Readonly<Record<string, string>>;
  /** Every step it reported. */
  readonly progress: readonly { readonly progress: number; readonly message?: string }[];
  /** What the log line of the request says. */
  readonly log: Readonly<Record<string, unknown>>;
}

type Endpoint = ReturnType<typeof endpointOf>;

/** A server with these tools, and nothing else. */
export function serve(offerings: Offerings, { env = {}, fetch }: ToolServerOptions = {}) {
  const services = servicesOf({ ...env });
  const grants: Grants = {
    ...livingGrants,
    standing: ({ storeName }) => Promise.resolve(JSON.parse(storeName)),
  };
  const endpoint = endpointOf({ catalogue: createCatalogue(offerings), services, grants });
  const outside = outsideOf(fetch);
  return {
    /** A client of somebody who holds these permissions. */
    as: (permissions: readonly string[] = [], options: CallerOptions = {}) =>
      clientOf({ endpoint, outside, permissions, ...options }),
  };
}

interface Client extends CallerOptions {
  readonly endpoint: Endpoint;
  readonly outside: typeof fetch;
  readonly permissions: readonly string[];
}

function clientOf(client: Client) {
  return {
    call: (name: string, input: object = {}, options: CallOptions = {}) =>
      use(client, ["tools/call", { name, arguments: input }], options),
    prompt: (name: string, input: Readonly<Record<string, string>> = {}) =>
      use(client, ["prompts/get", { name, arguments: input }]),
    read: (uri: string) => use(client, ["resources/read", { uri }]),
    /** What is suggested for an argument of a prompt (its name), or a variable of a template (its URI). */
    async complete(of: string, argument: string, value = ""): Promise<readonly string[]> {
      const ref = of.includes("{")
        ? { type: "ref/resource", uri: of }
        : { type: "ref/prompt", name: of };
      const params = { ref, argument: { name: argument, value } };
      const { body } = await send(client, ["completion/complete", params], {});
      return completionSchema.parse(resultOf(body)).completion.values;
    },
    /** The names of the tools that this caller is shown. */
    tools: () => namesOf(client, "tools/list"),
    prompts: () => namesOf(client, "prompts/list"),
    /** The names of the resources, those that templates list among them. */
    resources: () => namesOf(client, "resources/list"),
  };
}

const completionSchema = z.object({ completion: z.object({ values: z.array(z.string()) }) });
const listSchema = z.record(z.string(), z.array(z.object({ name: z.string() })).catch([]));

async function namesOf(client: Client, method: string): Promise<readonly string[]> {
  const { body } = await send(client, [method, {}], {});
  const [, list = ""] = /^(.+)\/list$/.exec(method) ?? [];
  return (listSchema.parse(resultOf(body))[list] ?? []).map(({ name }) => name);
}

type Message = readonly [method: string, params: Record<string, unknown>];

const MOST_ROUNDS = 8;

/** One call, with every question answered that the test has an answer to. */
async function use(client: Client, message: Message, options: CallOptions = {}) {
  const [method, params] = message;
  let answer = await send(client, message, options);
  const unused = new Set(Object.keys(options.answers ?? {}));
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const { inputRequests, requestState } = resultOf(answer.body);
    const answers = Object.keys((inputRequests as object) ?? {}).flatMap((name) => {
      const given = options.answers?.[name];
      if (given === undefined) return [];
      const reply = given === false ? { action: "decline" } : { action: "accept", content: given };
      return [[name, reply] as const];
    });
    if (answers.length === 0) break;
    for (const [name] of answers) unused.delete(name);
    const inputResponses = Object.fromEntries(answers);
    answer = await send(client, [method, { ...params, inputResponses, requestState }], options);
  }
  const result = read(answer);
  if (unused.size > 0) {
    const asked = Object.keys(result.asked).join(", ") || "nothing more";
    throw new Error(`nothing asked for the answer to ${[...unused].join(", ")}, but for ${asked}`);
  }
  return result;
}

async function send(client: Client, [method, params]: Message, { signal }: CallOptions) {
  const { permissions, granted = permissions, revision = "2026-07-28" } = client;
  const { userId = "ada", kind = "person" } = client;
  // Of no list that the server knows: it asks the grant, which may allow anything here.
  const claims = claimsOf({
    sub: userId,
    kind,
    permissions: { list: "tool-kit", held: "", granted: "" },
    grant_record: JSON.stringify({ held: permissions, granted, withheld: [] }),
  });
  const elicitation = client.canAsk === false ? {} : { elicitation: {} };
  const _meta = {
    progressToken: "progress",
    ...(revision === "2026-07-28"
      ? { "io.modelcontextprotocol/clientCapabilities": elicitation }
      : {}),
  };
  const token = await signAccessToken(claims, signingKeys);
  const request = requestOf(revision, method, { ...params, _meta }, token);
  vi.stubGlobal("fetch", client.outside);
  try {
    return await client.endpoint(signal === undefined ? request : new Request(request, { signal }));
  } finally {
    vi.unstubAllGlobals();
  }
}

function outsideOf(answer: ToolServerOptions["fetch"]): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    if (answer === undefined) throw new TypeError(`nothing answers ${request.url} in this test`);
    return answer(request);
  };
}

function resultOf(body: unknown): Record<string, unknown> {
  return (body as { result?: Record<string, unknown> } | undefined)?.result ?? {};
}

const block = z.record(z.string(), z.unknown());
const bodySchema = z.object({
  error: z.object({ message: z.string() }).optional(),
  result: z
    .object({
      isError: z.boolean().default(false),
      content: z.array(block).default([]),
      contents: z.array(block).default([]),
      messages: z.array(z.object({ content: block })).default([]),
      structuredContent: z.unknown().optional(),
      _meta: z.unknown().optional(),
      inputRequests: z
        .record(
          z.string(),
          z.object({ params: z.object({ message: z.string().default("") }).prefault({}) }),
        )
        .default({}),
    })
    .prefault({}),
});

function read({
  status,
  headers,
  body,
  text,
  noted,
}: Awaited<ReturnType<typeof send>>): ToolResult {
  const { error, result } = bodySchema
    .catch({ result: bodySchema.shape.result.parse(undefined) })
    .parse(body);
  const said = result.messages.map(({ content }) => content);
  const content = [...result.content, ...result.contents, ...said];
  const texts = content.map((item) => item["text"]).filter((item) => typeof item === "string");
  const [, scopes] = /scope="([^"]+)"/.exec(headers.get("WWW-Authenticate") ?? "") ?? [];
  return {
    status,
    content,
    structured: result.structuredContent,
    meta: result._meta,
    isError: result.isError || error !== undefined,
    text: error?.message ?? texts.join("\n"),
    challenge: scopes?.split(" ") ?? [],
    asked: Object.fromEntries(
      Object.entries(result.inputRequests).map(([name, { params }]) => [name, params.message]),
    ),
    progress: text.split("\n").flatMap(progressOf),
    log: noted,
  };
}

const progressSchema = z.object({
  method: z.literal("notifications/progress"),
  params: z.object({ progress: z.number(), message: z.string().exactOptional() }),
});

function progressOf(line: string): ToolResult["progress"] {
  if (!line.startsWith("data: {")) return [];
  const event = progressSchema.safeParse(JSON.parse(line.slice("data: ".length)));
  return event.success ? [event.data.params] : [];
}
