import { expect, it } from "vitest";
import type { Command, Reply } from "../../../src/storage/command.ts";
import { LISTEN_SECONDS, listenBeside } from "../../../src/storage/notice.ts";

const KEY = "mcp:ended";
const NOTICE = "v1.aaaaaaaa.text";
const ASK: Command = { do: "get", key: "mcp:record" };
const PAGE: Command = { do: "readNotes", key: KEY, from: 0, skip: 0, most: 2 };
const NEWEST: Command = { do: "readNewestNote", key: KEY };

/** A store that answers each kind of command with one reply, and says what it was asked. */
function listening(replies: Partial<Record<Command["do"], Reply>> = {}) {
  const asked: Command["do"][][] = [];
  const clock = { now: 1000, isDown: false };
  const redis = {
    async transact(commands: readonly Command[]) {
      asked.push(commands.map((command) => command.do));
      if (clock.isDown) throw new Error("down");
      return commands.map((command) => replies[command.do] ?? null);
    },
  };
  return { asked, clock, ...listenBeside(redis, { key: KEY, now: () => clock.now }) };
}

it("listens beside the first question, and again when what it heard is old", async () => {
  const { redis, asked, clock, heard } = listening({
    get: "text",
    readNewestNote: [NOTICE, "10000000001"],
  });
  expect(heard()).toEqual({ at: undefined, text: undefined });
  for (const now of [1000, 1000 + LISTEN_SECONDS - 1, 1000 + LISTEN_SECONDS, 900]) {
    clock.now = now;
    // Whoever asked sees nothing of it.
    expect(await redis.transact([ASK])).toEqual(["text"]);
  }
  expect(asked).toEqual([["get", NEWEST.do], ["get"], ["get", NEWEST.do], ["get", NEWEST.do]]);
  expect(heard()).toEqual({ at: 900, text: NOTICE });
});

it("asks nothing more of whoever reads the feed", async () => {
  const { redis, asked, heard } = listening({ get: "text", readNotes: [NOTICE] });
  expect(await redis.transact([PAGE, ASK])).toEqual([[NOTICE], "text"]);
  await redis.transact([ASK]);
  expect(asked).toEqual([["readNotes", "get"], ["get"]]);
  expect(heard().text).toBe(NOTICE);
});

it("takes the name of a grant for no notice, and a full page for half of the truth", async () => {
  const named = listening({ readNewestNote: ["a-grant~1000", "1000"] });
  await named.listen();
  expect(named.heard()).toEqual({ at: 1000, text: undefined });
  const full = listening({ readNotes: ["one", "two"], readNewestNote: [NOTICE, "10000000001"] });
  await full.redis.transact([PAGE]);
  expect(full.heard().at).toBeUndefined();
  await full.redis.transact([ASK]);
  expect(full.heard().text).toBe(NOTICE);
});

it("keeps what it heard while the store does not answer, and listens with the next question", async () => {
  const { redis, asked, clock, heard, failedAt } = listening({ readNewestNote: [NOTICE, "1"] });
  await redis.transact([ASK]);
  clock.now += LISTEN_SECONDS;
  clock.isDown = true;
  await expect(redis.transact([ASK])).rejects.toThrow("down");
  expect([heard().text, failedAt()]).toEqual([NOTICE, clock.now]);
  clock.isDown = false;
  await redis.transact([ASK]);
  expect(asked.at(-1)).toEqual(["get", "readNewestNote"]);
  expect(heard().at).toBe(clock.now);
});
