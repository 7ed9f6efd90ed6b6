/** Answers that send a browser on. An address that we made or validated goes in, a response comes out. */

/**
 * Sends a browser on; `location` was made or validated by us. 303 after a form that is answered by
 * a page.
 */
export function redirect(location: string, headers: Headers, status: 302 | 303 = 302): Response {
  headers.set("Location", location);
  headers.set("Cache-Control", "no-store");
  return new Response(null, { status, headers });
}

/**
 * The client's own address with an OAuth error, the id of this request added to its description:
 * people send in what their client shows them. What carries no error stays as it is.
 */
export function nameRequest(location: string, requestId: string): string {
  const url = URL.parse(location);
  const error = url?.searchParams.get("error");
  if (url === null || error === null || error === undefined) return location;
  // Some clients show a description in place of the error, so it never goes without words.
  const told = url.searchParams.get("error_description") ?? error;
  url.searchParams.set("error_description", `${told} (request ${requestId})`);
  return url.href;
}
