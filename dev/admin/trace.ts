/**
 * One attempt to sign in, step by step. Lines of the log go in, from `wrangler tail --format json`,
 * from Logpush or as they were printed; the steps that belong together come out, what was expected
 * beside what came. Pure.
 */
import * as z from "zod";
import { printable } from "../../src/pages/printable.ts";

const lineSchema = z.looseObject({
  at: z.string(),
  requestId: z.string(),
  method: z.string(),
  route: z.string(),
  status: z.number(),
});

export type Line = z.output<typeof lineSchema>;

export interface Wanted {
  readonly request?: string | undefined;
  readonly client?: string | undefined;
  readonly user?: string | undefined;
  /** Epoch milliseconds: whatever came close to it. */
  readonly at?: number | undefined;
}

function isMcp(route: string): boolean {
  return route === "/mcp" || route.startsWith("/mcp/o/");
}

/** A client's way, in order: the last one that it took says where it stopped. */
const STEPS: readonly (readonly [name: string, is: (line: Line) => boolean])[] = [
  ["asked without a token", ({ route, status }) => isMcp(route) && status === 401],
  ["read the metadata", ({ route }) => route.startsWith("/.well-known/")],
  ["registered", ({ route }) => route === "/register"],
  ["opened the consent page", ({ route, method }) => route === "/authorize" && method === "GET"],
  ["answered it", ({ route, method }) => route === "/authorize" && method === "POST"],
  ["came back from Auth0", ({ route }) => route === "/auth/callback"],
  ["exchanged the code", ({ route, grant }) => route === "/token" && grant !== "refresh_token"],
  ["called", ({ route, status }) => isMcp(route) && status !== 401],
];

/** How far apart two requests of one attempt may be. */
const ATTEMPT_MS = 15 * 60_000;

/** What is close to a time that somebody remembers. */
const CLOSE_MS = 2 * 60_000;

/** Every line of ours in a text, however it is wrapped. */
export function readLines(text: string): readonly Line[] {
  return text.split("\n").flatMap((row) => linesOf(parse(row)));
}

/** The lines of the attempt that is wanted, oldest first. */
export function chooseAttempt(lines: readonly Line[], wanted: Wanted): readonly Line[] {
  const first = lines.filter((line) => isNamed(line, wanted));
  if (wanted.at !== undefined) return inOrder(first);
  const names = new Set(first.flatMap((line) => [line["client"], line["user"]].filter(isText)));
  const times = first.map(({ at }) => Date.parse(at));
  const related = lines.filter(
    (line) =>
      first.includes(line) ||
      ([line["client"], line["user"]].filter(isText).some((name) => names.has(name)) &&
        times.some((time) => Math.abs(time - Date.parse(line.at)) <= ATTEMPT_MS)),
  );
  return inOrder(related);
}

function inOrder(lines: readonly Line[]): readonly Line[] {
  return lines.toSorted((one, other) => one.at.localeCompare(other.at));
}

/** One row for each step: what came, or that nothing did. */
export function renderAttempt(lines: readonly Line[]): string {
  const taken = new Set<Line>();
  const rows = STEPS.map(([name, is]) => {
    const line = lines.find((candidate) => !taken.has(candidate) && is(candidate));
    if (line !== undefined) taken.add(line);
    return `${line === undefined ? "–" : line.status < 400 ? "✓" : "✗"} ${name.padEnd(26)} ${describe(line)}`;
  });
  const others = lines.filter((line) => !taken.has(line));
  return [
    ...rows,
    ...others.map((line) => `  ${printable(line.route, 200).padEnd(26)} ${describe(line)}`),
  ].join("\n");
}

function describe(line: Line | undefined): string {
  if (line === undefined) return "nothing in the log";
  const { at, requestId, status } = line;
  const told = ["reason", "upstreamError", "check", "tool", "event", "clientFamily"].flatMap(
    (name) => (isText(line[name]) ? [`${name}=${line[name]}`] : []),
  );
  return [at, String(status), ...told, requestId].map((part) => printable(part, 200)).join("  ");
}

function isNamed(line: Line, { request, client, user, at }: Wanted): boolean {
  return (
    (at !== undefined && Math.abs(Date.parse(line.at) - at) <= CLOSE_MS) ||
    (request !== undefined && line.requestId === request) ||
    (client !== undefined && line["client"] === client) ||
    (user !== undefined && line["user"] === user)
  );
}

/** A line as it was printed, or inside what `wrangler tail` and Logpush wrap around it. */
function linesOf(value: unknown): readonly Line[] {
  const line = lineSchema.safeParse(value).data;
  if (line !== undefined) return [line];
  const wrapped = z
    .looseObject({ logs: z.array(z.looseObject({ message: z.unknown() })) })
    .or(z.looseObject({ Logs: z.array(z.looseObject({ Message: z.unknown() })) }))
    .safeParse(value).data;
  if (wrapped === undefined) return [];
  const logs = [wrapped["logs"] ?? wrapped["Logs"]].flat();
  return logs.flatMap((log) => {
    const message = z
      .looseObject({ message: z.unknown(), Message: z.unknown() })
      .partial()
      .parse(log);
    return [message.message ?? message.Message].flat().flatMap((text) => linesOf(parse(text)));
  });
}

function parse(text: unknown): unknown {
  if (typeof text !== "string") return text;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
