import { beforeEach, expect, it } from "vitest";
import { createDocuments, type Documents } from "../../../src/clients/documents.ts";

/** The most documents that an isolate remembers. */
const MOST = 200;

let documents: Documents;
let nowSeconds: number;
/** The addresses that were asked. */
let asked: string[];

beforeEach(() => {
  asked = [];
  nowSeconds = 1_800_000_000;
  const send = async (input: unknown) => {
    asked.push(String(input));
    return Response.json({});
  };
  const rules = { issuer: "https://mcp.example.test", namedHosts: [] };
  documents = createDocuments(rules, { send, now: () => nowSeconds });
});

const addressOf = (index: number) => `https://client-${index}.example.com/client.json`;

async function fetchAll(...indices: readonly number[]): Promise<string[]> {
  asked = [];
  for (const index of indices) expect((await documents.fetch(addressOf(index))).status).toBe(200);
  return asked;
}

const firstOnes = Array.from({ length: MOST }, (_, index) => index);

it("one document is asked for once in ten seconds", async () => {
  expect(await fetchAll(0, 0)).toEqual([addressOf(0)]);
  nowSeconds += 9;
  expect(await fetchAll(0)).toEqual([]);
  nowSeconds += 1;
  expect(await fetchAll(0)).toEqual([addressOf(0)]);
});

it("no more than 200 are remembered, and the oldest goes first", async () => {
  await fetchAll(...firstOnes);
  expect(await fetchAll(...firstOnes)).toEqual([]);
  expect(await fetchAll(MOST, 1, MOST - 1, 0)).toEqual([addressOf(MOST), addressOf(0)]);
});

it("one that was asked for again is the newest", async () => {
  await fetchAll(0);
  nowSeconds += 10;
  await fetchAll(...firstOnes.slice(1), 0);
  expect(await fetchAll(MOST, 0, 1)).toEqual([addressOf(MOST), addressOf(1)]);
});
