import { expect, it } from "vitest";
import { isClientId, markOf } from "../../../src/clients/mark.ts";

it.each<[string, string, boolean]>([
  ["an id of ours", "3f2c9f0e", true],
  ["the address of a document", "https://client.example/client.json?v=1", true],
  ["every printable character", " !~", true],
  ["512 characters", "x".repeat(512), true],
  ["513 characters", "x".repeat(513), false],
  ["nothing", "", false],
  ["a line break", "id\n", false],
  ["a control character", "id\u001b[31m", false],
  ["a letter outside ASCII", "ïd", false],
])("%s can be the id of a client, or not (RFC 6749 §A.1)", (_case, id, isOne) => {
  expect(isClientId(id)).toBe(isOne);
});

it("a mark is short, the same each time, and another for another client", async () => {
  const [one, again, other] = await Promise.all(["one", "one", "other"].map(markOf));
  expect(one).toMatch(/^[\w-]{8}$/);
  expect(again).toBe(one);
  expect(other).not.toBe(one);
});
