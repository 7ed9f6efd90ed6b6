/**
 * The parameters of an authorization request that its client got wrong. The query goes in; which
 * parameter is wrong, and the error its client reads, comes out, or nothing. Pure.
 */
import type { Flaw } from "../flaw.ts";

/** An error that goes back to the client (RFC 6749 §4.1.2.1, RFC 8707 §2). */
export interface RequestError {
  readonly code:
    | "invalid_request"
    | "invalid_target"
    | "unauthorized_client"
    | "unsupported_response_type";
  readonly flaw: Flaw;
}

/** What clients keep in it has a few hundred; it is stored until the person comes back. */
const LONGEST_STATE_CHARACTERS = 4096;

/**
 * Judges a request whose client and redirect URI are known. OAuth 2.1 §4.1.1 asks a PKCE challenge of
 * every client; one by S256 has 43 characters (RFC 7636 §4.2): what is far from that is refused
 * here, what is nearly that matches no verifier at the token endpoint.
 */
export function judgeAuthorizationRequest(query: URLSearchParams): RequestError | undefined {
  const read = (name: string): string => query.get(name) ?? "";
  const responseType = read("response_type");
  if (responseType === "") return wrong("response_type", "is missing");
  if (responseType !== "code")
    return wrong("response_type", "must be code", "unsupported_response_type");
  if (!["", "query"].includes(read("response_mode")))
    return wrong("response_mode", "must be query");
  if (read("state").length > LONGEST_STATE_CHARACTERS)
    return wrong("state", `is longer than ${LONGEST_STATE_CHARACTERS} characters`);
  if (read("code_challenge") === "") return wrong("code_challenge", "is missing (PKCE by S256)");
  if (read("code_challenge_method") !== "S256")
    return wrong("code_challenge_method", "must be S256");
  if (!/^[\w-]{40,43}$/.test(read("code_challenge")))
    return wrong("code_challenge", "must have the 43 characters of a SHA-256 in base64url");
  return undefined;
}

/** What the library refuses though the parameters above are right. */
export function explainRefusedRequest(code: string): RequestError {
  if (code === "invalid_target")
    return wrong("resource", "does not name this server", "invalid_target");
  return wrong("response_type", "is not one that the client registered", "unauthorized_client");
}

function wrong(
  parameter: string,
  problem: string,
  code: RequestError["code"] = "invalid_request",
): RequestError {
  return { code, flaw: { parameter, problem } };
}
