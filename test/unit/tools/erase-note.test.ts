import { expect, it } from "vitest";
import { eraseNote } from "../../../src/tools/erase-note.ts";
import { note } from "../../../src/tools/note.ts";
import { serve } from "../../support/tool-kit.ts";

async function withNote(canAsk = true) {
  const ada = serve({ tools: [note, eraseNote] }).as([], { canAsk });
  await ada.call("note", { action: "write", text: "Buy milk." });
  return { ada, read: async () => (await ada.call("note", { action: "read" })).text };
}

it("asks first, and erases once the person approved", async () => {
  const { ada, read } = await withNote();
  const { asked } = await ada.call("erase_note");
  expect(asked).toEqual({ confirm: "Erase your note? It cannot be brought back." });
  expect(await read()).toBe("Buy milk.");
  const erased = await ada.call("erase_note", {}, { answers: { confirm: { approve: true } } });
  expect(erased.text).toBe("The note is gone.");
  expect(await read()).toBe("There is no note yet.");
});

it.each([false, { approve: false }] as const)("erases nothing given %o", async (confirm) => {
  const { ada, read } = await withNote();
  const { isError, log } = await ada.call("erase_note", {}, { answers: { confirm } });
  expect(isError).toBe(true);
  expect(log).toMatchObject({ outcome: "declined" });
  expect(await read()).toBe("Buy milk.");
});

it("tells an application that cannot ask where the person can answer", async () => {
  const { ada, read } = await withNote(false);
  expect((await ada.call("erase_note")).text).toMatch(/https:\/\/\S+\/approve\/[\da-f]{64}/);
  expect(await read()).toBe("Buy milk.");
});
