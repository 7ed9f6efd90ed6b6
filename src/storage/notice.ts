/**
 * What an operator tells every Worker that runs: one sealed text in the feed of ended grants, behind
 * everything else there, so that whoever reads the feed hears it. A store goes in; the same store
 * comes out, which listens beside whatever it is asked anyhow. Nobody waits for that.
 */
import { createSingleFlight } from "../flight.ts";
import type { Command, Reply } from "./command.ts";
import type { Redis } from "./redis.ts";

/** Later than any time: a notice stands at this score and its generation. */
export const NOTICE_SCORE = 10_000_000_000;

/** The feed's last part of a key. */
export const FEED = "ended";

/** What was heard longer ago is listened for with the next question to the store. */
export const LISTEN_SECONDS = 25;

/** What was heard, and when (epoch seconds). */
interface Heard {
  readonly at: number | undefined;
  /** Sealed; undefined when there is no notice. */
  readonly text: string | undefined;
}

export interface Notice {
  /** The store, listening. */
  readonly redis: Redis;
  heard(): Heard;
  /** When the store last gave no answer; epoch seconds. */
  failedAt(): number;
  /** Asks for nothing else. Refuses with a `store_…` reason. */
  listen(): Promise<void>;
}

/** Whether a member of the feed is a notice: names there have no dot. */
export function isNotice(member: string): boolean {
  return member.includes(".");
}

/** Listens at the feed under this key. */
export function listenBeside(
  redis: Redis,
  { key, now }: { readonly key: string; readonly now: () => number },
): Notice {
  let heard: Heard = { at: undefined, text: undefined };
  let askedAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;
  const newest: Command = { do: "readNewestNote", key };
  const isDue = (at: number): boolean => askedAt > at || at - askedAt >= LISTEN_SECONDS;
  const transact: Redis["transact"] = async (commands, options) => {
    const at = now();
    const index = commands.findIndex(
      (command) => command.do === "readNotes" && command.key === key,
    );
    if (index < 0 && !isDue(at)) return redis.transact(commands, options);
    askedAt = at;
    try {
      const replies = await redis.transact(index < 0 ? [...commands, newest] : commands, options);
      const members = listOf(replies.at(index));
      // A page of the feed that is full has others behind it.
      if (isFull(commands[index], members)) askedAt = Number.NEGATIVE_INFINITY;
      else heard = { at, text: [members.at(index < 0 ? 0 : -1)].find(isText) };
      return index < 0 ? replies.slice(0, -1) : replies;
    } catch (error) {
      askedAt = Number.NEGATIVE_INFINITY;
      failedAt = at;
      throw error;
    }
  };
  const listen = createSingleFlight(async () => {
    askedAt = Number.NEGATIVE_INFINITY;
    await transact([]);
  });
  return { redis: { transact }, heard: () => heard, failedAt: () => failedAt, listen };
}

function isText(member: string | undefined): member is string {
  return member !== undefined && isNotice(member);
}

function isFull(command: Command | undefined, members: readonly string[]): boolean {
  return command?.do === "readNotes" && members.length >= command.most;
}

function listOf(reply: Reply | undefined): readonly string[] {
  return typeof reply === "object" && reply !== null ? reply : [];
}
