/**
 * `npm run rotate-keys` beside a server that goes on: whatever a single store request meets on the
 * way, wherever it is cut off, and whatever people do meanwhile, all records end under the newest
 * key and nobody is logged out.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { deriveKeyId } from "../../src/keys.ts";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type House, randomKey, startHouse } from "../support/house.ts";
import { clientAt, statusOfCall } from "../support/sessions.ts";
import { json, meetStranger, type Stranger, type Tokens } from "../support/stranger.ts";
import { availableEngines } from "../support/store.ts";
import type { FaultKind } from "../support/store-faults.ts";

const SESSIONS = 8;

let house: House;
let client: Stranger;
let sessions: Tokens[];
/** The first one seals; the house's Worker opens with both. */
let ring: readonly string[];

beforeAll(async () => {
  ring = [randomKey(), randomKey()];
  house = await startHouse({
    engine: availableEngines().at(-1) ?? "memory",
    variables: { STORAGE_ENCRYPTION_KEY: ring.join(",") },
  });
  client = await meetStranger(`${house.issuer}/mcp`);
  sessions = [];
  while (sessions.length < SESSIONS) sessions.push(await client.signIn("ada"));
});
afterEach(() => house.store.faults.clear());
afterAll(() => house.stop());

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

/** Starts the command with the other key first. */
function startRotation(): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const env = { ...process.env, ...house.variables, STORAGE_ENCRYPTION_KEY: ring.join(",") };
  const child = spawn(process.execPath, ["dev/rotate-keys.ts"], { env });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => void (text += chunk.toString()));
  return { child, ended: once(child, "close").then(([code]) => ({ code, text })) };
}

async function rotate(): Promise<Ended> {
  return startRotation().ended;
}

function turnRing(): void {
  ring = ring.toReversed();
}

/** The names of the keys under which records are sealed. The name key has a copy under each. */
async function keysInUse(): Promise<Set<string>> {
  const dump = await house.store.dump();
  const isNameKey = (index: number) => dump[index - 1]?.startsWith("mcp:names:") ?? false;
  const records = dump.filter((_, index) => !isNameKey(index));
  return new Set(records.flatMap((text) => /\bv1\.([\w-]{8})\./.exec(text)?.[1] ?? []));
}

async function expectAllUnderNewestKey(): Promise<void> {
  const newest = await deriveKeyId(Buffer.from(ring[0] ?? "", "base64"));
  expect(await keysInUse()).toEqual(new Set([newest]));
}

/** Every session goes on at an isolate that has the newest key only. */
async function expectEverybodySignedIn(): Promise<void> {
  const [newest = ""] = ring;
  const after = await house.startAnother({ STORAGE_ENCRYPTION_KEY: newest });
  for (const [index, tokens] of sessions.entries())
    sessions[index] = await json<Tokens>(
      await clientAt(client, after).refresh(tokens.refresh_token),
      200,
    );
  for (const tokens of sessions) expect(await statusOfCall(after, tokens.access_token)).toBe(200);
  await after.stop();
}

const KINDS: readonly FaultKind[] = ["429", "element-error", "lost", "stray"];
/** The name key and its copy, the walk's first page, what it holds, what is written; what follows. */
const REQUESTS = [0, 1, 2, 3];

describe("a store request of the walk that fails once", () => {
  it.for(KINDS.flatMap((kind) => REQUESTS.map((skip) => ({ kind, skip }))))(
    "request $skip, $kind: the walk goes on to the end",
    async ({ kind, skip }) => {
      turnRing();
      house.store.faults.next(kind, { skip });
      expect(await rotate()).toMatchObject({ code: 0 });
      house.store.faults.stop();
      await house.store.faults.deliver();
      await expectAllUnderNewestKey();
    },
  );

  it("has left everybody signed in", expectEverybodySignedIn);
});

describe("a walk from which the store goes away for a while", () => {
  it.for([0, 1, 2, 4])("at its store request %i goes on to the end", async (skip) => {
    turnRing();
    // Each is sent four times before the walk pauses.
    house.store.faults.next("refuse", { skip, times: 5 });
    const { code, text } = await rotate();
    expect(text).not.toContain("    at ");
    expect(code).toBe(0);
    house.store.faults.stop();
    await expectAllUnderNewestKey();
  });

  it("has left everybody signed in", expectEverybodySignedIn);
});

describe("a walk that is cut off", () => {
  it.for([1, 2, 3])(
    "in its store request %i, and started again at once, goes on to the end",
    async (skip) => {
      turnRing();
      house.store.wire.take();
      house.store.faults.next("late", { skip });
      const { child, ended } = startRotation();
      let arrived = 0;
      await expect
        .poll(() => (arrived += house.store.wire.take().length), { timeout: 20_000 })
        .toBeGreaterThan(skip);
      child.kill("SIGKILL");
      await ended;
      house.store.faults.stop();
      expect(await rotate()).toMatchObject({ code: 0 });
      await house.store.faults.deliver();
      await expectAllUnderNewestKey();
    },
  );

  it("has left everybody signed in", expectEverybodySignedIn);
});

describe("a walk beside people who go on", () => {
  it("logs nobody out, and brings nothing back that ended meanwhile", async () => {
    turnRing();
    house.store.faults.latencyMs = 20;
    const leaving = await Promise.all([client.signIn("rob"), client.signIn("rob")]);
    const walk = startRotation();
    let isWalking = true;
    const walked = walk.ended.finally(() => (isWalking = false));
    let refreshes = 0;
    const refreshing = sessions.map(async (tokens, index) => {
      do {
        const { refresh_token } = sessions[index] ?? tokens;
        sessions[index] = await json<Tokens>(await client.refresh(refresh_token), 200);
        refreshes += 1;
      } while (isWalking);
    });
    for (const { refresh_token } of leaving)
      expect((await client.revoke(refresh_token)).status).toBe(200);
    expect(await walked).toMatchObject({ code: 0 });
    await Promise.all(refreshing);
    expect(refreshes).toBeGreaterThanOrEqual(SESSIONS);
    for (const { access_token, refresh_token } of leaving) {
      expect(await statusOfCall(house, access_token)).toBe(401);
      expect((await client.refresh(refresh_token)).status).toBe(400);
    }
    house.store.faults.clear();
    // The Worker's own first key is the other one: what it wrote meanwhile is sealed again.
    expect(await rotate()).toMatchObject({ code: 0 });
    await expectAllUnderNewestKey();
    await expectEverybodySignedIn();
  });
});
