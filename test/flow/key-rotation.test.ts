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

/** How many sessions go on meanwhile, and how often each is renewed in each step. */
const SESSIONS = 6;
const ROUNDS = 3;

it("in the documented order two versions answer side by side under load, and nobody is logged out", async () => {
  await house.stop();
  await open();
  const [storage, signing] = [randomKey(), randomKey()];
  const { STORAGE_ENCRYPTION_KEY: oldStorage = "", JWT_SIGNING_KEY: oldSigning = "" } =
    house.variables;
  // docs/operations.md, "Rotating keys": known everywhere before it is used anywhere.
  const steps = [
    [oldStorage, oldSigning],
    [`${oldStorage},${storage}`, `${oldSigning},${signing}`],
    [`${storage},${oldStorage}`, `${signing},${oldSigning}`],
    [storage, signing],
  ].map(([storageKeys = "", signingKeys = ""]) => ({
    STORAGE_ENCRYPTION_KEY: storageKeys,
    JWT_SIGNING_KEY: signingKeys,
  }));
  const urls: string[] = [];
  for (const variables of steps) urls.push((await house.startAnother(variables)).url);
  const [before = "", known = "", used = "", after = ""] = urls;
  const held: Tokens[] = [];
  while (held.length < SESSIONS) held.push(await client.signIn("ada"));
  /** All sessions at once, each now at the one, now at the other version; `beside` goes on meanwhile. */
  const live = async (versions: readonly string[], beside?: Promise<unknown>): Promise<void> => {
    let isBeside = beside !== undefined;
    const ended = beside?.finally(() => (isBeside = false));
    const session = async (index: number): Promise<void> => {
      for (let round = 0; round < ROUNDS || isBeside; round++) {
        const url = versions[(index + round) % versions.length] ?? "";
        held[index] = await renewAt(url, held[index]);
        for (const asked of versions) await callAt(asked, held[index]);
      }
    };
    await Promise.all([ended, ...held.map((_, index) => session(index))]);
  };
  // Each is deployed, rolled back, and deployed again.
  await live([before, known]);
  await live([before]);
  await live([before, known]);
  await live([known, used]);
  await live([known]);
  await live([known, used]);
  const env = { ...process.env, ...house.variables, ...steps[2] };
  await live([used], run("node", ["dev/rotate-keys.ts"], { env }));
  await live([used, after]);
  await live([used]);
  await live([after]);
  // Nothing is left that only the old keys open.
  const again = await run("node", ["dev/rotate-keys.ts"], { env });
  expect(again.stdout).toMatch(/^0 records sealed again/m);
});

/** A client that is told to come again does. */
async function renewAt(url: string, tokens: Tokens | undefined): Promise<Tokens> {
  for (let tries = 0; ; tries++) {
    const response = await at(client, url).refresh(tokens?.refresh_token ?? "");
    if (response.status !== 503 || tries === 5) return json<Tokens>(response, 200);
  }
}

async function callAt(url: string, tokens: Tokens | undefined): Promise<void> {
  const { response } = await callMcp(`${url}/mcp`, tokens?.access_token, { method: "tools/list" });
  expect(response.status).toBe(200);
}

/** The same client, sent to another Worker of the same house. */
function at(stranger: Stranger, url: string): Stranger {
  return createStranger({
    ...stranger,
    metadata: { ...stranger.metadata, token_endpoint: `${url}/token` },
  });
}
