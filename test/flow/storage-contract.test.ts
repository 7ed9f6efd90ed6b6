/**
 * What our storage promises, kept over the embedded store and over a real redis-server alike: all
 * or nothing, once and for all, one at a time, and nothing readable.
 */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { HOLD_TTL_SECONDS } from "../../src/storage/hold.ts";
import { createRedis, type Redis } from "../../src/storage/redis.ts";
import { beginWork, type UnitOfWork } from "../../src/storage/unit-of-work.ts";
import { createVault, type Vault } from "../../src/storage/vault.ts";
import { availableEngines, startStore, type TestStore } from "../support/store.ts";

type Secret = Uint8Array<ArrayBuffer>;

const secret = (): Secret => Uint8Array.from(randomBytes(32));
const THIRTY = Array.from({ length: 30 });
const CONFLICT = expect.objectContaining({ reason: "grant_conflict" });

describe.for(availableEngines())("over %s", (engine) => {
  let store: TestStore;
  let redis: Redis;
  let vault: Vault;
  const key = secret();

  const openVault = (keys: readonly [Secret, ...Secret[]], prefix = "t:"): Vault =>
    createVault(
      { url: store.url, token: store.token, prefix, encryptionKeys: keys },
      redis,
      () => {},
    );
  const begin = (): UnitOfWork => beginWork(vault);
  const read = (name: string) => begin().get(name);
  const write = async (change: (work: UnitOfWork) => void): Promise<void> => {
    const work = begin();
    change(work);
    await work.commit();
  };
  const secondsLeft = async (name: string) =>
    Number(await store.run("TTL", await vault.keyOf(name)));

  beforeAll(async () => {
    store = await startStore({ engine });
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    store.faults.clear();
    await store.flush();
    redis = createRedis(store, fetch);
    vault = openVault([key]);
  });

  describe("a unit of work", () => {
    it("is seen by itself at once, by others after its commit, and not at all without", async () => {
      const work = begin();
      work.put("a", "text", 60);
      expect(await work.get("a")).toBe("text");
      expect(await read("a")).toBeUndefined();
      await work.commit();
      expect(await read("a")).toBe("text");
      expect(await secondsLeft("a")).toBeGreaterThan(55);
      const dropped = begin();
      dropped.put("a", "other", 60);
      await dropped.discard();
      expect(await read("a")).toBe("text");
    });

    it("asks once for all it names, and not again", async () => {
      await write((work) => work.put("a", "1", 60));
      store.wire.take();
      const work = begin();
      await work.prefetch(["a", "b"], { fields: "c" });
      expect([await work.get("a"), await work.get("b"), await work.fields("c")]).toEqual([
        "1",
        undefined,
        [],
      ]);
      expect([work.hasRead("a"), work.hasRead("b")]).toEqual([true, false]);
      expect(store.wire.take()).toEqual([
        { path: "/multi-exec", commands: ["GET", "GET", "HVALS"] },
      ]);
    });

    it("writes everything in one transaction", async () => {
      await vault.keyOf("a");
      store.wire.take();
      await write((work) => {
        work.put("a", "1", 60);
        work.delete("b");
        work.putField({ collection: "c", field: "f" }, "2", 60);
      });
      const commands = ["SET", "DEL", "HSET", "EXPIRE"];
      expect(store.wire.take()).toEqual([{ path: "/multi-exec", commands }]);
    });

    it("extends what is there, and nothing else", async () => {
      await write((work) => work.put("a", "1", 60));
      await write((work) => {
        work.extend("a", 600);
        work.extend("b", 600);
      });
      expect(await secondsLeft("a")).toBeGreaterThan(590);
      expect(await read("b")).toBeUndefined();
    });

    it("keeps a collection's entries apart", async () => {
      const place = (field: string) => ({ collection: "c", field });
      await write((work) => work.putField(place("one"), "1", 60));
      await write((work) => work.putField(place("two"), "2", 600));
      expect((await begin().fields("c")).toSorted()).toEqual(["1", "2"]);
      expect(await secondsLeft("c")).toBeGreaterThan(590);
      await write((work) => work.deleteField(place("one")));
      expect(await begin().fields("c")).toEqual(["2"]);
    });
  });

  describe("a replacement", () => {
    const replaceBoth = async (meanwhile: () => Promise<void>): Promise<unknown> => {
      const work = begin();
      await work.prefetch(["grant", "record"]);
      await meanwhile();
      work.replace("grant", "newer", 60);
      work.replace("record", "newer", 60);
      work.put("answer", "tokens", 60);
      work.putField({ collection: "c", field: "grant" }, "entry", 60);
      return work.commit().catch((error: unknown) => error);
    };
    beforeEach(() =>
      write((work) => {
        work.put("grant", "older", 60);
        work.put("record", "older", 60);
      }),
    );

    it("takes the place of what was read", async () => {
      expect(await replaceBoth(async () => {})).toBeUndefined();
      expect([await read("grant"), await read("record")]).toEqual(["newer", "newer"]);
    });

    it("never brings back what was deleted, nor leaves what it wrote beside it", async () => {
      const ended = () => write((work) => ["grant", "record"].forEach(work.delete));
      expect(await replaceBoth(ended)).toEqual(CONFLICT);
      const left = await Promise.all(["grant", "record", "answer"].map(read));
      expect([...left, await begin().fields("c")]).toEqual([undefined, undefined, undefined, []]);
    });

    it("refuses when another was faster, and then neither stays", async () => {
      const changed = () => write((work) => work.put("grant", "of another", 60));
      expect(await replaceBoth(changed)).toEqual(CONFLICT);
      expect(await Promise.all(["grant", "record", "answer"].map(read))).toEqual(
        Array(3).fill(undefined),
      );
    });

    it("recognizes itself when its answer was lost", async () => {
      const lose = async () => store.faults.next("lost");
      expect(await replaceBoth(lose)).toBeUndefined();
      expect(await read("grant")).toBe("newer");
    });
  });

  describe("of thirty at the same time", () => {
    it("one takes what works once", async () => {
      await write((work) => work.put("once", "text", 60));
      const taken = await Promise.all(THIRTY.map(() => begin().take("once")));
      expect(taken.filter((text) => text === "text")).toHaveLength(1);
      expect(await read("once")).toBeUndefined();
    });

    it("one claims an identifier, even when the answer to that one is lost", async () => {
      store.faults.next("lost", { match: "SET" });
      const claims = await Promise.all(THIRTY.map(() => begin().claim("jti", 60)));
      expect(claims.filter(Boolean)).toHaveLength(1);
    });

    it("one holds, until its commit, its discard or its end", async () => {
      const works = THIRTY.map(begin);
      await Promise.all(works.map((work) => work.prefetch(["a"], { hold: "h" })));
      const holders = works.filter((work) => work.isHeld());
      expect(holders).toHaveLength(1);
      expect(await secondsLeft("h")).toBeLessThanOrEqual(HOLD_TTL_SECONDS);
      await holders[0]?.commit();
      const next = begin();
      await next.prefetch([], { hold: "h" });
      expect(next.isHeld()).toBe(true);
      await next.discard();
      expect(await secondsLeft("h")).toBe(-2);
    });

    it("one takes over a hold that an outage has stranded", async () => {
      const stranded = begin();
      await stranded.prefetch([], { hold: "h" });
      store.faults.always("refuse");
      await expect(stranded.commit()).rejects.toMatchObject({ reason: "store_unavailable" });
      store.faults.clear();
      expect(await secondsLeft("h")).toBeGreaterThan(0);
      const works = THIRTY.map(begin);
      await Promise.all(works.map((work) => work.prefetch([], { hold: "h" })));
      expect(works.filter((work) => work.isHeld())).toHaveLength(1);
    });
  });

  describe("what lies in Redis", () => {
    it("is hashed names and sealed values", async () => {
      await write((work) => {
        work.put("client:https://client.example/a", "a secret text", 60);
        work.putField({ collection: "connections:ada", field: "grant" }, "a secret text", 60);
      });
      const dump = await store.dump();
      expect(dump.filter((text) => /secret|client|ada|grant/.test(text))).toEqual([]);
      const sealed = /^(?:f\.[\w-]{43}=)?v1\.[\w-]{8}\.[\w-]+$/;
      const place = /^t:(?:names:[\w-]{8}|[\w-]{43})$|^[\w-]{43}$/;
      expect(dump.filter((text) => !sealed.test(text) && !place.test(text))).toEqual([]);
    });

    it("is believed at its own place only", async () => {
      await write((work) => {
        work.put("mine", "1", 60);
        work.put("yours", "2", 60);
      });
      const [mine, yours] = [await vault.keyOf("mine"), await vault.keyOf("yours")];
      await store.run("SET", mine, String(await store.run("GET", yours)));
      expect([await read("mine"), await read("yours")]).toEqual([undefined, "2"]);
    });

    it.for(["text", "1", "true", "null", '{"a":1}', '"quoted"', "", "ünïcode 🙂"])(
      "comes back as the text it is: %j",
      async (text) => {
        await store.run("SET", "t:plain", text);
        await store.run("HSET", "t:fields", "f", text);
        const replies = await redis.transact(
          [
            { do: "get", key: "t:plain" },
            { do: "getFields", key: "t:fields" },
            { do: "get", key: "t:none" },
            { do: "secondsLeft", key: "t:plain" },
          ],
          { repeatable: true },
        );
        expect(replies).toEqual([text, [text], null, -1]);
      },
    );
  });

  describe("names", () => {
    it("are the same in isolates that start at the same time", async () => {
      const isolates = THIRTY.map(() => openVault([key]));
      const names = await Promise.all(isolates.map((one) => one.keyOf("grant:a:b")));
      expect(new Set(names).size).toBe(1);
    });

    it("outlive the keys, one after the other", async () => {
      const [first, second, third] = [secret(), secret(), secret()];
      const name = await openVault([first]).keyOf("grant:a:b");
      expect(await openVault([second, first]).keyOf("grant:a:b")).toBe(name);
      expect(await openVault([third, second]).keyOf("grant:a:b")).toBe(name);
      expect(await openVault([third]).keyOf("grant:a:b")).toBe(name);
    });

    it("are others with another prefix", async () => {
      const [one, two] = [openVault([key], "one:"), openVault([key], "two:")];
      expect((await one.pointerTo("a")) === (await two.pointerTo("a"))).toBe(false);
    });

    it("are never made again over a name key that does not open", async () => {
      await vault.keyOf("a");
      const [place = ""] = (await store.dump()).filter((text) => text.startsWith("t:names:"));
      await store.run("SET", place, "v1.damaged_.AAAA");
      await expect(openVault([key]).keyOf("a")).rejects.toMatchObject({
        reason: "store_answer_invalid",
      });
    });
  });
});
