/**
 * What of wrangler's output is worth a line on the terminal. A line goes in; a shorter one, the
 * same one or nothing comes out. The Worker's own log is JSON for machines; here it is for people.
 */
import { styleText } from "node:util";
import * as z from "zod";

/**
 * The request id of questions that `npm run dev` itself asks the Worker: they are nobody's
 * requests.
 */
export const OWN_REQUEST_ID = "npm-run-dev";

const requestSchema = z.looseObject({
  at: z.iso.datetime(),
  requestId: z.string(),
  method: z.string(),
  route: z.string(),
  status: z.int(),
  durationMs: z.number(),
});

/** The line as it is shown; `undefined` when it is not. */
export function renderLine(line: string): string | undefined {
  if (line === "" || line.startsWith("[wrangler:info]")) return undefined;
  const request = readRequest(line);
  if (request === undefined) return line;
  const { at, requestId, method, route, status, durationMs, ...notes } = request;
  if (requestId === OWN_REQUEST_ID) return undefined;
  const isRefused = status >= 400;
  const remarks = [
    `${durationMs} ms`,
    ...Object.entries(notes).map(([name, value]) => `${name}=${shorten(String(value))}`),
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
  return value.length > 32 ? `${value.slice(0, 8)}…` : value;
}

/** Whether this line tells that the Worker has taken over a change of its source. */
export function isReloaded(line: string): boolean {
  return line.includes("Local server updated");
}

function readRequest(line: string): z.output<typeof requestSchema> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return requestSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
