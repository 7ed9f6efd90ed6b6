/**
 * One definition, ready to be offered: its frozen wire form, its permissions, and how a request
 * becomes a use of it. What a tool returned is made into MCP here; only what a schema names leaves.
 */
import type {
  CallToolResult,
  GetPromptResult,
  Prompt as PromptWire,
  ReadResourceResult,
  Resource as ResourceWire,
  ResourceTemplateType as TemplateWire,
  StandardSchemaWithJSON,
  Tool as ToolWire,
} from "@modelcontextprotocol/server";
import { type Answer, isAnswer, resourceContent, text } from "./answer.ts";
import type { Facts, ObjectSchema, Prompt, Resource, Template, Tool } from "./definition.ts";
import { type JsonSchema, jsonSchemaOf } from "./json-schema.ts";
import { secondsOf, type Settled } from "./settled.ts";
import { compileTemplate } from "./template.ts";
import type { ToolContext } from "./tool-context.ts";
import { metaOf } from "./tool-meta.ts";

/** One use of something on offer: its input passed its schema, it only lacks its context. */
export interface Use<Result> {
  readonly kind: "tool" | "prompt" | "resource";
  readonly name: string;
  readonly title: string;
  readonly stateName?: string | undefined;
  readonly input: Readonly<Record<string, unknown>>;
  /** It changes nothing, so it may be done twice. */
  readonly isReadOnly: boolean;
  /** How long it may take. */
  readonly limitSeconds?: number | undefined;
  readonly confirm?: (() => Promise<string>) | undefined;
  run(context: ToolContext): Promise<Result>;
}

/** A tool or a prompt. The output of its input schema is the use itself. */
interface Offer<Item, Wire, Result> {
  readonly item: Item;
  readonly wire: Wire;
  readonly input: StandardSchemaWithJSON<unknown, Use<Result>>;
}

export type ToolOffer = Offer<Settled<Tool>, ToolWire, CallToolResult> & {
  readonly digest: string;
};
export type PromptOffer = Offer<Settled<Prompt>, PromptWire, GetPromptResult>;
export interface ResourceOffer {
  readonly item: Pick<Settled<Resource>, "name" | "permissions" | "fresh">;
  readonly wire: ResourceWire;
  readonly use: Use<ReadResourceResult>;
}
export interface TemplateOffer {
  readonly item: Settled<Template>;
  readonly wire: TemplateWire;
  /** The use of one URI, if the template has it. */
  useOf(uri: string): Use<ReadResourceResult | undefined> | undefined;
}

/** Prepares a tool. Throws when its schemas have no JSON form. */
export async function offerTool(tool: Settled<Tool>): Promise<ToolOffer> {
  const { name, title, description, annotations, icons } = tool;
  const inputSchema = jsonSchemaOf(tool.input, "input");
  const shape = {
    name,
    title,
    description,
    inputSchema,
    ...(tool.output === undefined ? {} : { outputSchema: jsonSchemaOf(tool.output, "output") }),
    annotations,
  };
  const meta = await metaOf(tool, shape);
  const { stateName, timeout = "" } = tool;
  const limitSeconds = secondsOf(timeout);
  const wire = { ...shape, ...(icons === undefined ? {} : { icons }), ...meta.wire };
  return {
    item: tool,
    digest: meta.digest,
    wire: Object.freeze(wire),
    input: readyWhenValid(tool.input, inputSchema, (input) => ({
      kind: "tool",
      name,
      title,
      stateName,
      input,
      isReadOnly: annotations.readOnlyHint,
      limitSeconds,
      confirm: tool.confirm && (async () => (await tool.confirm?.(input)) ?? ""),
      run: async (context) => toolResult(tool, await tool.run(input, context)),
    })),
  };
}

/** What a tool returned, as MCP says it. Throws when the output schema refuses it. */
function toolResult(tool: Settled<Tool>, result: unknown): CallToolResult {
  const { name, output } = tool;
  if (isAnswer(result)) return asResult(result, tool);
  if (output !== undefined) return asResult({ structured: result }, tool);
  if (typeof result === "string") return { content: [text(result)] };
  if (isContent(result)) return { content: [...result] };
  throw new TypeError(`${name} returned neither a text nor content blocks`);
}

/**
 * MCP 2026-07-28, server/tools: structured content SHOULD also be given as text. Only what the
 * schema names leaves.
 */
function asResult(
  {
    structured,
    content,
    meta,
    isError,
  }: Pick<Answer<unknown>, "structured" | "content" | "meta" | "isError">,
  { name, output }: Settled<Tool>,
): CallToolResult {
  const structuredContent =
    output === undefined || (isError === true && structured === undefined)
      ? undefined
      : fitting(structured, name, output);
  const said = typeof content === "string" ? [text(content)] : content;
  const told = structuredContent === undefined ? [] : [text(JSON.stringify(structuredContent))];
  const result: CallToolResult = { content: [...(said ?? told)] };
  if (structuredContent !== undefined) result.structuredContent = structuredContent;
  if (isError !== undefined) result.isError = isError;
  if (meta !== undefined) result._meta = { ...meta };
  return result;
}

/** What the output schema makes of a result; the places where it does not fit are in the error. */
function fitting(structured: unknown, name: string, output: ObjectSchema) {
  const { data, error } = output.safeParse(structured);
  if (data !== undefined) return data;
  const flaws = error?.issues.map(({ path, message }) => [...path, message].join(": ")).join("; ");
  throw Object.assign(new TypeError(`What ${name} returned is not its output: ${flaws}`), {
    name: "OutputError",
  });
}

function isContent(result: unknown): result is CallToolResult["content"] {
  return Array.isArray(result);
}

/** Prepares a prompt. */
export function offerPrompt(prompt: Settled<Prompt>): PromptOffer {
  const { name, title, description } = prompt;
  const schema = jsonSchemaOf(prompt.input, "input");
  return {
    item: prompt,
    input: readyWhenValid(prompt.input, schema, (input) => ({
      kind: "prompt",
      name,
      title,
      input,
      isReadOnly: true,
      limitSeconds: secondsOf(prompt.timeout ?? ""),
      async run(context) {
        const result = await prompt.run(input, context);
        const messages = typeof result === "string" ? [userSays(result)] : [...result];
        return { description, messages };
      },
    })),
    wire: Object.freeze({
      name,
      title,
      description,
      arguments: promptArguments(prompt, schema),
      ...extrasOf(prompt),
    }),
  };
}

function userSays(content: string): GetPromptResult["messages"][number] {
  return { role: "user", content: text(content) };
}

function promptArguments({ input }: Settled<Prompt>, schema: JsonSchema): PromptWire["arguments"] {
  return Object.entries(input.shape).map(([name, field]) => ({
    name,
    ...(field.description === undefined ? {} : { description: field.description }),
    required: schema.required?.includes(name) ?? false,
  }));
}

/** Prepares a resource at a fixed URI. */
export function offerResource(resource: Settled<Resource>): ResourceOffer {
  const { uri, name, title, description, mimeType } = resource;
  return {
    item: resource,
    wire: Object.freeze({ uri, name, title, description, mimeType, ...extrasOf(resource) }),
    use: {
      kind: "resource",
      name,
      title,
      input: { uri },
      isReadOnly: true,
      limitSeconds: secondsOf(resource.timeout ?? ""),
      run: async (context) => reading(await resource.run(context), { uri, mimeType }),
    },
  };
}

/** Prepares the resources of one form. */
export function offerTemplate(template: Settled<Template>): TemplateOffer {
  const { uri: uriTemplate, name, title, description, mimeType } = template;
  const match = compileTemplate(uriTemplate);
  return {
    item: template,
    wire: Object.freeze({ uriTemplate, name, title, description, mimeType, ...extrasOf(template) }),
    useOf(uri) {
      const found = match(uri);
      const params = found && template.params.safeParse(found);
      if (params?.success !== true) return undefined;
      const { data } = params;
      return {
        kind: "resource",
        name,
        title,
        input: data,
        isReadOnly: true,
        limitSeconds: secondsOf(template.timeout ?? ""),
        async run(context) {
          const result = await template.run(data, context);
          return result === undefined ? undefined : reading(result, { uri, mimeType });
        },
      };
    },
  };
}

type Reading = NonNullable<Awaited<ReturnType<Template["run"]>>>;

function reading(
  result: Reading,
  about: { readonly uri: string; readonly mimeType: string },
): ReadResourceResult {
  if (typeof result === "string" || result instanceof Uint8Array || result instanceof ArrayBuffer)
    return { contents: [resourceContent(about, result)] };
  return { contents: [...result] };
}

function extrasOf({ icons, meta }: Pick<Facts, "icons" | "meta">) {
  return {
    ...(icons === undefined ? {} : { icons }),
    ...(meta === undefined ? {} : { _meta: { ...meta } }),
  };
}

type Validated<Output> = Awaited<
  ReturnType<StandardSchemaWithJSON<unknown, Output>["~standard"]["validate"]>
>;

/**
 * The schema as the SDK sees it: it validates as the author's own does, but converts to JSON Schema
 * at once (the SDK would do it for every request), and what passes is a use that only lacks its
 * context.
 */
function readyWhenValid<Result>(
  schema: ObjectSchema,
  json: JsonSchema,
  use: (input: Record<string, unknown>) => Use<Result>,
): StandardSchemaWithJSON<unknown, Use<Result>> {
  const settle = (result: Validated<Record<string, unknown>>): Validated<Use<Result>> =>
    result.issues === undefined ? { value: use(result.value) } : { issues: result.issues };
  // Its author's code threw, in a transform or a check: that is no fault of the caller's.
  const fail = (error: unknown): Validated<Use<Result>> => {
    return { value: { ...use({}), confirm: undefined, run: () => Promise.reject(error) } };
  };
  return {
    "~standard": {
      version: 1,
      vendor: "zod",
      jsonSchema: { input: () => json, output: () => json },
      validate(value) {
        try {
          const result = schema["~standard"].validate(value);
          return result instanceof Promise ? result.then(settle, fail) : settle(result);
        } catch (error) {
          return fail(error);
        }
      },
    },
  };
}
