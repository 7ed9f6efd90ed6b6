/**
 * What our storage promises, kept over the embedded store and over a real redis-server alike: all
 * or nothing, once and for all, one at a time, and nothing readable.
 */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createRedis, type Redis } from "../../src/storage/redis.ts";
import { type Place } from "../../src/storage/entry.ts";
import { beginWork, type UnitOfWork } from "../../src/storage/unit-of-work.ts";
import { createVault, type Vault, type VaultEvent } from "../../src/storage/vault.ts";
import { availableEngines, startStore, type TestStore } from "../support/store.ts";

type Secret = Uint8Array<ArrayBuffer>;

const secret = (): Secret => Uint8Array.from(randomBytes(32));
const THIRTY = Array.from({ length: 30 });
const ALONE = { collection: "grant", entry: "" };
const now = (): number => Math.floor(Date.now() / 1000);

describe.for(availableEngines())("over %s", (engine) => {
  let store: TestStore;
  let redis: Redis;
  let vault: Vault;
  let clockOffsetSeconds = 0;
  let events: VaultEvent[] = [];
  const key = secret();

  const openVault = (keys: readonly [Secret, ...Secret[]], prefix = "t:"): Vault =>
    createVault(
      { url: store.url, token: store.token, prefix, encryptionKeys: keys },
      { redis, now: () => now() + clockOffsetSeconds, report: (event) => void events.push(event) },
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
    clockOffsetSeconds = 0;
    events = [];
  });

  const texts = async (collection: string): Promise<readonly string[]> =>
    (await begin().list(collection)).map(({ text }) => text).toSorted();
  const findText = async (place: Place, work = begin()): Promise<string> => {
    const found = await work.find(place);
    return found.state === "current" ? found.text : found.state;
  };
  const advance = async (place: Place, text: string): Promise<string> => {
    const work = begin();
    await work.find(place);
    work.advance(place, text, { ttlSeconds: 60, mustWin: true });
    return work.commit();
  };

  describe("a unit of work", () => {
    it("is seen by itself at once, by others after its commit, and not at all without", async () => {
      const work = begin();
      work.create("a", "text", 60);
      expect(await work.get("a")).toBe("text");
      expect(await read("a")).toBeUndefined();
      await work.commit();
      expect(await read("a")).toBe("text");
      expect(await secondsLeft("a")).toBeGreaterThan(55);
      const dropped = begin();
      dropped.create("b", "other", 60);
      await dropped.discard();
      expect(await read("b")).toBeUndefined();
    });

    it("asks once for all it names, and not again", async () => {
      await write((work) => work.create("a", "1", 60));
      store.wire.take();
      const work = begin();
      await work.prefetch({ records: ["a", "b"], collections: ["c"] });
      expect([await work.get("a"), await work.get("b"), await work.list("c")]).toEqual([
        "1",
        undefined,
        [],
      ]);
      expect([work.hasRead("a"), work.hasRead("b")]).toEqual([true, false]);
      // The first asks whether the store is still the same one.
      const commands = ["GET", "GET", "GET", "HVALS"];
      expect(store.wire.take()).toEqual([{ path: "/multi-exec", commands }]);
    });

    it("writes everything in one transaction", async () => {
      await vault.keyOf("a");
      store.wire.take();
      await write((work) => {
        work.create("a", "1", 60);
        work.advance({ collection: "c", entry: "e" }, "2", { ttlSeconds: 60 });
      });
      const commands = ["GET", "SET", "HSETNX", "EXPIRE", "EXPIRE"];
      expect(store.wire.take()).toEqual([{ path: "/multi-exec", commands }]);
    });

    it("that has nothing to write asks nothing", async () => {
      store.wire.take();
      expect(await begin().commit()).toBe("done");
      expect(store.wire.take()).toEqual([]);
    });

    it("prolongs what is there, never shortens it, and makes nothing", async () => {
      await write((work) => work.createLasting("a", "1", 600));
      for (const [ttlSeconds, least] of [
        [60, 590],
        [6000, 5990],
      ] as const) {
        await write((work) => {
          work.prolong("a", ttlSeconds);
          work.prolong("b", ttlSeconds);
        });
        expect(await secondsLeft("a")).toBeGreaterThan(least);
      }
      expect(await read("b")).toBeUndefined();
    });

    it("does not believe a record after its own end, whatever the store's clock says", async () => {
      await write((work) => work.create("a", "text", 60));
      await write((work) => work.createLasting("b", "text", 60));
      await store.run("PERSIST", await vault.keyOf("a"));
      clockOffsetSeconds = 61;
      expect([await read("a"), await read("b")]).toEqual([undefined, "text"]);
    });

    it("writes a record once", async () => {
      await write((work) => work.create("a", "first", 60));
      await write((work) => work.create("a", "second", 600));
      expect(await read("a")).toBe("first");
      expect(await secondsLeft("a")).toBeLessThanOrEqual(60);
    });

    it("keeps a collection's entries apart", async () => {
      const place = (entry: string) => ({ collection: "c", entry });
      await write((work) => work.advance(place("one"), "1", { ttlSeconds: 60 }));
      await write((work) => work.advance(place("two"), "2", { ttlSeconds: 600 }));
      expect(await texts("c")).toEqual(["1", "2"]);
      expect(await secondsLeft("c")).toBeGreaterThan(590);
      await write((work) => work.end(place("one")));
      expect(await texts("c")).toEqual(["2"]);
    });

    it("ends several entries at once, read before or not, alone or among others", async () => {
      const place = (entry: string) => ({ collection: "c", entry });
      for (const entry of ["one", "two", "three"])
        await write((work) => work.advance(place(entry), entry, { ttlSeconds: 60 }));
      await advance(ALONE, "alone");
      const work = begin();
      const [first] = await work.list("c");
      const others = ["one", "two", "three"].filter((entry) => entry !== first?.text);
      const [unread = "", kept = ""] = others;
      work.end({ ...place(first?.text ?? ""), id: first?.id ?? "" }, ALONE, {
        ...place(unread),
        generation: 1,
      });
      await work.commit();
      expect(await texts("c")).toEqual([kept]);
      expect(await findText(ALONE)).toBe("ended");
      // What ended, its end and the one that lives on: nothing else lies there.
      expect(await store.run("HLEN", await vault.keyOf("c"))).toBe(3);
      for (const entry of [first?.text ?? "", unread])
        await write((later) => later.advance(place(entry), "late", { ttlSeconds: 60 }));
      expect(await texts("c")).toEqual([kept]);
    });

    it("forgets the ends of a collection when nothing can come late any more", async () => {
      const place = (entry: string) => ({ collection: "c", entry });
      await write((work) => work.advance(place("one"), "1", { ttlSeconds: 600 }));
      await write((work) => work.advance(place("two"), "2", { ttlSeconds: 600 }));
      await write((work) => work.end(place("one")));
      const sweep = async (): Promise<unknown> => {
        const work = begin();
        await work.list("c");
        work.sweep("c");
        await work.commit();
        return store.run("HLEN", await vault.keyOf("c"));
      };
      expect(await sweep()).toBe(2);
      clockOffsetSeconds = 86_401;
      expect(await sweep()).toBe(1);
    });
  });

  describe("an entry", () => {
    it("goes from version to version, and nothing of the older ones stays", async () => {
      for (const text of ["first", "second", "third"])
        expect(await advance(ALONE, text)).toBe("done");
      expect(await findText(ALONE)).toBe("third");
      expect(await store.run("HLEN", await vault.keyOf("grant"))).toBe(1);
      expect(await secondsLeft("grant")).toBeGreaterThan(55);
    });

    it("of which two write the next version is the first one's, and the other learns it", async () => {
      await advance(ALONE, "older");
      const works = [begin(), begin()];
      for (const work of works) await work.find(ALONE);
      for (const [index, work] of works.entries())
        work.advance(ALONE, `of ${index}`, { ttlSeconds: 60, mustWin: true });
      expect(await works[0]?.commit()).toBe("done");
      expect(await works[1]?.commit()).toBe("overtaken");
      expect(await findText(ALONE, works[1])).toBe("of 0");
      expect(await findText(ALONE)).toBe("of 0");
    });

    it("that ended never lives again, and who comes later learns it", async () => {
      await advance(ALONE, "older");
      const late = begin();
      await late.find(ALONE);
      await write((work) => work.end(ALONE));
      late.advance(ALONE, "newer", { ttlSeconds: 6000, mustWin: true });
      expect(await late.commit()).toBe("ended");
      expect(await findText(ALONE)).toBe("ended");
      expect(await advance(ALONE, "newest")).toBe("ended");
      expect(await findText(ALONE)).toBe("ended");
    });

    it("is the same after its commit came twice, and the answer is the same", async () => {
      await advance(ALONE, "older");
      const work = begin();
      await work.find(ALONE);
      work.advance(ALONE, "newer", { ttlSeconds: 60, mustWin: true });
      store.faults.next("lost");
      expect(await work.commit()).toBe("done");
      expect(await findText(ALONE)).toBe("newer");
    });

    it("can be committed again by who got no answer", async () => {
      const work = begin();
      await work.find(ALONE);
      work.advance(ALONE, "newer", { ttlSeconds: 60, mustWin: true });
      store.faults.next("lost", { times: 2 });
      await expect(work.commit()).rejects.toMatchObject({ reason: "store_unavailable" });
      expect(await work.commit()).toBe("done");
      expect(await findText(ALONE)).toBe("newer");
    });
  });

  describe("a write that comes late", () => {
    /** Everything that was asked since, as it went over the wire. */
    const replay = async (bodies: readonly string[]): Promise<void> => {
      for (const body of bodies)
        await fetch(`${store.url}/multi-exec`, {
          method: "POST",
          headers: { authorization: `Bearer ${store.token}` },
          body,
        });
    };
    const record = (): { readonly bodies: string[]; readonly vault: Vault } => {
      const bodies: string[] = [];
      const recording: typeof fetch = (input, init) => {
        if (typeof init?.body === "string") bodies.push(init.body);
        return fetch(input, init);
      };
      const parts = { redis: createRedis(store, recording), now, report: () => undefined };
      const config = { url: store.url, token: store.token, prefix: "t:", encryptionKeys: [key] };
      return { bodies, vault: createVault({ ...config, encryptionKeys: [key] }, parts) };
    };

    it("after any later writes, in any order, changes nothing", async () => {
      const { bodies, vault: recorded } = record();
      const act = async (change: (work: UnitOfWork) => void | Promise<void>): Promise<void> => {
        const work = beginWork(recorded);
        await change(work);
        await work.commit();
      };
      const entry = { collection: "c", entry: "e" };
      await act((work) => work.create("once", "text", 600));
      await act((work) => work.createLasting("client", "text", 60));
      await act((work) => work.prolong("client", 6000));
      expect(await beginWork(recorded).take("once", 600)).toBe("text");
      for (const text of ["1", "2", "3"])
        await act(async (work) => {
          await work.prefetch({ collections: ["grant", "c"] });
          work.advance(ALONE, text, { ttlSeconds: 60, mustWin: true });
          work.advance(entry, text, { ttlSeconds: 60 });
        });
      const stateOf = async () => ({
        grant: await findText(ALONE),
        entry: await findText(entry),
        once: await begin().take("once", 600),
        client: await read("client"),
        clientLives: (await secondsLeft("client")) > 5990,
      });
      const before = await stateOf();
      expect(before).toEqual({
        grant: "3",
        entry: "3",
        once: undefined,
        client: "text",
        clientLives: true,
      });
      await replay(bodies.toReversed());
      expect(await stateOf()).toEqual(before);
      await act((work) => {
        work.end(ALONE);
        work.end(entry);
      });
      await replay(bodies);
      await replay(bodies.toReversed());
      expect(await stateOf()).toEqual({ ...before, grant: "ended", entry: "ended" });
    });
  });

  describe.for(["429", "lost", "truncated", "refuse", "500", "stray"] as const)(
    "a claim that is met by %s",
    (kind) => {
      /** Asks in vain, gives up, and everything arrives. */
      const askInVain = async (ask: (work: UnitOfWork) => Promise<unknown>): Promise<void> => {
        const work = begin();
        store.faults.next(kind, { match: "SET", times: kind === "429" ? 1 : 2 });
        await expect(ask(work)).rejects.toMatchObject({ name: "Refusal" });
        store.faults.stop();
        await work.discard();
        await store.faults.deliver();
      };

      it("and another's already, stays the other's", async () => {
        await write((work) => work.create("once", "text", 60));
        expect(await begin().take("once", 60)).toBe("text");
        await askInVain((work) => work.take("once", 60));
        expect(await begin().take("once", 60)).toBeUndefined();
        expect(await begin().claim("jti", 60)).toBe(true);
        await askInVain((work) => work.claim("jti", 60));
        expect(await begin().claim("jti", 60)).toBe(false);
      });

      it("on a hold that another has, lets nobody in", async () => {
        const claim = { name: "hold", ttlSeconds: 60, isHold: true };
        const holder = begin();
        await holder.prefetch({ claim });
        await askInVain((work) => work.prefetch({ claim }));
        const third = begin();
        await third.prefetch({ claim });
        expect([third.owns("hold"), await third.wasReturned("hold")]).toEqual([false, false]);
        await holder.discard();
        expect(await third.wasReturned("hold")).toBe(true);
      });

      it("and nobody's else, can be asked for again", async () => {
        await write((work) => work.create("once", "text", 60));
        await askInVain((work) => work.take("once", 60));
        expect(await begin().take("once", 60)).toBe("text");
        expect(await begin().take("once", 60)).toBeUndefined();
        await askInVain((work) => work.claim("jti", 60));
        expect(await begin().claim("jti", 60)).toBe(true);
      });
    },
  );

  describe("of thirty at the same time", () => {
    it("one takes what works once", async () => {
      await write((work) => work.create("once", "text", 60));
      const taken = await Promise.all(THIRTY.map(() => begin().take("once", 60)));
      expect(taken.filter((text) => text === "text")).toHaveLength(1);
      expect(await begin().take("once", 60)).toBeUndefined();
    });

    it("one claims an identifier, even when the answer to that one is lost", async () => {
      store.faults.next("lost", { match: "SET" });
      const claims = await Promise.all(THIRTY.map(() => begin().claim("jti", 60)));
      expect(claims.filter(Boolean)).toHaveLength(1);
    });

    it("one writes the next version", async () => {
      const works = THIRTY.map(begin);
      // All have read before the first writes, however slow the machine is.
      await Promise.all(works.map((work) => work.find(ALONE)));
      const outcomes = await Promise.all(
        works.map((work, index) => {
          work.advance(ALONE, String(index), { ttlSeconds: 60, mustWin: true });
          return work.commit();
        }),
      );
      expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(1);
    });

    it("one holds, until its commit or its discard, and the others see when", async () => {
      const claim = { name: "h", ttlSeconds: 60, isHold: true };
      for (const letGo of ["commit", "discard"] as const) {
        const works = THIRTY.map(begin);
        await Promise.all(works.map((work) => work.prefetch({ records: ["a"], claim })));
        const [holder, ...more] = works.filter((work) => work.owns("h"));
        expect(more).toEqual([]);
        const waiting = works.find((work) => work !== holder);
        expect(await waiting?.wasReturned("h")).toBe(false);
        store.wire.take();
        await holder?.[letGo]();
        if (letGo === "discard") expect(await waiting?.wasReturned("h")).toBe(true);
        if (letGo === "commit") await holder?.discard();
      }
    });

    it("one takes over a claim that an outage has stranded", async () => {
      const claim = { name: "h", ttlSeconds: 60, isHold: true };
      const stranded = begin();
      await stranded.prefetch({ claim });
      store.faults.always("refuse");
      await stranded.discard();
      store.faults.clear();
      const works = THIRTY.map(begin);
      await Promise.all(works.map((work) => work.prefetch({ claim })));
      expect(works.filter((work) => work.owns("h"))).toHaveLength(1);
    });

    it("what was taken by who failed can be taken again, once", async () => {
      await write((work) => work.create("once", "text", 60));
      for (let round = 0; round < 3; round++) {
        const works = THIRTY.map(begin);
        const taken = await Promise.all(works.map((work) => work.take("once", 60)));
        expect(taken.filter((text) => text === "text")).toHaveLength(1);
        await Promise.all(works.map((work) => work.discard()));
      }
    });
  });

  describe("what lies in Redis", () => {
    it("is hashed names and sealed values", async () => {
      const place = { collection: "connections:ada", entry: "grant" };
      await write((work) => {
        work.create("client:https://client.example/a", "a secret text", 60);
        work.advance(place, "a secret text", { ttlSeconds: 60 });
        work.end({ collection: "grant:ada", entry: "" });
      });
      await begin().take("client:https://client.example/a", 60);
      const dump = await store.dump();
      expect(dump.filter((text) => /secret|client|ada|grant/.test(text))).toEqual([]);
      const sealed = /^(?:[\w-]{22}\.1\.[\w-]{12}=)?v1\.[\w-]{8}\.[\w-]+$/;
      const hashed =
        /^t:(?:names:[\w-]{8}|[\w-]{43})$|^[\w-]{22}\.1$|^g\.end(?:\.\d+=)?$|^[\w-]{16}$/;
      expect(dump.filter((text) => !sealed.test(text) && !hashed.test(text))).toEqual([]);
    });

    it("that was sealed under a key of another version is no missing record: 503", async () => {
      await write((work) => work.create("a", "text", 60));
      const newer = secret();
      await openVault([newer, key]).keyOf("names get their copy");
      await expect(beginWork(openVault([newer])).get("a")).rejects.toMatchObject({
        reason: "store_key_unknown",
      });
    });

    it("is believed at its own place only", async () => {
      await write((work) => {
        work.create("mine", "1", 60);
        work.create("yours", "2", 60);
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
        const replies = await redis.transact([
          { do: "get", key: "t:plain" },
          { do: "getFields", key: "t:fields" },
          { do: "get", key: "t:none" },
          { do: "secondsLeft", key: "t:plain" },
        ]);
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

    it("are put back into a store that was emptied, by whoever comes first", async () => {
      const others = [openVault([key]), openVault([key])];
      const before = await vault.keyOf("a");
      for (const other of others) await other.keyOf("a");
      await store.flush();
      await Promise.all(others.map((other) => beginWork(other).get("a")));
      expect(events).toContain("store_emptied");
      expect(await openVault([key]).keyOf("a")).toBe(before);
    });

    it("are those of another store that took the place of ours", async () => {
      await write((work) => work.create("a", "of the old store", 60));
      await store.flush();
      const elsewhere = openVault([key]);
      const there = beginWork(elsewhere);
      there.create("a", "of the new store", 60);
      await there.commit();
      expect(await read("a")).toBe("of the new store");
      expect(events).toContain("store_replaced");
      expect(await vault.keyOf("a")).toBe(await elsewhere.keyOf("a"));
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
