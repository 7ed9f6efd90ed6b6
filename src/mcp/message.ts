/**
 * What the JSON-RPC messages of a body ask for, so that no more than that is prepared. A parsed
 * body goes in, the methods it calls and on what come out. It judges nothing: the SDK does.
 */
import { PROTOCOL_VERSION_META_KEY } from "@modelcontextprotocol/server";
import * as z from "zod";

/** The methods a body calls, each with the names or URIs it calls them on. */
export interface Asked {
  readonly subjects: ReadonlyMap<string, ReadonlySet<string>>;
  /** Some request wants to hear of progress, which only an event stream can carry. */
  readonly wantsProgress: boolean;
  /** Some request carries the envelope of 2026-07-28, which no older one does. */
  readonly hasEnvelope: boolean;
}

/** What decides which parts of a server are needed. Anything odd counts as absent. */
const message = z.object({
  method: z.string(),
  params: z
    .object({
      name: z.string().optional().catch(undefined),
      uri: z.string().optional().catch(undefined),
      _meta: z
        .object({
          progressToken: z.unknown().optional(),
          [PROTOCOL_VERSION_META_KEY]: z.unknown().optional(),
        })
        .optional()
        .catch(undefined),
    })
    .catch({}),
});

/**
 * A batch (MCP 2025-03-26) longer than this is refused by the SDK; there is no use in reading on.
 */
const LONGEST_BATCH = 100;

/** Reads what a JSON-RPC body asks for, a single message or a batch. */
export function readAsked(body: unknown): Asked {
  const entries: readonly unknown[] = Array.isArray(body) ? body.slice(0, LONGEST_BATCH) : [body];
  const messages = entries.flatMap((entry) => message.safeParse(entry).data ?? []);
  const subjects = new Map<string, Set<string>>();
  for (const { method, params } of messages) {
    const subject = method === "resources/read" ? URL.parse(params.uri ?? "")?.href : params.name;
    subjects.set(method, (subjects.get(method) ?? new Set()).add(subject ?? ""));
  }
  const metas = messages.map(({ params }) => params._meta);
  return {
    subjects,
    wantsProgress: metas.some((meta) => meta?.progressToken !== undefined),
    hasEnvelope: metas.some((meta) => meta?.[PROTOCOL_VERSION_META_KEY] !== undefined),
  };
}
