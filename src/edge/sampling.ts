/**
 * Which lines of the log are kept when not all are wanted. A line, its event and the operator's share
 * go in; the share in which such lines are kept comes out. Whatever was refused, failed, was cut off or
 * is not a call is kept whole. Pure.
 */
import type { Fields } from "./events.ts";

/** What goes well at `/mcp`, nearly all of a busy log. */
const COMMON: ReadonlySet<string> = new Set(["tool_called", "served"]);

/** From 0, none of them, to 1, every one. */
export function shareOf(line: Fields, event: string, logShare: number): number {
  const isCommon =
    COMMON.has(event) && String(line["route"]).startsWith("/mcp") && !("outcome" in line);
  return isCommon ? logShare : 1;
}
