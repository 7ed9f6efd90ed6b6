import { expect, it } from "vitest";
import { securedHeaders, withSecurityHeaders } from "../../../src/edge/headers.ts";

const deployed = { isLoopback: false, requestId: "request-1" };

it("adds what every response carries", () => {
  const response = withSecurityHeaders(new Response("body", { status: 201 }), deployed);
  expect(response.status).toBe(201);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "x-request-id": "request-1",
  });
  expect(response.headers.get("Permissions-Policy")).toContain("camera=()");
});

it("promises no TLS on loopback", () => {
  const response = withSecurityHeaders(new Response(), { ...deployed, isLoopback: true });
  expect(response.headers.has("Strict-Transport-Security")).toBe(false);
});

it("sends no opener policy, which would cut off clients that wait in the opening window", () => {
  expect(
    withSecurityHeaders(new Response(), deployed).headers.has("Cross-Origin-Opener-Policy"),
  ).toBe(false);
});

it("keeps what a route decided about caching and content", () => {
  const headers = {
    "Cache-Control": "public, max-age=60",
    "Content-Security-Policy": "default-src 'self'",
  };
  const response = withSecurityHeaders(new Response(null, { headers }), deployed);
  expect(response.headers.get("Cache-Control")).toBe("public, max-age=60");
  expect(response.headers.get("Content-Security-Policy")).toBe("default-src 'self'");
});

it("leaves alike, whether an answer's headers were made beforehand or not", () => {
  const own = {
    "Content-Type": "text/html",
    "Cache-Control": "public, max-age=60",
    Vary: "Accept",
  };
  const headersOf = (headers: HeadersInit) => [
    ...withSecurityHeaders(new Response("body", { headers }), deployed).headers,
  ];
  expect(headersOf(securedHeaders(own))).toEqual(headersOf(own));
  const before = [...securedHeaders(own)];
  const sent = securedHeaders(own);
  withSecurityHeaders(new Response("body", { headers: sent }), deployed);
  expect([...sent]).toEqual(before);
});

it("works on an immutable response and keeps every cookie", () => {
  const redirect = withSecurityHeaders(Response.redirect("https://c.example/cb", 302), deployed);
  expect(redirect.status).toBe(302);
  expect(redirect.headers.get("Location")).toBe("https://c.example/cb");
  const cookies = new Headers([
    ["Set-Cookie", "a=1"],
    ["Set-Cookie", "b=2"],
  ]);
  const response = withSecurityHeaders(
    new Response(null, { status: 204, headers: cookies }),
    deployed,
  );
  expect(response.status).toBe(204);
  expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
});

it("passes a stream on before it has ended", async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const headers = { "Content-Type": "text/event-stream" };
  const response = withSecurityHeaders(new Response(readable, { headers }), deployed);
  const reader = response.body?.getReader();
  const writer = writable.getWriter();
  const written = writer.write(new TextEncoder().encode("data: 1\n\n"));
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("data: 1\n\n");
  await written;
  await writer.close();
  expect((await reader?.read())?.done).toBe(true);
});
