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
  /** The MCP revision that the request names. */
  readonly revision: string;
  /**
   * The method of a single message and what it is called with, whatever the order of its members;
   * without what differs from round to round.
   */
  content(): string;
}

/** The methods of MCP, in any revision: what the log may repeat of what a client says. */
const METHODS: ReadonlySet<string> = new Set([
  "initialize",
  "notifications/initialized",
  "notifications/cancelled",
  "ping",
  "server/discover",
  "tools/list",
  "tools/call",
  "prompts/list",
  "prompts/get",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "completion/complete",
  "subscriptions/listen",
  "skills/list",
  "skills/get",
]);

/** Whether a method is one of MCP that this server knows. */
export function isMethod(method: string): boolean {
  return METHODS.has(method);
}

/** What decides which parts of a server are needed. Anything odd counts as absent. */
const message = z.object({
  method: z.string(),
  params: z
    .looseObject({
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

/** MCP 2025-11-25, basic/transports: without the header, this is assumed. */
const REVISION_WITHOUT_HEADER = "2025-03-26";

/**
 * Reads what a JSON-RPC body asks for, a single message or a batch. `header` is the revision that
 * `MCP-Protocol-Version` names.
 */
export function readAsked(body: unknown, header: string | null = null): Asked {
  const entries: readonly unknown[] = Array.isArray(body) ? body.slice(0, LONGEST_BATCH) : [body];
  const messages = entries.flatMap((entry) => message.safeParse(entry).data ?? []);
  const subjects = new Map<string, Set<string>>();
  for (const { method, params } of messages) {
    const subject = method === "resources/read" ? URL.parse(params.uri ?? "")?.href : params.name;
    subjects.set(method, (subjects.get(method) ?? new Set()).add(subject ?? ""));
  }
  const metas = messages.map(({ params }) => params._meta);
  const named = metas.map((meta) => meta?.[PROTOCOL_VERSION_META_KEY]).find(isText);
  return {
    subjects,
    wantsProgress: metas.some((meta) => meta?.progressToken !== undefined),
    hasEnvelope: metas.some((meta) => meta?.[PROTOCOL_VERSION_META_KEY] !== undefined),
    revision: revisionOf(named ?? header),
    content: () => JSON.stringify(messages.map(contentOf)),
  };
}

/** Goes into the log, so it is a date or nothing. */
function revisionOf(named: string | null): string {
  if (named === null) return REVISION_WITHOUT_HEADER;
  return /^\d{4}-\d{2}-\d{2}$/.test(named) ? named : "other";
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** What a client sends anew in each round of one call (MCP 2026-07-28, basic/patterns/mrtr). */
const CHANGING: ReadonlySet<string> = new Set(["_meta", "inputResponses", "requestState"]);

function contentOf({ method, params }: z.output<typeof message>): unknown {
  const same = Object.entries(params).filter(([name]) => !CHANGING.has(name));
  return [method, sorted(Object.fromEntries(same))];
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, member]: [string, unknown]) => [name, sorted(member)]),
  );
}
