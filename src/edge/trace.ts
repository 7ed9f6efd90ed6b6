/**
 * The trace that a request belongs to (W3C Trace Context). The header `traceparent` goes in; the
 * trace's id, when the header is well formed, comes out. Anything else never reaches the log.
 */

/** §3.2: version, trace-id, parent-id, flags; ids of zeros only are invalid. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}/;

/** The id of the trace; undefined without one. */
export function traceIdOf(headers: Headers): string | undefined {
  return TRACEPARENT.exec(headers.get("traceparent") ?? "")?.[1];
}
