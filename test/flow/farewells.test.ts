/**
 * What Auth0 is still to be told, also while the storage key changes: nothing is told too early, nothing
 * is forgotten, whichever version of the server comes by.
 */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Refusal } from "../../src/errors.ts";
import { abandonToken } from "../../src/grants/ending.ts";
import {
  type Farewell,
  remember,
  resealFarewells,
  sayFarewells,
  sealFarewells,
} from "../../src/grants/farewell.ts";
import { createRedis } from "../../src/storage/redis.ts";
import { createSealer } from "../../src/storage/sealing.ts";
import { createVault, type Vault } from "../../src/storage/vault.ts";
import { availableEngines, startStore, type TestStore } from "../support/store.ts";

type Secret = Uint8Array<ArrayBuffer>;

const older: Secret = Uint8Array.from(randomBytes(32));
const newer: Secret = Uint8Array.from(randomBytes(32));

let store: TestStore;
let nowSeconds: number;
/** The refresh tokens of which Auth0 was told. */
let told: string[];

beforeAll(async () => {
  store = await startStore({ engine: availableEngines().at(-1) ?? "memory" });
});
afterAll(() => store.close());
beforeEach(async () => {
  await store.flush();
  nowSeconds = 1_800_000_000;
  told = [];
});

function open(...encryptionKeys: readonly [Secret, ...Secret[]]): Vault {
  const account = { url: store.url, token: store.token };
  const parts = { redis: createRedis(account, fetch), now: () => nowSeconds, report: () => {} };
  return createVault({ ...account, prefix: "t:", encryptionKeys }, parts);
}

const identity = { revoke: async (refreshToken: string) => void told.push(refreshToken) };

async function put(vault: Vault, farewells: readonly Farewell[], dueAt: number): Promise<void> {
  const commands = remember(vault, await sealFarewells(vault, farewells), dueAt);
  await vault.redis.transact(commands);
}

function farewell(index: number, isUnfinished = false): Farewell {
  const storeName = String(index).padStart(43, "A");
  return { storeName, refreshToken: `token ${index}`, isUnfinished };
}

const say = (vault: Vault) => sayFarewells({ vault, identity }, 40);
const members = () => store.run("ZRANGE", "t:farewells", "0", "-1", "WITHSCORES");

describe("under a key that this version does not have", () => {
  it("it is told by the version that has it", async () => {
    await put(open(newer), [farewell(1), farewell(2, true)], nowSeconds);
    expect(await say(open(older))).toBe(0);
    expect(told).toEqual([]);
    nowSeconds += 3600;
    expect(await say(open(newer, older))).toBe(2);
    expect(told.toSorted()).toEqual(["token 1", "token 2"]);
    expect(await members()).toEqual([]);
  });

  it("it stands in nobody's way", async () => {
    const strange = Array.from({ length: 40 }, (_, index) => farewell(index));
    await put(open(newer), strange, nowSeconds - 1);
    await put(open(older), [farewell(40)], nowSeconds);
    await say(open(older));
    expect(await say(open(older))).toBe(1);
    expect(told).toEqual(["token 40"]);
  });
});

describe("a token that belongs to no grant", () => {
  it("is told at once, and nothing is left", async () => {
    await abandonToken({ vault: open(older), identity }, "abandoned");
    expect(told).toEqual(["abandoned"]);
    expect(await members()).toEqual([]);
  });

  it("is told at once also when the store does not answer", async () => {
    store.faults.always("refuse");
    await abandonToken({ vault: open(older), identity }, "abandoned");
    store.faults.clear();
    expect(told).toEqual(["abandoned"]);
    expect(await members()).toEqual([]);
  });

  it.each(["Auth0", "Auth0, and then the store"])(
    "is remembered and told later when %s does not answer",
    async (who) => {
      const vault = open(older);
      const revoke = async () => {
        if (who !== "Auth0") store.faults.always("refuse");
        throw new Refusal("identity_unavailable");
      };
      await abandonToken({ vault, identity: { revoke } }, "abandoned");
      store.faults.clear();
      expect(told).toEqual([]);
      nowSeconds += 3600;
      expect(await say(vault)).toBe(1);
      expect(told).toEqual(["abandoned"]);
      expect(await members()).toEqual([]);
    },
  );
});

describe("one that was tampered with", () => {
  it("is nobody's, and goes", async () => {
    const vault = open(older);
    const [sealed = ""] = await sealFarewells(vault, [farewell(1)]);
    const [other = ""] = await sealFarewells(vault, [farewell(2)]);
    const moved = `e.${farewell(1).storeName}=${other.split("=")[1] ?? ""}`;
    expect(moved).not.toBe(sealed);
    await vault.redis.transact(remember(vault, [moved], nowSeconds));
    expect(await say(vault)).toBe(1);
    expect(told).toEqual([]);
    expect(await members()).toEqual([]);
  });
});

describe("when the storage key changes", () => {
  it("all are sealed again, a thousand and more, each due when it was", async () => {
    const vault = open(older);
    const count = 1203;
    for (let index = 0; index < count; index += 3) {
      await put(vault, [farewell(index)], nowSeconds - index);
      await put(vault, [farewell(index + 1)], nowSeconds + 100);
      await put(vault, [farewell(index + 2, true)], nowSeconds + index);
    }
    const before = await dueTimes();
    const sealer = await createSealer([newer, older]);
    expect(await resealFarewells(open(newer, older), sealer)).toBe(count);
    expect(await dueTimes()).toEqual(before);
    expect(await resealFarewells(open(newer, older), sealer)).toBe(0);
    nowSeconds += count;
    const after = open(newer);
    for (let some = 1; some > 0;) some = await say(after);
    expect(new Set(told).size).toBe(count);
  });

  it("what opens with no key given is left alone", async () => {
    await put(open(older), [farewell(1)], nowSeconds + 5);
    const before = await members();
    expect(await resealFarewells(open(newer), await createSealer([newer]))).toBe(0);
    expect(await members()).toEqual(before);
  });
});

/** When each is due, by what stands before its sealed text. */
async function dueTimes(): Promise<ReadonlyMap<string, string>> {
  const reply = await members();
  const flat = Array.isArray(reply) ? reply.map(String) : [];
  const pairs = Array.from({ length: flat.length / 2 }, (_, index) => flat.slice(2 * index));
  return new Map(pairs.map(([member = "", score = ""]) => [member.split("=")[0] ?? "", score]));
}
