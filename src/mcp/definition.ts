/**
 * What an author writes down about a tool, a prompt, a resource or a template. Types only. What
 * cannot work does not compile: no permissions, a result of another shape, a prompt argument that is
 * no text, a template in a plain resource.
 */
import type {
  ContentBlock,
  Icon,
  PromptMessage,
  ReadResourceResult,
} from "@modelcontextprotocol/server";
import type * as z from "zod";
import type { Answer } from "./answer.ts";
import type { Auth, ClientFacts, Log, ToolContext, ToolEnv } from "./tool-context.ts";

export type Awaitable<T> = T | Promise<T>;

/** `90s`, `15m`, `12h`, `7d`. */
type Duration = `${number}${"s" | "m" | "h" | "d"}`;

/** A permission of Auth0's, by its name, or with what it asks of the person's sign-in beside that. */
export type Permission =
  | string
  | {
      readonly name: string;
      /** How long ago the person may have signed in. */
      readonly fresh?: Duration;
      /** They signed in with a second factor. */
      readonly mfa?: boolean;
    };

/** What a model and a person read about it, and who may use it. */
export interface Facts {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Auth0 permissions; every one is required. `[]` = any caller who is signed in. */
  readonly permissions: readonly Permission[];
  readonly icons?: Icon[];
  /** `_meta` of the definition, for clients that know what it means. */
  readonly meta?: Readonly<Record<string, unknown>>;
  /** Tools of one name share what they remember (`state`). Default: the tool's own name. */
  readonly stateName?: string;
  /** Names of `env` that must be set: what is missing is said at the start, not at the first call. */
  readonly needs?: readonly string[];
  /** How long it may take, such as `30s` or `2m`: then its `signal` fires and the caller is told. */
  readonly timeout?: string;
}

/** What a client may assume of a call before it makes it (MCP 2026-07-28, server/tools). */
export interface Annotations {
  /** It changes nothing. */
  readonly readOnlyHint: boolean;
  /** It may delete or overwrite. */
  readonly destructiveHint: boolean;
  /** Calling it twice with the same input does no more than calling it once. */
  readonly idempotentHint: boolean;
  /** It reaches beyond this server. */
  readonly openWorldHint: boolean;
}

/** An HTML document that clients with MCP Apps show beside the result; it gets the result itself. */
export interface View {
  /** The whole document. Never put data into it: it may call tools as the person. */
  readonly html: string;
  /** Origins it may load from; none by default. */
  readonly csp?: {
    readonly connectDomains?: string[];
    readonly resourceDomains?: string[];
    readonly frameDomains?: string[];
    readonly baseUriDomains?: string[];
  };
  readonly permissions?: Readonly<
    Partial<Record<"camera" | "microphone" | "geolocation" | "clipboardWrite", object>>
  >;
  readonly prefersBorder?: boolean;
  /** Who may call the tool: the model, the view (`app`), or both. No access control. */
  readonly visibility?: readonly ("model" | "app")[];
}

/** Any schema of objects: `z.object`, a union of objects, a record. */
export type ObjectSchema = z.ZodType<Record<string, unknown>>;

type ResultOf<O> = O extends ObjectSchema
  ? z.input<O> | Answer<z.input<O> | undefined>
  : string | readonly ContentBlock[] | Answer;

/** A tool. With `output` its result is structured, and the same JSON as text. */
export interface ToolDefinition<
  I extends ObjectSchema,
  O extends ObjectSchema | undefined,
> extends Facts {
  readonly annotations: Annotations;
  readonly input: I;
  readonly output?: O;
  /** What the person is asked to approve before it runs. For a destructive tool. */
  confirm?(input: z.output<I>): Awaitable<string>;
  /** What is shown beside the result. */
  readonly ui?: View;
  run(input: z.output<I>, context: ToolContext): Awaitable<ResultOf<O>>;
}

/** MCP gives a prompt its input as texts: each field of its schema reads one, or none. */
export type TextShape = Readonly<Record<string, z.ZodType<unknown, string | undefined>>>;

/** Suggests values for one argument while the person types; `known` has the others. */
type Complete = (
  value: string,
  known: Readonly<Record<string, string>>,
  context: ToolContext,
) => Awaitable<readonly string[]>;

/** A prompt. The result is what the user says, or a whole conversation. */
export interface PromptDefinition<S extends TextShape> extends Facts {
  readonly input: z.ZodObject<S>;
  readonly complete?: { readonly [Name in keyof S]?: Complete };
  run(
    input: z.output<z.ZodObject<S>>,
    context: ToolContext,
  ): Awaitable<string | readonly PromptMessage[]>;
}

/** A text, bytes, or several contents. */
type Reading = string | Uint8Array | ArrayBuffer | ReadResourceResult["contents"];

/** What the compiler says instead of a type. */
type Fixed<Uri extends string> = Uri extends `${string}{${string}`
  ? "a URI with {…} is a template: use defineTemplate"
  : Uri;
type Varying<Uri extends string> = Uri extends `${string}{${string}`
  ? Uri
  : "a template has a {variable}: use defineResource for a fixed URI";

/** What can be read at one URI. */
export interface ResourceDefinition<Uri extends string> extends Facts {
  /** As a URL parser writes it. With `{…}` in it, it is a template: `defineTemplate`. */
  readonly uri: Fixed<Uri>;
  readonly mimeType: string;
  run(context: ToolContext): Awaitable<Reading>;
}

/** `{id}` takes one segment, `{+path}` takes slashes too (RFC 6570 §3.2.2, §3.2.3). */
export type Variables<Uri extends string> = Uri extends `${string}{${infer Name}}${infer Rest}`
  ? (Name extends `+${infer Path}` ? Path : Name) | Variables<Rest>
  : never;

/** One resource of a template, in the list. */
interface Listed {
  readonly uri: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType?: string;
}

/** What can be read at every URI of one form. */
export interface TemplateDefinition<
  Uri extends string,
  P extends Readonly<Record<Variables<Uri>, z.ZodType<unknown, string>>>,
> extends Facts {
  readonly uri: Varying<Uri>;
  readonly mimeType: string;
  /** The variables of the URI. One that does not fit is a resource that is not there. */
  readonly params: z.ZodObject<P>;
  readonly complete?: { readonly [Name in keyof P]?: Complete };
  /** What of it is shown in the list of resources. */
  list?(context: ToolContext): Awaitable<readonly Listed[]>;
  /** `undefined`: there is no such resource. */
  run(params: z.output<z.ZodObject<P>>, context: ToolContext): Awaitable<Reading | undefined>;
}

/** A folder of instructions that a host loads when its description fits (Skills, SEP-2640). */
export interface SkillDefinition {
  /** That of the folder. */
  readonly name: string;
  readonly permissions: readonly Permission[];
  /** As `SKILL.md` begins. */
  readonly frontmatter: Readonly<Record<string, unknown>>;
  /** Path within the folder → what stands there. */
  readonly files: Readonly<Record<string, string | { readonly base64: string }>>;
  /** What is wrong with the folder, for its author. */
  readonly problems: readonly string[];
}

/** As they stand in the lists: their types have done their work. */
export type Tool = ToolDefinition<ObjectSchema, ObjectSchema | undefined>;
export type Prompt = PromptDefinition<TextShape>;
export type Resource = Omit<ResourceDefinition<string>, "uri"> & { readonly uri: string };
export type Template = Omit<
  TemplateDefinition<string, Readonly<Record<string, z.ZodType<unknown, string>>>>,
  "uri"
> & { readonly uri: string };

/** One use of anything on offer, as `around` sees it. */
export interface Call {
  readonly kind: "tool" | "prompt" | "resource";
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly auth: Omit<Auth, "accessToken" | "tokenFor" | "connectionToken" | "userInfo">;
  readonly client: ClientFacts;
  readonly env: ToolEnv;
  readonly log: Log;
  readonly requestId: string;
  waitUntil(work: Promise<unknown>): void;
}

/**
 * Stands around every call: for an audit, a quota, a feature flag. Await `next()` once, or throw a
 * `ToolError` instead. `next` rejects with what the call threw.
 */
export type Around = (
  call: Call,
  next: () => Promise<"done" | "failed" | "asked">,
) => Promise<void>;

/** The lists that make up a server. */
export interface Offerings {
  readonly tools: readonly Tool[];
  readonly prompts?: readonly Prompt[];
  readonly resources?: readonly Resource[];
  readonly templates?: readonly Template[];
  readonly skills?: readonly SkillDefinition[];
  readonly around?: Around;
  /**
   * What each permission lets a person do, in a few words that follow “it can”. People read it when
   * they are asked; a permission without one is told by the tools it opens.
   */
  readonly permissions?: Readonly<Record<string, string>>;
}
