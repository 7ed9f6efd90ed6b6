/**
 * What a tool, a prompt or a resource is given when it runs. Types only: what an author reads. The
 * token of the request is in none of it, and neither are this server's own variables.
 */
import type {
  CreateMessageRequest,
  CreateMessageResult,
  CreateMessageResultWithTools,
  Root,
} from "@modelcontextprotocol/server";
import type * as z from "zod";
import type { Env } from "../config.ts";

/** Another API of your Auth0 tenant. */
export interface OtherApi {
  /** Its identifier. */
  readonly audience: string;
  /** Every one is needed; none means whatever the person may do there. */
  readonly scope?: string | readonly string[];
}

/** For one `fetch`, and for nobody else. */
export interface OtherToken {
  readonly token: string;
  readonly scopes: readonly string[];
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** Who calls, through which client. */
export interface Auth {
  /** `machine`: nobody signed in, the client speaks for itself. It has no profile. */
  readonly kind: "person" | "machine";
  /** The same person or machine is always the same text; it tells nothing about them. */
  readonly userId: string;
  readonly clientId: string;
  /** Who issued the access token of this request (we), and for which resource. */
  readonly issuer: string;
  readonly audience: string;
  /** The organization whose address was called (`/mcp/o/{organization}`); absent at `/mcp`. */
  readonly organization?: string;
  readonly scopes: readonly string[];
  /** What the person holds at Auth0 and allowed this client; what the machine was given. */
  readonly permissions: readonly string[];
  /**
   * Auth0's own access token for `AUTH0_AUDIENCE` and its claims, renewed first when it is about to
   * expire. It goes to no other API: that is what `tokenFor` is for. Never hand it out.
   */
  accessToken(): Promise<{
    readonly token: string;
    readonly claims: Readonly<Record<string, unknown>>;
  }>;
  /**
   * An access token for another API in the person's name (Auth0's On-Behalf-Of token exchange), kept
   * until it ends. Fails with a `ToolError` in words for the model, whatever is in the way.
   */
  tokenFor(api: OtherApi): Promise<OtherToken>;
  /**
   * The token of an account of the person's at another service, such as `google-oauth2` (Auth0's Token
   * Vault). While there is none, or one that opens too little, it fails with a `ToolError` that leads
   * the person to a page where they connect it; then the same call goes through.
   */
  connectionToken(
    connection: string,
    wanted?: { readonly scopes?: readonly string[] },
  ): Promise<OtherToken>;
  /** The person's profile, cached. A machine has none: then it refuses with a `ToolError`. */
  userInfo(): Promise<Readonly<Record<string, unknown>>>;
}

/** What this caller's permissions make of one tool. */
export interface ToolAccess {
  readonly name: string;
  readonly title: string;
  readonly permissions: readonly string[];
  /**
   * `step_up`: held at Auth0, not allowed to this client yet; `stale`: the person has to sign in
   * again first.
   */
  readonly verdict: "allowed" | "step_up" | "stale" | "denied";
}

/**
 * Bindings, variables and secrets as `npm run types` finds them, without those of the server
 * itself.
 */
export type ToolEnv = Omit<Cloudflare.Env, keyof Env>;

/** The application that calls. */
export interface ClientFacts {
  /** One of a fixed list: `claude`, `cursor`, `vscode`, …, `other`. */
  readonly family: string;
  /** The MCP revision of this request, such as `2026-07-28`. */
  readonly revision: string;
  /** What this client lets a server ask for in the middle of a call. */
  readonly canAsk: { readonly person: boolean; readonly model: boolean; readonly roots: boolean };
}

type Loggable = Readonly<Record<string, unknown>>;

/** Structured lines under the request's id. Tokens and secrets in them are blanked out. */
export interface Log {
  debug(message: string, fields?: Loggable): void;
  info(message: string, fields?: Loggable): void;
  warn(message: string, fields?: Loggable): void;
  error(message: string, fields?: Loggable): void;
}

/** What a person answered: what the form asked for, or that they would not, or closed it. */
export type Reply<Content> =
  | { readonly action: "accept"; readonly content: Content }
  | { readonly action: "decline" | "cancel" };

/** What the client's model said. */
export type ModelAnswer = CreateMessageResult | CreateMessageResultWithTools;

interface Question {
  readonly message: string;
  /** Names the answer on the wire; by default the questions of a call are numbered. */
  readonly name?: string;
}

/** What a form can ask for: nothing within something else (MCP, client/elicitation). */
export type FormSchema = z.ZodObject<
  Readonly<Record<string, z.ZodType<string | number | boolean | undefined>>>
>;

/**
 * Asks in the middle of a call (MCP 2026-07-28, multi round-trip requests). The call ends here and
 * is made again with the answer: what stands before a question runs once per round, so ask first
 * and act afterwards. Several questions at once: `Promise.all([ask(…), ask(…)])`.
 */
export interface Ask {
  /** The person, by a form: a flat object of texts, numbers, booleans and enums. */
  <S extends FormSchema>(question: Question & { readonly schema: S }): Promise<Reply<z.output<S>>>;
  /** The person, to open a page; `accept` means opened, not done. */
  url(question: Question & { readonly url: string }): Promise<Reply<undefined>>;
  /** The client's model (sampling). */
  model(request: CreateMessageRequest["params"] & { readonly name?: string }): Promise<ModelAnswer>;
  /** The client's folders. */
  roots(question?: { readonly name?: string }): Promise<readonly Root[]>;
}

/** A little to remember between calls, of this person and this tool. JSON up to 16 KB a key. */
export interface State {
  /** What was put, or `undefined`: never put, expired, or of another form than `schema`. */
  get<S extends z.ZodType>(key: string, schema: S): Promise<z.output<S> | undefined>;
  put(key: string, value: unknown, options?: { readonly ttlSeconds?: number }): Promise<void>;
  delete(key: string): Promise<void>;
}

/** What a tool knows of the request it serves. */
export interface ToolContext {
  readonly auth: Auth;
  readonly env: ToolEnv;
  readonly client: ClientFacts;
  /** Fires when the client gave up: pass it to every `fetch`. */
  readonly signal: AbortSignal;
  /** The id that the log and the client's error text share. */
  readonly requestId: string;
  readonly log: Log;
  readonly ask: Ask;
  readonly state: State;
  /** Lets work go on after the answer. */
  waitUntil(work: Promise<unknown>): void;
  /** Tells the client how far this is, if it asked; steps that do not advance are dropped. */
  progress(done: number, total?: number, message?: string): Promise<void>;
  /** Every tool of this server, also those hidden from the caller. */
  access(): readonly ToolAccess[];
}
