/**
 * What a tool may answer beside a text: content blocks, structured content with more to it, an error
 * it chose. Values in, MCP content out; bytes become base64.
 */
import type { ContentBlock } from "@modelcontextprotocol/server";

const ANSWER: unique symbol = Symbol("answer");

type Meta = Readonly<Record<string, unknown>>;

interface AnswerParts<Structured> {
  /** What the output schema names. */
  readonly structured?: Structured;
  /** Instead of the structured content as text. */
  readonly content?: string | readonly ContentBlock[];
  /** For the client, not for the model. */
  readonly meta?: Meta;
  /** The call failed, in the tool's own words. */
  readonly isError?: boolean;
}

/** A whole result. Made by `answer()`. */
export interface Answer<Structured = undefined> extends AnswerParts<Structured> {
  readonly [ANSWER]: true;
}

/** A result with more than one part: structured content, other content, `_meta`, a failure. */
export function answer<Structured = undefined>(parts: AnswerParts<Structured>): Answer<Structured> {
  return { ...parts, [ANSWER]: true };
}

/** Whether a result was made by `answer()`. */
export function isAnswer(result: unknown): result is Answer<unknown> {
  return typeof result === "object" && result !== null && ANSWER in result;
}

/** A failure whose message the caller may read. Any other error is answered with a fixed text. */
export class ToolError extends Error {
  readonly content: readonly ContentBlock[];
  readonly meta: Meta | undefined;
  constructor(
    message: string,
    more: {
      readonly content?: readonly ContentBlock[];
      readonly meta?: Meta;
      readonly cause?: Error;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = "ToolError";
    this.content = more.content ?? [];
    this.meta = more.meta;
  }
}

type Bytes = Uint8Array | ArrayBuffer;

/** A text block. */
export function text(content: string): ContentBlock {
  return { type: "text", text: content };
}

/** An image block: bytes, or base64. */
export function image(data: Bytes | string, mimeType: string): ContentBlock {
  return { type: "image", data: base64Of(data), mimeType };
}

/** A sound block: bytes, or base64. */
export function audio(data: Bytes | string, mimeType: string): ContentBlock {
  return { type: "audio", data: base64Of(data), mimeType };
}

/** A link to a resource, which the client may read. */
export function link(
  uri: string,
  about: { readonly name: string; readonly title?: string; readonly mimeType?: string },
): ContentBlock {
  return { type: "resource_link", uri, ...about };
}

/** A resource in the answer itself: a text, or bytes. */
export function embed(uri: string, content: string | Bytes, mimeType: string): ContentBlock {
  return { type: "resource", resource: resourceContent({ uri, mimeType }, content) };
}

/** One content item of a resource: a text, or bytes as base64. */
export function resourceContent<About extends { uri: string; mimeType: string }>(
  about: About,
  content: string | Bytes,
): About & ({ text: string } | { blob: string }) {
  return typeof content === "string"
    ? { ...about, text: content }
    : { ...about, blob: base64Of(content) };
}

function base64Of(data: Bytes | string): string {
  if (typeof data === "string") return data;
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  let binary = "";
  for (let at = 0; at < bytes.length; at += 8192)
    binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary);
}
