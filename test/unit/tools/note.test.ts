import { expect, it } from "vitest";
import { note } from "../../../src/tools/note.ts";
import { serve } from "../../support/tool-kit.ts";

it("keeps a note for its person, and for nobody else", async () => {
  const server = serve({ tools: [note] });
  const ada = server.as();
  expect((await ada.call("note", { action: "read" })).text).toBe("There is no note yet.");
  const kept = await ada.call("note", { action: "write", text: "Buy milk." });
  expect(kept.text).toBe("Kept.");
  expect(kept.log).toMatchObject({ outcome: "done", stateTrips: 2 });
  expect((await ada.call("note", { action: "read" })).text).toBe("Buy milk.");
  const rob = server.as([], { userId: "rob", revision: "2025-11-25" });
  expect((await rob.call("note", { action: "read" })).text).toBe("There is no note yet.");
});

it.each([{}, { action: "write" }, { action: "write", text: "" }])("refuses %o", async (input) => {
  const { isError, log } = await serve({ tools: [note] })
    .as()
    .call("note", input);
  expect(isError).toBe(true);
  expect(log).toMatchObject({ outcome: "arguments_invalid" });
});
