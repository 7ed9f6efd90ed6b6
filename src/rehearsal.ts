/**
 * A rehearsal at the start of an isolate. The first request would otherwise pay for the first run
 * of all this code, more CPU time than Workers' free plan gives it (10 ms). The app goes in; it has
 * answered one request of each common kind when this is over, as far as the runtime allows at
 * module scope: up to the making of a `Response`, where it stops each of them, before anything is
 * asked of anybody and before the log line.
 */
import type { Passage } from "./edge/passage.ts";

/** Of the usual shape, since the runtime gives no random numbers yet. */
const REQUEST_ID = "rehearsal-0";

const PATHS = ["/health", "/", "/.well-known/oauth-authorization-server"];

/** Runs it. Nothing that fails here matters, and nothing is kept. */
export async function rehearse(app: Passage, issuer: string): Promise<void> {
  const execution = { waitUntil: ignore, passThroughOnException: ignore, props: {} };
  const headers = { "cf-ray": REQUEST_ID };
  const requests = [
    ...PATHS.map((path) => new Request(issuer + path, { headers })),
    new Request(`${issuer}/mcp`, { method: "POST", headers }),
    new Request(`${issuer}/mcp`, {
      method: "POST",
      headers: { ...headers, Authorization: "Bearer rehearsal" },
    }),
  ];
  for (const request of requests) {
    try {
      await app.fetch(request, { execution }, execution);
    } catch {
      // Stopped, as said above.
    }
  }
}

function ignore(): void {}
