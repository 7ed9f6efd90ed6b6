import { expect, it } from "vitest";
import { eventOf } from "../../../src/edge/events.ts";
import { shareOf } from "../../../src/edge/sampling.ts";

const call = { route: "/mcp", method: "POST", status: 200 };

it.each<[string, Record<string, string | number>, number]>([
  ["a call of a tool", { ...call, tool: "get_time" }, 0.25],
  ["a list", call, 0.25],
  ["a call in an organization", { ...call, route: "/mcp/o/:organization", tool: "get_time" }, 0.25],
  ["one that was cut off", { ...call, tool: "get_time", outcome: "cut" }, 1],
  ["a tool that failed", { ...call, tool: "get_time", reason: "tool_failed" }, 1],
  ["a tool that was refused", { ...call, tool: "get_time", reason: "permission_missing" }, 1],
  ["a call without a token", { ...call, status: 401, reason: "access_token_missing" }, 1],
  ["a call that was limited", { ...call, status: 429 }, 1],
  ["a fault", { ...call, status: 503, reason: "store_unavailable" }, 1],
  ["a refresh", { route: "/token", method: "POST", status: 200, grant: "refresh_token" }, 1],
  ["a sign-in", { route: "/auth/callback", method: "GET", status: 302 }, 1],
  ["a page", { route: "/", method: "GET", status: 200 }, 1],
])("of lines about %s, %j, this share is kept", (_case, line, share) => {
  expect(shareOf(line, eventOf(line), 0.25)).toBe(share);
  expect(shareOf(line, eventOf(line), 1)).toBe(1);
});
