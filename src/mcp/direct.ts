/**
 * The direct way: a call of a tool and the list of tools, as nearly every client sends them, are
 * answered without building a server of the SDK. A parsed body goes in; the answer that the SDK
 * would give comes out, byte for byte, or nothing: then the SDK gives it. Whatever is unusual in any
 * respect, and every error, is the SDK's. decisions/0010-direct-way.md; held to by
 * test/unit/mcp/direct.test.ts.
 */
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  SERVER_INFO_META_KEY,
} from "@modelcontextprotocol/server";
import { securedHeaders } from "../edge/headers.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import type { Caller } from "./caller.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Serving } from "./context.ts";
import { type Asked, readAsked } from "./message.ts";
import type { ToolOffer } from "./offer.ts";
import type { About } from "./server.ts";
import { perform, type UseResult } from "./use.ts";

/** A request with nothing in it but what every client sends. */
export interface PlainRequest extends Message, Params {
  readonly revision: string;
  readonly isModern: boolean;
}

interface Message {
  readonly id: string | number;
  /** Of a tool; otherwise it asks for the list of them. */
  readonly isCall: boolean;
}

interface Params {
  /** The tool and its arguments; empty for a list. */
  readonly name: string;
  readonly input: JsonObject;
  readonly meta: JsonObject | undefined;
}

/** The newest revision, in which every request describes its client. */
const MODERN = "2026-07-28";
/** Those before it in which every request names its revision in a header. */
const OLDER: ReadonlySet<string> = new Set(["2025-11-25", "2025-06-18"]);

const MESSAGE = new Set(["jsonrpc", "id", "method", "params"]);
const LIST = new Set(["_meta"]);
const CALL = new Set(["_meta", "name", "arguments"]);
const ENVELOPE = new Set([
  PROTOCOL_VERSION_META_KEY,
  CLIENT_INFO_META_KEY,
  CLIENT_CAPABILITIES_META_KEY,
]);
const CLIENT = new Set(["name", "version", "title", "description", "websiteUrl"]);
const CAPABILITIES = new Set(["elicitation", "sampling", "roots"]);
const WAYS_TO_ASK = new Set(["form", "url"]);

/** Reads a request for the direct way; `undefined` when anything in it is not plain. */
export function readPlain({ headers }: Request, body: unknown): PlainRequest | undefined {
  const message = readMessage(body);
  if (message === undefined || headers.has("mcp-session-id")) return undefined;
  const { id, isCall, params } = message;
  const read = readParams(params, isCall ? CALL : LIST);
  if (read === undefined) return undefined;
  const { name, input, meta } = read;
  const revision = headers.get("mcp-protocol-version") ?? "";
  const isModern = revision === MODERN;
  const fits = isModern
    ? isPlainEnvelope(meta) && isMirrored(headers, isCall, name)
    : OLDER.has(revision) && meta === undefined;
  return fits ? { id, isCall, name, input, meta, revision, isModern } : undefined;
}

/** The headers repeat what is called (SEP-2243). */
function isMirrored(headers: Headers, isCall: boolean, name: string): boolean {
  const method = isCall ? "tools/call" : "tools/list";
  return headers.get("mcp-method") === method && (headers.get("mcp-name") ?? "") === name;
}

/** JSON-RPC 2.0 §4. */
function readMessage(body: unknown): (Message & { readonly params: JsonObject }) | undefined {
  if (!isJsonObject(body) || body["jsonrpc"] !== "2.0" || !hasOnly(body, MESSAGE)) return undefined;
  const { id, method, params = {} } = body;
  const isCall = method === "tools/call";
  if (!isId(id) || !isJsonObject(params) || !(isCall || method === "tools/list")) return undefined;
  return { id, isCall, params };
}

/** A name may not look like one that is encoded for a header (SEP-2243). */
function readParams(params: JsonObject, names: ReadonlySet<string>): Params | undefined {
  const { name = "", arguments: input = {}, _meta: meta } = params;
  const isPlain =
    hasOnly(params, names) &&
    typeof name === "string" &&
    !name.startsWith("=?") &&
    isJsonObject(input) &&
    !Object.hasOwn(input, "__proto__") &&
    (meta === undefined || isJsonObject(meta));
  return isPlain ? { name, input, meta } : undefined;
}

/** MCP 2026-07-28, basic: what a request says of its client, without extensions. */
function isPlainEnvelope(meta: JsonObject = {}): boolean {
  return (
    hasOnly(meta, ENVELOPE) &&
    meta[PROTOCOL_VERSION_META_KEY] === MODERN &&
    isPlainClient(meta[CLIENT_INFO_META_KEY]) &&
    arePlainCapabilities(meta[CLIENT_CAPABILITIES_META_KEY])
  );
}

function isPlainClient(client: unknown): boolean {
  return (
    isJsonObject(client) &&
    hasOnly(client, CLIENT) &&
    "name" in client &&
    "version" in client &&
    Object.values(client).every((text) => typeof text === "string")
  );
}

function arePlainCapabilities(capabilities: unknown): boolean {
  return (
    isJsonObject(capabilities) &&
    hasOnly(capabilities, CAPABILITIES) &&
    Object.values(capabilities).every(
      (way) => isJsonObject(way) && hasOnly(way, WAYS_TO_ASK) && Object.values(way).every(isEmpty),
    )
  );
}

/** What a plain request asks for: what `readAsked` would find in its body. */
export function askedBy(plain: PlainRequest, body: unknown): Asked {
  const { isCall, isModern, name, revision } = plain;
  const method = isCall ? "tools/call" : "tools/list";
  return {
    subjects: new Map().set(method, new Set([name])),
    wantsProgress: false,
    hasEnvelope: isModern,
    revision,
    content: () => readAsked(body).content(),
  };
}

/** What the direct way came to. */
export type Direct =
  /** The answer. */
  | { readonly response: Response }
  /** The tool has run, so it must not run again; the SDK says what came of it. */
  | { readonly performed: UseResult<CallToolResult> }
  /** Nothing has happened yet: all of it is the SDK's, and may be learned from. */
  | { learn(response: Response): Promise<Response> };

export type DirectWay = (plain: PlainRequest, serving: Serving) => Promise<Direct>;

/** The direct way of one isolate. */
export function createDirectWay({ info }: About): DirectWay {
  const listings = createListings();
  const modernEnd = `"resultType":"complete",${JSON.stringify({
    _meta: { [SERVER_INFO_META_KEY]: info },
  }).slice(1)}`;
  return async (plain, serving) => {
    if (!plain.isCall) return listings(plain, serving);
    const use = await readUse(plain, serving);
    if (use === undefined) return UNKNOWN;
    const performed = await perform(use, serving, invocationOf(plain, serving));
    const result = performed.ended === "done" ? textOf(performed.result) : undefined;
    if (result === undefined) return { performed };
    return { response: send(plain.isModern ? join(result, modernEnd) : result, plain.id) };
  };
}

const UNKNOWN: Direct = { learn: (response) => Promise.resolve(response) };

/** The use that a call is of, when it is allowed and its arguments are valid. */
async function readUse({ name, input, isModern }: PlainRequest, serving: Serving) {
  const { catalogue, caller, exchange } = serving;
  const offer = catalogue.tools.get(name);
  if (offer === undefined || (isModern && mirrorsArguments(offer))) return undefined;
  if (caller.judge(offer.item).verdict !== "allowed") return undefined;
  const read = await offer.input["~standard"].validate(input);
  if (read.issues !== undefined) return undefined;
  exchange.note({ tool: name, digest: offer.digest.slice(0, 12) });
  return read.value;
}

/** Whether clients send arguments of this tool in headers too (SEP-2243), which then must agree. */
function mirrorsArguments({ wire }: ToolOffer): boolean {
  const known = MIRRORING.get(wire);
  if (known !== undefined) return known;
  const mirrors = JSON.stringify(wire.inputSchema).includes('"x-mcp-header"');
  MIRRORING.set(wire, mirrors);
  return mirrors;
}

const MIRRORING = new WeakMap<ToolOffer["wire"], boolean>();

/** What a request of the SDK would say of this one: nobody waits for progress, nothing was asked. */
function invocationOf({ meta }: PlainRequest, { signal }: Serving): Parameters<typeof perform>[2] {
  return {
    mcpReq: {
      signal,
      notify: () => Promise.resolve(),
      envelope: meta,
      requestState: () => undefined,
    },
  };
}

const RESULT = new Set(["content", "structuredContent"]);
const TEXT = new Set(["type", "text"]);

/** A result as JSON, when it is texts and what is structured; the SDK knows all that it can be. */
function textOf(result: CallToolResult): string | undefined {
  const isPlain =
    hasOnly(result, RESULT) &&
    result.content.every(
      (block) => block.type === "text" && typeof block.text === "string" && hasOnly(block, TEXT),
    );
  return isPlain ? JSON.stringify(result) : undefined;
}

const MOST_LISTINGS = 64;

/**
 * Lists of tools, by revision and by which tools are shown: the SDK gives the first of each kind,
 * which is then sent again under another id.
 */
function createListings(): DirectWay {
  const listings = new Map<string, string>();
  const seen = new WeakMap<Caller, string>();
  return async ({ id, revision }, { catalogue, caller }) => {
    const shown = seen.get(caller) ?? shownTo(caller, catalogue);
    seen.set(caller, shown);
    const kind = `${revision} ${shown}`;
    const listing = listings.get(kind);
    if (listing !== undefined) return { response: send(listing, id) };
    return {
      async learn(response) {
        const headers = [...response.headers].map(([name]) => name);
        if (response.status !== 200 || headers.join() !== "content-type") return response;
        const text = await response.text();
        const result = text.startsWith(START) ? text.slice(START.length) : "";
        if (result.endsWith(endOf(id)) && listings.size < MOST_LISTINGS)
          listings.set(kind, result.slice(0, -endOf(id).length));
        return new Response(text, response);
      },
    };
  };
}

/**
 * Which tools a caller sees, as a mark for each. The same caller always sees the same: what is held
 * decides, and no time.
 */
function shownTo(caller: Caller, { tools }: Catalogue): string {
  const marks = [...tools.values()].map(({ item }) =>
    caller.judge(item).verdict === "denied" ? "0" : "1",
  );
  return marks.join("");
}

/** How the SDK writes a response (JSON-RPC 2.0 §5). */
const START = '{"result":';

function endOf(id: string | number): string {
  return `,"jsonrpc":"2.0","id":${JSON.stringify(id)}}`;
}

const HEADERS = securedHeaders({ "Content-Type": "application/json" });

function send(result: string, id: string | number): Response {
  return new Response(START + result + endOf(id), { headers: HEADERS });
}

/** One JSON object out of the texts of two; the second has lost its brace. */
function join(object: string, more: string): string {
  return `${object.slice(0, -1)},${more}`;
}

function isId(id: unknown): id is string | number {
  return typeof id === "string" || Number.isSafeInteger(id);
}

function isEmpty(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function hasOnly(object: object, names: ReadonlySet<string>): boolean {
  return Object.keys(object).every((name) => names.has(name));
}
