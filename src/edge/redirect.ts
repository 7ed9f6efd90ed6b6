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
