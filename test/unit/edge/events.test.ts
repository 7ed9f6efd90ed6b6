import { describe, expect, it } from "vitest";
import { eventOf, type Fields } from "../../../src/edge/events.ts";
import { BLOBS, DOUBLES, pointOf } from "../../../src/edge/metrics.ts";
import { continueTrace } from "../../../src/edge/trace.ts";

const line = (route: string, status: number, more: Fields = {}): Fields => ({
  route,
  status,
  method: "POST",
  ...more,
});

describe("what a request was", () => {
  it.each<readonly [string, Fields]>([
    ["registered", line("/register", 201)],
    ["refused", line("/register", 400, { reason: "registration_invalid" })],
    ["consent_shown", line("/authorize", 200, { method: "GET" })],
    ["refused", line("/authorize", 400, { method: "GET", reason: "client_unknown" })],
    ["consented", line("/authorize", 302)],
    ["denied", line("/authorize", 302, { reason: "consent_denied" })],
    ["signed_in", line("/auth/callback", 302, { method: "GET", user: "u" })],
    ["denied", line("/auth/callback", 302, { method: "GET", reason: "identity_denied" })],
    ["refused", line("/auth/callback", 302, { method: "GET", reason: "identity_refused" })],
    ["unavailable", line("/auth/callback", 503, { method: "GET", reason: "store_full" })],
    ["code_exchanged", line("/token", 200, { grant: "authorization_code" })],
    ["refreshed", line("/token", 200, { grant: "refresh_token" })],
    ["code_replayed", line("/token", 400, { reason: "code_replayed" })],
    ["refresh_reused", line("/token", 400, { reason: "refresh_token_reused" })],
    ["revoked", line("/token", 200, { reason: "grant_revoked" })],
    ["challenged", line("/mcp", 401, { reason: "access_token_missing" })],
    ["refused", line("/mcp", 401, { reason: "access_token_expired" })],
    ["tool_called", line("/mcp", 200, { tool: "get_time" })],
    ["tool_failed", line("/mcp", 200, { tool: "get_time", reason: "tool_failed" })],
    ["tool_refused", line("/mcp", 200, { tool: "get_time", reason: "permission_missing" })],
    ["tool_refused", line("/mcp", 403, { tool: "get_time", reason: "scope_insufficient" })],
    ["limited", line("/mcp", 429, { reason: "too_many_requests" })],
    ["served", line("/", 200, { method: "GET" })],
    ["served", line("/register", 204, { method: "OPTIONS" })],
    ["served", line("/authorize", 302, { method: "GET" })],
    ["served", line("/auth/callback", 200, { method: "HEAD" })],
    ["tool_called", line("/mcp", 200, { tool: "get_time", reason: "store_unavailable" })],
    ["machine_admitted", line("/token", 200, { grant: "client_credentials" })],
    ["vouched_admitted", line("/token", 200, { grant: "jwt_bearer" })],
    ["unavailable", line("/mcp", 503, { tool: "get_time", reason: "store_unavailable" })],
    ["refused", line("/mcp", 405, { reason: "method_not_allowed" })],
  ])("%s: %j", (event, fields) => {
    expect(eventOf(fields)).toBe(event);
  });
});

describe("its data point", () => {
  it("has its columns in the order that the queries know, and no id of anybody", () => {
    const point = pointOf({
      ...line("/mcp", 200, { tool: "get_time", clientFamily: "claude", version: "v1" }),
      durationMs: 7,
      storeCommands: 1,
      user: "a person",
      client: "a client",
      requestId: "a request",
    });
    expect(point).toEqual({
      indexes: ["tool_called"],
      blobs: ["tool_called", "/mcp", "claude", "", "get_time", "v1"],
      doubles: [200, 7, 1],
    });
    expect([point.blobs.length, point.doubles.length]).toEqual([BLOBS.length, DOUBLES.length]);
  });
});

describe("a request's trace", () => {
  const id = "4bf92f3577b34da6a3ce929d0e0e4736";
  it.each([
    [`00-${id}-00f067aa0ba902b7-01`, id],
    [`cc-${id}-00f067aa0ba902b7-01-what-comes-later`, id],
    [`ff-${id}-00f067aa0ba902b7-01`, undefined],
    [`00-${"0".repeat(32)}-00f067aa0ba902b7-01`, undefined],
    [`00-${id}-${"0".repeat(16)}-01`, undefined],
    [`00-${id.toUpperCase()}-00f067aa0ba902b7-01`, undefined],
    ["anything", undefined],
  ])("%s", (traceparent, expected) => {
    const trace = continueTrace(new Headers({ traceparent }));
    expect(trace?.traceId).toBe(expected);
    if (trace === undefined) return;
    expect(trace.traceparent).toMatch(new RegExp(`^00-${expected}-${trace.spanId}-[0-9a-f]{2}$`));
    expect(traceparent).not.toContain(trace.spanId);
  });
});
