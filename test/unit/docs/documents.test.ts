/** Every example of docs/tools.md and docs/calling-apis.md is a file beside this one, word for word, and runs here. */
import { env } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import readme from "../../../README.md?raw";
import calling from "../../../docs/calling-apis.md?raw";
import tools from "../../../docs/tools.md?raw";
import type { Offerings } from "../../../src/mcp/tool.ts";
import { serve } from "../../support/tool-kit.ts";
import { offerings } from "./index.ts";
import { listInvoices } from "./list-invoices.ts";
import { payInvoice } from "./pay-invoice.ts";
import { readAgenda } from "./read-agenda.ts";
import { skills } from "./skills.ts";

const documents = `${tools}\n${calling}`;

const files = import.meta.glob<string>("./*.ts", {
  query: "?raw",
  import: "default",
  eager: true,
});
const blocks = [...documents.matchAll(/```ts\n(\/\/ \S+\n[\s\S]*?)```/g)].map(
  ([, code = ""]) => code,
);

it("shows no code that is not run here", () => {
  expect(documents.match(/```ts\n/g)).toHaveLength(blocks.length);
  expect(blocks.length).toBeGreaterThanOrEqual(10);
});

it.each(blocks.map((code) => [/[\w-]+(?:\.test)?\.ts/.exec(code)?.[0] ?? "", code] as const))(
  "%s is what is run",
  (name, code) => {
    const run = (files[`./${name}`] ?? "").replaceAll(
      '"../../../src/mcp/tool.ts"',
      '"../mcp/tool.ts"',
    );
    expect(name.endsWith(".test.ts") ? besideTools(run) : run).toBe(code);
  },
);

it("hands Auth0's own token to no other API: it is for AUTH0_AUDIENCE", () => {
  const shown = [...blocks, ...(readme.match(/```ts\n[\s\S]*?```/g) ?? [])];
  const sending = shown.filter((code) => /\bfetch\w*\(/.test(code));
  expect(sending.filter((code) => code.includes("auth.tokenFor("))).not.toEqual([]);
  expect(sending.filter((code) => code.includes("accessToken("))).toEqual([]);
});

/** A test stands apart from what it tests. */
function besideTools(code: string): string {
  return code.replaceAll(/"\.\/([\w-]+)\.ts"/g, '"../../../src/tools/$1.ts"');
}

/** The tools that call further, and one that wants somebody who is there. */
const callers: Offerings = { tools: [listInvoices, payInvoice, readAgenda] };

it("shows the skill that is read here", () => {
  const [, shown] = /```md\n<!-- .* -->\n([\s\S]*?)```/.exec(documents) ?? [];
  expect(skills[0]?.files["SKILL.md"]).toBe(shown);
  expect(skills[0]).toMatchObject({ name: "packing", permissions: ["cities:read"], problems: [] });
});

it("defines everything without mistakes", async () => {
  expect((await createCatalogue(offerings)).problems).toEqual([]);
  expect((await createCatalogue(callers)).problems).toEqual([]);
});

describe("the examples", async () => {
  const everything = (await createCatalogue({ ...offerings, skills })).requiredPermissions;
  const server = serve(offerings, {
    env: { ...env, WEATHER_KEY: "the-weather-key" },
    fetch: ({ headers }) => Response.json({ text: `sunny for ${headers.get("X-Api-Key")}` }),
  });
  const ada = server.as(everything);
  beforeAll(async () => {
    await env.NOTES_DB.exec("CREATE TABLE notes (person TEXT PRIMARY KEY, text TEXT)");
  });

  it.each([
    ["chart", { values: [1, 2] }, "The sum is 3."],
    ["forecast", { city: "lyon" }, "sunny for the-weather-key"],
    ["note_in_kv", {}, "There is no note yet."],
    ["note_in_kv", { text: "Buy milk." }, "Buy milk."],
    ["note_in_d1", {}, "There is no note yet."],
    ["note_in_d1", { text: "Buy milk." }, "Buy milk."],
    ["note_in_d1", {}, "Buy milk."],
    ["reindex", { documents: ["a"] }, "Only known applications may reindex."],
  ])("%s %o", async (name, input, text) => {
    expect((await ada.call(name, input)).text).toBe(text);
  });

  it("ask", async () => {
    const told = await ada.call("delete_invoices", { customer: "Acme" });
    expect(told.asked).toEqual({
      confirm: "Delete all invoices of Acme? They cannot be brought back.",
    });
    const approved = { answers: { confirm: { approve: true } } };
    const deleted = await ada.call("delete_invoices", { customer: "Acme" }, approved);
    expect(deleted.text).toBe("The invoices of Acme are gone.");
    const booked = await ada.call(
      "book_table",
      { restaurant: "Ritz" },
      { answers: { question_1: { time: "20:00", guests: 2 } } },
    );
    expect(booked.text).toBe("Booked for 2 at 20:00.");
  });

  it("ask, and an answer under another name fails the test that gives it", async () => {
    const answers = { question_2: { time: "20:00", guests: 2 } };
    await expect(ada.call("book_table", { restaurant: "Ribollita" }, { answers })).rejects.toThrow(
      "nothing asked for the answer to question_2, but for question_1",
    );
  });

  it("prompt and are read", async () => {
    const prompt = await ada.prompt("pack_for", { city: "lyon", days: "2" });
    expect(prompt.text).toBe("Read city://lyon and write a packing list for 2 days.");
    expect((await ada.read("city://lyon")).text).toBe("# lyon\n");
    expect((await ada.read("city://paris")).isError).toBe(true);
    expect(await ada.prompts()).toEqual(["pack_for"]);
    expect(await ada.resources()).toContain("london");
    expect(await ada.complete("pack_for", "city", "lo")).toEqual(["london"]);
    expect(await ada.complete("city://{city}", "city", "ly")).toEqual(["lyon"]);
    expect((await ada.read("skill://packing/SKILL.md")).text).toContain("twenty things");
  });
});

describe("the examples that call other APIs", () => {
  it("list_invoices sends a token of that API", async () => {
    const server = serve(callers, {
      fetch: ({ url, headers }) =>
        Response.json({ invoices: [`${url} with ${headers.get("Authorization")}`] }),
    });
    const { structured } = await server.as(["invoices:read"]).call("list_invoices", { year: 2026 });
    const [url, token] = ["https://billing.example.com", "Bearer token of ada for"];
    expect(structured).toEqual({ invoices: [`${url}/invoices?year=2026 with ${token} ${url}`] });
  });

  it("pay_invoice asks for somebody who is there", async () => {
    const payer = serve(callers).as(["invoices:read", "invoices:pay"]);
    const { isError, text } = await payer.call("pay_invoice", { invoice: "7" });
    expect(isError).toBe(true);
    expect(text).toContain("sign in within the last 15 minutes with a second factor first");
  });

  it("read_agenda sends the token of the person's account", async () => {
    const fetch = ({ headers }: Request) =>
      Response.json({ items: [{ summary: `by ${headers.get("Authorization")}` }] });
    const ada = serve(callers, { fetch }).as(["agenda:read"]);
    expect((await ada.call("read_agenda")).text).toBe("by Bearer token of ada at google-oauth2");
  });
});
