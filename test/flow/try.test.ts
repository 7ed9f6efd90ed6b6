/** What npm run try shows of an answer, and what it answers when a tool asks back. */
import { readFile, rm } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { ROBOT } from "../../dev/tenant/machines.ts";
import { readArguments } from "../../dev/try/arguments.ts";
import { answerQuestion } from "../../dev/try/questions.ts";
import { showResult } from "../../dev/try/result.ts";

describe("the command line", () => {
  it.each([
    [["--machine", "-dashed"], { machine: "-dashed" }],
    [["--machine"], { machine: ROBOT.clientId }],
    [["--machine", "--tool", "a"], { machine: ROBOT.clientId, tool: "a" }],
    [["--scope", "-a"], { scope: "-a" }],
    [["--tool"], { lists: "tool" }],
  ])("%j", (words, wish) => {
    expect(readArguments(words)).toMatchObject(wish);
  });
});

describe("a result", () => {
  it("is shown as text, without what could steer the terminal", () => {
    const content = [
      { type: "text" as const, text: "one\u001b[2J" },
      { type: "resource_link" as const, name: "a file", uri: "file:///a" },
      { type: "resource" as const, resource: { uri: "note://1", text: "the note" } },
    ];
    expect(showResult({ content }, "t")).toBe("one[2J\n[a file: file:///a]\nthe note");
  });

  it("is shown as its structured content alone, when that says the same", () => {
    const content = [{ type: "text" as const, text: '{"a":1}' }];
    expect(showResult({ content, structuredContent: { a: 1 } }, "t")).toBe('{\n  "a": 1\n}');
  });

  it("has its pictures saved, and says where", async () => {
    const data = Buffer.from("a picture").toString("base64");
    const content = [{ type: "image" as const, mimeType: "image/png", data }];
    const shown = showResult({ content }, "../draw");
    const [, file = ""] = /^\[image\/png, saved as (\.dev\/try\/\S+\.png)\]$/.exec(shown) ?? [];
    expect(file).not.toContain("../");
    expect(await readFile(file, "utf8")).toBe("a picture");
    await rm(file);
  });
});

describe("a question", () => {
  const question = {
    mode: "form" as const,
    message: "Delete 3 invoices?",
    requestedSchema: {
      type: "object" as const,
      properties: { sure: { type: "boolean" as const }, why: { type: "string" as const } },
    },
  };

  it.each([
    [{ answer: "decline" as const }, { action: "decline" }],
    [
      { answer: { sure: true, why: "paid", other: "not asked" } },
      { action: "accept", content: { sure: true, why: "paid" } },
    ],
    [{}, { action: "decline" }],
  ])("is answered with %j, and never by itself", async (wish, answer) => {
    expect(await answerQuestion(question, wish)).toEqual(answer);
  });

  it("that has an address is shown, and accepted only when that was said beforehand", async () => {
    const elsewhere = {
      mode: "url" as const,
      message: "Approve",
      url: "https://a.test/",
      elicitationId: "1",
    };
    expect(await answerQuestion(elsewhere, {})).toEqual({ action: "decline" });
    expect(await answerQuestion(elsewhere, { answer: {} })).toEqual({ action: "accept" });
  });
});
