/**
 * A rehearsal at the start of an isolate. The first request would otherwise pay for the first run
 * of all this code, more CPU time than Workers' free plan gives it (10 ms). The passage goes in; it has
 * answered one request of each common kind when this is over, as far as the runtime allows at
 * module scope: up to a question to the store or the making of a `Response` with a body, where it
 * stops each of them. Nothing is sent to anybody, and no line is logged.
 */
/** Of the usual shape, since the runtime gives no random numbers yet. */
const REQUEST_ID = "rehearsal-0";

/** What people and clients ask for first; the client, the state and the token are nobody's. */
const PATHS = [
  "/health",
  "/",
  "/.well-known/oauth-authorization-server",
  `/authorize?${new URLSearchParams({
    response_type: "code",
    client_id: "rehearsal",
    redirect_uri: "https://rehearsal.invalid/",
    code_challenge: "r".repeat(43),
    code_challenge_method: "S256",
  }).toString()}`,
  "/auth/callback?code=rehearsal&state=rehearsal",
];

/** There is no execution to wait for yet. */
interface Rehearsed {
  fetch(
    request: Request,
    arrival: { readonly execution: Pick<ExecutionContext, "waitUntil" | "props"> },
  ): Promise<Response>;
}

/** Runs it. Nothing that fails here matters, and nothing is kept. */
export async function rehearse(passage: Rehearsed, issuer: string): Promise<void> {
  const execution = { waitUntil: ignore, props: {} };
  for (const request of listRequests(issuer)) {
    try {
      await passage.fetch(request, { execution });
    } catch {
      // Stopped, as said above.
    }
  }
}

function listRequests(issuer: string): readonly Request[] {
  const headers = { "cf-ray": REQUEST_ID };
  const credential = { ...headers, Authorization: "Bearer rehearsal" };
  return [
    ...PATHS.map((path) => new Request(issuer + path, { headers })),
    new Request(`${issuer}/mcp`, { method: "POST", headers }),
    new Request(`${issuer}/mcp`, { method: "POST", headers: credential }),
  ];
}

/** For what nobody waits for. */
export function ignore(): void {}
