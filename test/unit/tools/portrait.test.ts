import { expect, it } from "vitest";
import { portrait } from "../../../src/tools/portrait.ts";
import { serve } from "../../support/tool-kit.ts";

const drawn = async (userId: string, size = 30) => {
  const { content } = await serve({ tools: [portrait] })
    .as([], { userId })
    .call("portrait", { size });
  expect(content).toMatchObject([{ type: "image", mimeType: "image/png" }]);
  return Uint8Array.from(atob(String(content[0]?.["data"])), (byte) => byte.charCodeAt(0));
};

it("draws a PNG of the size asked for", async () => {
  const png = await drawn("ada", 50);
  expect([...png.subarray(1, 4)].map((byte) => String.fromCharCode(byte)).join("")).toBe("PNG");
  const view = new DataView(png.buffer);
  expect([view.getUint32(16), view.getUint32(20)]).toEqual([50, 50]);
});

it("draws the same for a person, and another for another", async () => {
  expect(await drawn("ada")).toEqual(await drawn("ada"));
  expect(await drawn("ada")).not.toEqual(await drawn("rob"));
});
