/**
 * The page for what went wrong, as a test meets it: the whole response is judged, the visible text
 * comes out.
 */
import { expect } from "vitest";

/**
 * A page with this reason, which sends nobody anywhere and may be kept by nobody. Returns its HTML.
 */
export async function expectErrorPage(
  response: Response,
  reason: string,
  status = 400,
): Promise<string> {
  const { headers } = response;
  const html = await response.text();
  const facts = [...html.matchAll(/<code>([^<]*)<\/code>/g)].map(([, fact]) => fact);
  expect(response.status).toBe(status);
  expect(facts).toEqual([reason, headers.get("x-request-id")]);
  expect(headers.get("location")).toBeNull();
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(headers.get("x-frame-options")).toBe("DENY");
  expect(html).not.toMatch(/evil|alert\(|hello/);
  return html;
}
