/**
 * Who presents a token request. A form and a header go in; the client id it names comes out, or the
 * library's verdict on its credentials. No credential is judged here.
 */
import { decodeJwt } from "jose";

/** What judges credentials: the provider library's token endpoint. */
interface Judge {
  fetch(request: Request): Promise<Response>;
}

/** The parameters by which a client authenticates (RFC 6749 §2.3.1, RFC 7523 §2.2). */
const CREDENTIALS = ["client_id", "client_secret", "client_assertion", "client_assertion_type"];

/**
 * The client that a token request says it comes from: in the form, in the Basic header, or in the
 * assertion.
 */
export function presentedClientId(
  form: URLSearchParams,
  authorization: string | null,
): string | undefined {
  return (
    form.get("client_id") ??
    basicUser(authorization) ??
    assertionIssuer(form.get("client_assertion"))
  );
}

/**
 * Authenticates the client and does nothing else: the library answers a revocation of nothing (RFC
 * 7009 §2.2) with 200 when the credentials are right. Its refusal comes back as it is.
 */
export async function authenticateClient(
  server: Judge,
  request: Request,
  form: URLSearchParams,
): Promise<Response | undefined> {
  const probe = new URLSearchParams({ token: "none" });
  for (const name of CREDENTIALS) for (const value of form.getAll(name)) probe.append(name, value);
  const response = await server.fetch(withForm(request, probe));
  return response.ok ? undefined : response;
}

/** Whether a token request shows more than a client's name: a secret or an assertion. */
export function showsCredentials(form: URLSearchParams, authorization: string | null): boolean {
  return authorization !== null || form.has("client_secret") || form.has("client_assertion");
}

/** The same request with another form. */
export function withForm(request: Request, form: URLSearchParams): Request {
  const headers = new Headers(request.headers);
  headers.delete("Content-Length");
  return new Request(request.url, { method: "POST", headers, body: form.toString() });
}

function basicUser(authorization: string | null): string | undefined {
  const [, encoded] = /^Basic\s+([\w+/=-]+)$/i.exec(authorization ?? "") ?? [];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(atob(encoded).split(":")[0] ?? "");
  } catch {
    return undefined;
  }
}

function assertionIssuer(assertion: string | null): string | undefined {
  try {
    return assertion === null ? undefined : decodeJwt(assertion).iss;
  } catch {
    return undefined;
  }
}
