import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeEnvFile } from "../../dev/start/env-file.ts";
import { type House, randomKey, startHouse } from "../support/house.ts";
import {
  callMcp,
  createStranger,
  json,
  meetStranger,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";
import { availableEngines } from "../support/store.ts";

const run = promisify(execFile);

let house: House;
let client: Stranger;
let tokens: Tokens;

async function open(): Promise<void> {
  house = await startHouse({ engine: availableEngines().includes("redis") ? "redis" : "memory" });
  client = await meetStranger(`${house.issuer}/mcp`);
  tokens = await client.signIn("ada");
}

beforeAll(open);
afterAll(() => house.stop());

it("rotates both keys without logging anybody out", async () => {
  const [storage, signing] = [randomKey(), randomKey()];
  const { STORAGE_ENCRYPTION_KEY: oldStorage = "", JWT_SIGNING_KEY: oldSigning = "" } =
    house.variables;
  const both = {
    STORAGE_ENCRYPTION_KEY: `${storage},${oldStorage}`,
    JWT_SIGNING_KEY: `${signing},${oldSigning}`,
  };
  const during = await house.startAnother(both);
  const call = await callMcp(`${during.url}/mcp`, tokens.access_token, { method: "tools/list" });
  expect(call.response.status).toBe(200);

  const { stdout } = await run("node", ["dev/rotate-keys.ts"], {
    env: { ...process.env, ...house.variables, ...both },
  });
  expect(stdout).toMatch(/^[2-9]\d* records sealed again, \d+ already under the newest key\.$/m);
  expect(stdout).not.toContain("do not open");
  const folder = await mkdtemp(join(tmpdir(), "rotate-keys-"));
  const file = join(folder, ".deploy.vars");
  writeEnvFile(file, { ...house.variables, ...both });
  const again = await run("node", ["dev/rotate-keys.ts", "--file", file]);
  await rm(folder, { recursive: true });
  expect(again.stdout).toMatch(/^0 records sealed again/m);

  const after = await house.startAnother({
    STORAGE_ENCRYPTION_KEY: storage,
    JWT_SIGNING_KEY: signing,
  });
  const moved = at(client, after.url);
  const renewed = await json<Tokens>(await moved.refresh(tokens.refresh_token), 200);
  const later = await callMcp(`${after.url}/mcp`, renewed.access_token, { method: "tools/list" });
  expect(later.response.status).toBe(200);
  expect(later.answer.result?.tools?.map(({ name }) => name)).toContain("get_user_info");
});

it("in the documented order two versions answer side by side, and neither logs anybody out", async () => {
  await house.stop();
  await open();
  const [storage, signing] = [randomKey(), randomKey()];
  const { STORAGE_ENCRYPTION_KEY: oldStorage = "", JWT_SIGNING_KEY: oldSigning = "" } =
    house.variables;
  const keys = (storageKeys: string, signingKeys: string) => ({
    STORAGE_ENCRYPTION_KEY: storageKeys,
    JWT_SIGNING_KEY: signingKeys,
  });
  // docs/operations.md, "Rotating keys": known everywhere before it is used anywhere.
  const steps = [
    keys(oldStorage, oldSigning),
    keys(`${oldStorage},${storage}`, `${oldSigning},${signing}`),
    keys(`${storage},${oldStorage}`, `${signing},${oldSigning}`),
  ];
  const versions = await Promise.all(steps.map((variables) => house.startAnother(variables)));
  for (const [older, newer] of [versions.slice(0, 2), versions.slice(1, 3)]) {
    if (older === undefined || newer === undefined) throw new Error("two versions");
    let held = await client.signIn("ada");
    // A client meets the one and the other; a rollback is the same, for longer.
    for (const url of [newer.url, older.url, newer.url, older.url]) {
      held = await json<Tokens>(await at(client, url).refresh(held.refresh_token), 200);
      for (const { url: asked } of [older, newer]) {
        const call = await callMcp(`${asked}/mcp`, held.access_token, { method: "tools/list" });
        expect(call.response.status).toBe(200);
      }
    }
  }
});

/** The same client, sent to another Worker of the same house. */
function at(stranger: Stranger, url: string): Stranger {
  return createStranger({
    ...stranger,
    metadata: { ...stranger.metadata, token_endpoint: `${url}/token` },
  });
}
