import { afterEach, expect, it, vi } from "vitest";
import { createToolLog, hideCredentials } from "../../../src/mcp/tool-log.ts";

afterEach(() => void vi.restoreAllMocks());

const exchange = {
  requestId: "request-1",
  clientFamily: "other",
  note: () => undefined,
  execution: { waitUntil: () => undefined },
};
const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl";

function logged(message: string, fields: Record<string, unknown> = {}) {
  const lines: string[] = [];
  vi.spyOn(console, "info").mockImplementation((line) => void lines.push(String(line)));
  createToolLog("probe", exchange, ["the-secret-of-the-tool"]).info(message, fields);
  return lines[0] ?? "";
}

it("is one line of JSON under the request's id", () => {
  const line = logged("kept", { characters: 7, nested: { list: [1, "two"] } });
  expect(JSON.parse(line)).toEqual({
    level: "info",
    requestId: "request-1",
    tool: "probe",
    message: "kept",
    characters: 7,
    nested: { list: [1, "two"] },
  });
});

it.each([
  ["a JWT", JWT],
  ["an encrypted JWT", `${JWT}.aaaa.bbbb`],
  ["a bearer credential", "Bearer abcdefghijklmnop"],
  ["a secret of the environment", "x the-secret-of-the-tool y"],
  ["a password in a URL", "https://ada:canary-canary@db.example/x"],
])("hides %s, wherever it stands", (_what, text) => {
  const line = logged(`before ${text} after`, {
    plain: text,
    deep: { list: [{ value: text }] },
    error: new Error(text),
  });
  for (const part of ["eyJ", "abcdefghijklmnop", "the-secret-of-the-tool", "canary"])
    expect(line).not.toContain(part);
  expect(line).toContain("[hidden]");
});

it.each(["token", "access_token", "Authorization", "clientSecret", "password", "apiKey", "cookie"])(
  "hides a field called %s, whatever it holds",
  (name) => {
    expect(logged("x", { [name]: "canary", deep: { [name]: ["canary"] } })).not.toContain("canary");
  },
);

it("keeps its own fields, and bounds what it is given", () => {
  const endless: Record<string, unknown> = {};
  endless["self"] = endless;
  const line = logged("x", { requestId: "forged", endless, long: "y".repeat(10_000), big: 1n });
  expect(JSON.parse(line)).toMatchObject({
    requestId: "request-1",
    requestId_: "forged",
    big: "1",
  });
  expect(line.length).toBeLessThan(5000);
});

it("leaves everything else as it is", () => {
  for (const text of ["", "token of appreciation", "https://example.com/a?b=c", "eyJ is no token"])
    expect(hideCredentials(text, [])).toBe(text);
});
