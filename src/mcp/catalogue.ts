/**
 * What this server offers, prepared once per isolate. Tools, prompts and resources go in; their
 * frozen wire forms and checked schemas come out. A mistake in a definition stops the start, never
 * a request.
 */
import type {
  CallToolResult,
  GetPromptResult,
  Prompt as PromptWire,
  ReadResourceResult,
  Resource as ResourceWire,
  StandardSchemaWithJSON,
  Tool as ToolWire,
} from "@modelcontextprotocol/server";
import type * as z from "zod";
import { spellOut } from "./schema.ts";
import type { Offerings, Prompt, Resource, Tool, ToolContext } from "./tool.ts";

/** A call whose input passed its schema and that only lacks its context. */
type Ready<Result> = (context: ToolContext) => Promise<Result>;

/** A tool or a prompt, ready to be offered. The output of its input schema is the call itself. */
interface Offer<Item, Wire, Result> {
  readonly item: Item;
  readonly wire: Wire;
  readonly input: StandardSchemaWithJSON<unknown, Ready<Result>>;
}

type ToolOffer = Offer<Tool, ToolWire, CallToolResult>;
type PromptOffer = Offer<Prompt, PromptWire, GetPromptResult>;
interface ResourceOffer {
  readonly item: Resource;
  readonly wire: ResourceWire;
  readonly read: Ready<ReadResourceResult>;
}

export interface Catalogue {
  /** By name; resources by URI. In the order of the lists they came from. */
  readonly tools: ReadonlyMap<string, ToolOffer>;
  readonly prompts: ReadonlyMap<string, PromptOffer>;
  readonly resources: ReadonlyMap<string, ResourceOffer>;
  /** Every permission that anything here requires. */
  readonly requiredPermissions: readonly string[];
}

/**
 * Prepares everything that is the same for every caller. Throws `TypeError` on a definition that
 * cannot work.
 */
export function createCatalogue({ tools, prompts = [], resources = [] }: Offerings): Catalogue {
  const items = [...tools, ...prompts, ...resources];
  for (const item of items) checkPermissionNames(item);
  for (const { name } of tools) checkToolName(name);
  for (const { uri } of resources) checkUri(uri);
  return {
    tools: byKey(tools.map((tool) => [tool.name, offerTool(tool)])),
    prompts: byKey(prompts.map((prompt) => [prompt.name, offerPrompt(prompt)])),
    resources: byKey(resources.map((resource) => [resource.uri, offerResource(resource)])),
    requiredPermissions: [...new Set(items.flatMap((item) => item.permissions))],
  };
}

/** RFC 6749 §3.3 scope-token: what may stand in a `scope` and in a challenge. */
function checkPermissionNames({ name, permissions }: Tool | Prompt | Resource): void {
  const odd = permissions.find((permission) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(permission));
  if (odd !== undefined) throw new TypeError(`${name}: “${odd}” cannot be an OAuth scope`);
}

/** MCP 2026-07-28, server/tools: tool names. */
function checkToolName(name: string): void {
  if (!/^[\w.-]{1,128}$/.test(name)) throw new TypeError(`“${name}” cannot be the name of a tool`);
}

/** A URI is looked up as a URL parser writes it. */
function checkUri(uri: string): void {
  if (URL.parse(uri)?.href !== uri) throw new TypeError(`${uri} is not a normalised URI`);
}

function byKey<Value>(entries: readonly (readonly [string, Value])[]): ReadonlyMap<string, Value> {
  const map = new Map(entries);
  if (map.size === entries.length) return map;
  const names = entries.map(([name]) => name);
  throw new TypeError(`${names.find((name, at) => names.indexOf(name) !== at)} is defined twice`);
}

function offerTool(tool: Tool): ToolOffer {
  const { name, title, description, annotations, icons } = tool;
  const inputSchema = jsonSchemaOf(tool.input, "input");
  return {
    item: tool,
    input: readyWhenValid(tool.input, inputSchema, toolRunner(tool)),
    wire: Object.freeze({
      name,
      title,
      description,
      inputSchema,
      annotations,
      ...(icons === undefined ? {} : { icons }),
      ...(tool.output === undefined ? {} : { outputSchema: jsonSchemaOf(tool.output, "output") }),
    }),
  };
}

type Runner<Result> = (input: Record<string, unknown>, context: ToolContext) => Promise<Result>;

function toolRunner(tool: Tool): Runner<CallToolResult> {
  if (tool.output === undefined)
    return async (input, context) => asContent(await tool.run(input, context));
  const { output } = tool;
  return async (input, context) => asStructured(output.parse(await tool.run(input, context)));
}

function asContent(result: string | CallToolResult["content"]): CallToolResult {
  return { content: typeof result === "string" ? [{ type: "text", text: result }] : result };
}

/**
 * MCP 2026-07-28, server/tools: structured content SHOULD also be given as text. Only what the
 * schema names leaves.
 */
function asStructured(structuredContent: Record<string, unknown>): CallToolResult {
  return {
    content: [{ type: "text", text: JSON.stringify(structuredContent) }],
    structuredContent,
  };
}

function offerPrompt(prompt: Prompt): PromptOffer {
  const { name, title, description, icons } = prompt;
  const schema = jsonSchemaOf(prompt.input, "input");
  return {
    item: prompt,
    input: readyWhenValid(prompt.input, schema, async (input, context) => {
      const result = await prompt.run(input, context);
      return { description, messages: typeof result === "string" ? [userSays(result)] : result };
    }),
    wire: Object.freeze({
      name,
      title,
      description,
      arguments: promptArguments(prompt, schema),
      ...(icons === undefined ? {} : { icons }),
    }),
  };
}

function userSays(text: string): GetPromptResult["messages"][number] {
  return { role: "user", content: { type: "text", text } };
}

function promptArguments({ input }: Prompt, schema: JsonSchema): PromptWire["arguments"] {
  return Object.entries(input.shape).map(([name, field]) => ({
    name,
    ...(field.description === undefined ? {} : { description: field.description }),
    required: schema.required?.includes(name) ?? false,
  }));
}

function offerResource(resource: Resource): ResourceOffer {
  const { uri, name, title, description, mimeType, icons } = resource;
  const wire = {
    uri,
    name,
    title,
    description,
    mimeType,
    ...(icons === undefined ? {} : { icons }),
  };
  return {
    item: resource,
    wire: Object.freeze(wire),
    read: async (context) => ({ contents: [{ uri, mimeType, text: await resource.run(context) }] }),
  };
}

type JsonSchema = ToolWire["inputSchema"];

function jsonSchemaOf(schema: z.ZodObject, io: "input" | "output"): JsonSchema {
  const json = schema["~standard"].jsonSchema[io]({ target: "draft-2020-12" });
  return Object.freeze({ ...spellOut(json), type: "object" });
}

/**
 * The schema as the SDK sees it: it validates as the tool's own does, but converts to JSON Schema
 * at once (the SDK would do it for every request), and what passes is a call that only lacks its
 * context.
 */
function readyWhenValid<Result>(
  schema: z.ZodObject,
  json: JsonSchema,
  run: Runner<Result>,
): StandardSchemaWithJSON<unknown, Ready<Result>> {
  return {
    "~standard": {
      version: 1,
      vendor: "zod",
      jsonSchema: { input: () => json, output: () => json },
      async validate(value) {
        const result = await schema["~standard"].validate(value);
        if (result.issues !== undefined) return { issues: result.issues };
        const input = result.value;
        return { value: (context) => run(input, context) };
      },
    },
  };
}
