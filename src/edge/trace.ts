/**
 * The trace that a request belongs to (W3C Trace Context). The header `traceparent` goes in; when it is
 * well formed, the trace's id, a new id of our part, and the header for whom we ask come out. Anything
 * else never reaches the log, or anybody.
 */

/** §3.2: version, trace-id, parent-id, flags; ids of zeros only are invalid. */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})/;

export interface Trace {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceparent: string;
}

/** Our part of the request's trace; undefined without one. */
export function continueTrace(headers: Headers): Trace | undefined {
  const [, traceId, flags] = TRACEPARENT.exec(headers.get("traceparent") ?? "") ?? [];
  if (traceId === undefined) return undefined;
  const spanId = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}` };
}
