/**
 * A rehearsal at the start of an isolate. The first request would otherwise pay for the first run
 * of all this code, more CPU time than Workers' free plan gives it (10 ms). The passage goes in; it has
 * answered one request of each common kind when this is over, as far as the runtime allows at
 * module scope: up to a question to the store or the making of a `Response` with a body, where it
 * stops each of them. Nothing is sent to anybody, and no line is logged.
 */
import type { Config } from "./config.ts";
import { BASE_SCOPES, signAccessToken } from "./grants/access-token.ts";
import type { Parts } from "./parts.ts";

/** Of the usual shape, since the runtime gives no random numbers yet. */
const REQUEST_ID = "rehearsal-0";

/** What people and clients ask for first; the client and the state are nobody's. */
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
    arrival: {
      readonly execution: Pick<ExecutionContext, "waitUntil" | "props">;
      readonly trail?: { readonly logShare?: number } | undefined;
    },
  ): Promise<Response>;
}

/** The one answer that can be made is a preflight's: its line is of the common kind, of which none is kept. */
const UNLOGGED = { logShare: 0 };

/** Runs it. Nothing that fails here matters, and nothing is kept. */
export async function rehearse(
  passage: Rehearsed,
  config: Config,
  parts: Parts | undefined,
): Promise<void> {
  const execution = { waitUntil: ignore, props: {} };
  const token = parts === undefined ? "rehearsal" : await signToken(parts);
  for (const request of listRequests(config.issuer, token)) {
    try {
      await passage.fetch(request, { execution, trail: UNLOGGED });
    } catch {
      // Stopped, as said above.
    }
  }
}

function listRequests(issuer: string, token: string): readonly Request[] {
  const headers = { "cf-ray": REQUEST_ID };
  const at = (credential: string) => ({ ...headers, Authorization: `Bearer ${credential}` });
  return [
    ...PATHS.map((path) => new Request(issuer + path, { headers })),
    new Request(`${issuer}/mcp`, { method: "OPTIONS", headers }),
    new Request(`${issuer}/mcp`, { method: "POST", headers }),
    new Request(`${issuer}/mcp`, { method: "POST", headers: at("rehearsal") }),
    new Request(`${issuer}/mcp`, { method: "POST", headers: at(token) }),
  ];
}

/**
 * A token of nobody's. No clock runs yet, so it is good now; it has been over since 1970 when the first
 * request comes.
 */
function signToken({ config, signingKeys, permissionIndex, now }: Parts): Promise<string> {
  return signAccessToken(
    {
      iss: config.issuer,
      aud: config.resource,
      sub: "rehearsal",
      kind: "person",
      client_id: "rehearsal",
      scope: BASE_SCOPES.join(" "),
      permissions: { list: permissionIndex.list, held: "", granted: "" },
      iat: now(),
      exp: now() + 1,
      jti: "rehearsal",
      grant_id: "rehearsal",
      grant_record: "rehearsal",
    },
    signingKeys,
  );
}

/** For what nobody waits for. */
export function ignore(): void {}
