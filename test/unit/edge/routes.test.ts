import { expect, it } from "vitest";
import { failureForm, OTHER_ROUTE } from "../../../src/edge/routes.ts";

const BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8";

it.each([
  ["GET", "/authorize", null, "page"],
  ["POST", "/authorize", "application/json", "page"],
  ["GET", "/auth/callback?code=x", null, "page"],
  ["GET", "/connections", BROWSER, "page"],
  ["GET", "/connections/sign-in", null, "page"],
  ["POST", "/connections/sign-out", null, "page"],
  ["GET", "/", null, "page"],
  ["POST", "/token", BROWSER, "token"],
  ["POST", "/register", null, "oauth"],
  ["POST", "/mcp", "application/json, text/event-stream", "oauth"],
  ["GET", "/nothing-here", BROWSER, "page"],
  ["GET", "/nothing-here", "*/*", "oauth"],
])("%s %s, accepting %s, fails as %s", (method, path, accept, form) => {
  const headers = accept === null ? {} : { Accept: accept };
  const request = new Request(`https://mcp.example.com${path}`, { method, headers });
  const route = path === "/nothing-here" ? OTHER_ROUTE : path;
  expect(failureForm(request, route)).toBe(form);
});
