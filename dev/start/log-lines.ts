/**
 * What the Worker logs, as a terminal shows it. A line goes in; a shorter one, the same one or
 * nothing comes out. The Worker's own log is JSON for machines; here it is for people, and what
 * threw is shown with the place in the source.
 */
import { styleText } from "node:util";
import * as z from "zod";
import type { StackMap } from "./stack-map.ts";
import { RUNTIME_PREFIX, type WorkerLog } from "./worker.ts";

/**
 * The request id of questions that `npm run dev` itself asks the Worker: they are nobody's
 * requests.
 */
export const OWN_REQUEST_ID = "npm-run-dev";

/** What else the Worker says of a request that failed, on this machine only. */
const failureSchema = z.object({ error: z.string().optional(), stack: z.string().optional() });

const configurationSchema = z.object({
  reason: z.literal("configuration_invalid"),
  problems: z.array(z.object({ variable: z.string(), problem: z.string() })),
});

const requestSchema = z.looseObject({
  at: z.iso.datetime(),
  requestId: z.string(),
  method: z.string(),
  route: z.string(),
  status: z.int(),
  durationMs: z.number(),
});

/** A line as it is shown; `undefined` when it is not. */
export function renderLog({ message }: WorkerLog, stacks: StackMap): string | undefined {
  // It is told in full when the start has failed.
  if (RUNTIME_PREFIX.test(message)) return undefined;
  const line = readJson(message);
  const configuration = configurationSchema.safeParse(line).data;
  if (configuration !== undefined) return stacks.map(renderProblems(configuration.problems));
  const request = requestSchema.safeParse(line).data;
  if (request === undefined) return renderOther(line, stacks) ?? stacks.map(message);
  if (request.requestId === OWN_REQUEST_ID) return undefined;
  const failure = renderFailure(failureSchema.safeParse(line).data ?? {}, stacks);
  return [renderRequest(request, stacks), ...failure].join("\n");
}

/** A line about what threw after the answer, or while nobody awaited it. */
function renderOther(line: unknown, stacks: StackMap): string | undefined {
  const read = z.looseObject({ requestId: z.string(), stack: z.string() }).safeParse(line).data;
  if (read === undefined) return undefined;
  const { stack, error, ...rest } = read;
  const failure = failureSchema.parse({ stack, error });
  return [stacks.map(JSON.stringify(rest)), ...renderFailure(failure, stacks)].join("\n");
}

function renderProblems(problems: readonly { variable: string; problem: string }[]): string {
  const lines = problems.map(({ variable, problem }) => `  ${variable} ${problem}`);
  const heading = styleText("red", "Every request is answered 500 until this is mended:");
  return ["", heading, ...lines, ""].join("\n");
}

/** Frames of our own, and what lies beneath; packages and the runtime say little. */
function renderFailure(
  { error, stack = "" }: z.output<typeof failureSchema>,
  stacks: StackMap,
): readonly string[] {
  const lines = stacks.map(stack).split("\n");
  const own = lines.filter((line) => !/^\s+at /.test(line) || isOurs(line));
  const shown = own.some(isOurs) ? own : lines.slice(0, 4);
  return [
    ...(error === undefined ? [] : [`  ${styleText("red", error)}`]),
    ...shown.filter((line) => line.trim() !== "").map((line) => `    ${line.trim()}`),
  ];
}

function isOurs(frame: string): boolean {
  return /\bsrc\//.test(frame) && !frame.includes("node_modules/");
}

function renderRequest(request: z.output<typeof requestSchema>, stacks: StackMap): string {
  const { at, requestId, method, route, status, durationMs, ...notes } = request;
  const isRefused = status >= 400 || "error" in notes;
  const remarks = [
    `${durationMs} ms`,
    ...Object.entries(notes)
      .filter(([name]) => !(name in failureSchema.shape) && name !== "version")
      .map(([name, value]) => `${name}=${stacks.map(shorten(String(value)))}`),
    ...(isRefused ? [`requestId=${requestId}`] : []),
  ];
  return [
    new Date(at).toLocaleTimeString("en-GB"),
    styleText(isRefused ? "red" : "green", String(status)),
    method.padEnd(4),
    route,
    styleText("dim", remarks.join("  ")),
  ].join("  ");
}

/** Ids are hashes: their beginning tells them apart. */
function shorten(value: string): string {
  return /^[\w-]{33,}$/.test(value) ? `${value.slice(0, 8)}…` : value;
}

function readJson(line: string): unknown {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
