/**
 * How a tool, a prompt or a resource is written: a piece of data with a `run` function. All that
 * `tools/` may import. What it says about permissions is mandatory: a definition without them does
 * not compile.
 */
import type { ContentBlock, Icon, PromptMessage } from "@modelcontextprotocol/server";
import type * as z from "zod";

/** What a model and a person read about it, and who may use it. */
interface Facts {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Auth0 permissions; every one is required. `[]` = any caller who is signed in. */
  readonly permissions: readonly string[];
  readonly icons?: Icon[];
}

/** What a client may assume of a call before it makes it (MCP 2026-07-28, server/tools). */
interface Annotations {
  /** It changes nothing. */
  readonly readOnlyHint: boolean;
  /** It may delete or overwrite. */
  readonly destructiveHint: boolean;
  /** Calling it twice with the same input does no more than calling it once. */
  readonly idempotentHint: boolean;
  /** It reaches beyond this server. */
  readonly openWorldHint: boolean;
}

type Awaitable<T> = T | Promise<T>;

interface ToolFacts extends Facts {
  readonly annotations: Annotations;
}

/** A tool with an output schema: its result is structured, and the same JSON as text. */
interface StructuredTool<I extends z.ZodObject, O extends z.ZodObject> extends ToolFacts {
  readonly input: I;
  readonly output: O;
  run(input: z.output<I>, context: ToolContext): Awaitable<z.input<O>>;
}

/** A tool that answers with a text, or with content blocks. */
interface ContentTool<I extends z.ZodObject> extends ToolFacts {
  readonly input: I;
  readonly output?: undefined;
  run(input: z.output<I>, context: ToolContext): Awaitable<string | ContentBlock[]>;
}

/**
 * A prompt: MCP gives its input as texts only. The result is what the user says, or a whole
 * conversation.
 */
interface PromptDefinition<I extends z.ZodObject> extends Facts {
  readonly input: I;
  run(input: z.output<I>, context: ToolContext): Awaitable<string | PromptMessage[]>;
}

/** A text that can be read at a fixed URI. */
export interface Resource extends Facts {
  readonly uri: string;
  readonly mimeType: string;
  run(context: ToolContext): Awaitable<string>;
}

export type Tool = StructuredTool<z.ZodObject, z.ZodObject> | ContentTool<z.ZodObject>;
export type Prompt = PromptDefinition<z.ZodObject>;

/** The lists that make up a server. */
export interface Offerings {
  readonly tools: readonly Tool[];
  readonly prompts?: readonly Prompt[];
  readonly resources?: readonly Resource[];
}

/** Who calls, through which client. */
export interface Auth {
  /** The same person is always the same text; it tells nothing about them. */
  readonly userId: string;
  readonly clientId: string;
  /** Who issued the access token of this request (we), and for which resource. */
  readonly issuer: string;
  readonly audience: string;
  readonly scopes: readonly string[];
  /** What the person holds at Auth0 and allowed this client. */
  readonly permissions: readonly string[];
  /**
   * Auth0's own access token and its claims, renewed first when it is about to expire. Never hand
   * it out.
   */
  accessToken(): Promise<{
    readonly token: string;
    readonly claims: Readonly<Record<string, unknown>>;
  }>;
  /** The person's profile, cached. */
  userInfo(): Promise<Readonly<Record<string, unknown>>>;
}

/** What this caller's permissions make of one tool. */
interface ToolAccess {
  readonly name: string;
  readonly title: string;
  readonly permissions: readonly string[];
  /** `step_up`: held at Auth0, not allowed to this client yet. */
  readonly verdict: "allowed" | "step_up" | "denied";
}

/** What a tool knows of the request it serves. */
export interface ToolContext {
  readonly auth: Auth;
  /** Fires when the client gave up: pass it to every `fetch`. */
  readonly signal: AbortSignal;
  /** The id that the log and the client's error text share. */
  readonly requestId: string;
  /** Tells the client how far this is, if it asked; steps that do not advance are dropped. */
  progress(done: number, total?: number, message?: string): Promise<void>;
  /** Every tool of this server, also those hidden from the caller. */
  access(): readonly ToolAccess[];
}

/** A failure whose message the caller may read. Any other error is answered with a fixed text. */
export class ToolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ToolError";
  }
}

/** A tool with its types inferred from its schemas. */
export function defineTool<I extends z.ZodObject, O extends z.ZodObject>(
  tool: StructuredTool<I, O>,
): Tool;
export function defineTool<I extends z.ZodObject>(tool: ContentTool<I>): Tool;
export function defineTool(tool: Tool): Tool {
  return tool;
}

/** A prompt with its input type inferred from its schema. */
export function definePrompt<I extends z.ZodObject>(prompt: PromptDefinition<I>): Prompt {
  return prompt;
}

/** A resource. */
export function defineResource(resource: Resource): Resource {
  return resource;
}
