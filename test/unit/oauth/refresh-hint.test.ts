import { describe, expect, it } from "vitest";
import type { SigningKey } from "../../../src/grants/access-token.ts";
import { deriveKeyId, deriveSigningKey } from "../../../src/keys.ts";
import { readHint, writeHint } from "../../../src/oauth/refresh-hint.ts";

async function createKey(fill: number): Promise<SigningKey> {
  const secret = new Uint8Array(32).fill(fill);
  return { kid: await deriveKeyId(secret), key: await deriveSigningKey(secret, "refresh-hint") };
}

const ours = await createKey(1);
const older = await createKey(2);
const TOKEN = { inner: "person:grant:secret", clientId: "client" };
const HINT = { generation: 12, renewalAt: 1_800_000_000 };

describe("what a refresh token says of itself", () => {
  it("is read as it was written, under any key of the ring", async () => {
    const text = await writeHint(TOKEN, HINT, [older]);
    expect(text.length).toBeLessThanOrEqual(64);
    expect(await readHint(TOKEN, text, [ours, older])).toEqual(HINT);
  });

  it("says nothing under a key that is gone, and nothing against the token", async () => {
    expect(await readHint(TOKEN, await writeHint(TOKEN, HINT, [older]), [ours])).toBe("unsigned");
  });

  it("says nothing when a later version of us wrote it, and nothing against the token", async () => {
    const text = await writeHint(TOKEN, HINT, [ours]);
    expect(await readHint(TOKEN, `2.${text}.more`, [ours])).toBe("unsigned");
    expect(await readHint(TOKEN, `2.`, [ours])).toBe("forged");
  });

  it.each<[string, (text: string) => string]>([
    ["another generation", (text) => text.replace("-c-", "-d-")],
    ["another time", (text) => text.replace(/-c-./, "-c-0")],
    ["another signature", (text) => text.replace(/.$/, (last) => (last === "A" ? "B" : "A"))],
    ["one character more", (text) => `${text}A`],
    ["one character less", (text) => text.slice(0, -1)],
    ["nothing of the kind", () => "hint"],
  ])("is forged with %s", async (_case, change) => {
    const text = await writeHint(TOKEN, HINT, [ours]);
    expect(change(text)).not.toBe(text);
    expect(await readHint(TOKEN, change(text), [ours])).toBe("forged");
  });

  it.each([
    ["another token", { ...TOKEN, inner: "person:grant:another" }],
    ["another client", { ...TOKEN, clientId: "another" }],
  ])("is forged when it is of %s", async (_case, token) => {
    expect(await readHint(token, await writeHint(TOKEN, HINT, [ours]), [ours])).toBe("forged");
  });
});
