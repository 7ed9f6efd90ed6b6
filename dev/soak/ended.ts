/**
 * Sessions that somebody ended: watched, because none of them may live again anywhere. Lives go in;
 * what is found goes to the tally.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { TestWorker } from "../../test/support/house.ts";
import type { Life } from "../../test/support/lives.ts";
import { clientAt, statusOfCall } from "../../test/support/sessions.ts";
import { insist } from "./patience.ts";
import { choose } from "./random.ts";
import type { Soak } from "./soak.ts";

export interface Ended {
  add(life: Life, how: string): void;
  /** Looks at each once every isolate has had the time to hear of it; until the soak is over. */
  watch(soak: Soak): Promise<void>;
  /** Looks at the latest of them once more. */
  judgeAll(soak: Soak): Promise<void>;
}

interface EndedLife {
  readonly life: Life;
  readonly how: string;
  readonly atMs: number;
}

/** An isolate that could not ask the store serves what it knew, and asks again after this time. */
const PAUSE_SECONDS = 6;
const MOST_ASKED = 4;
const MOST_JUDGED = 200;

/** `checkSeconds`: how soon isolates hear of an end when nothing fails. */
export function createEnded(checkSeconds: number): Ended {
  const waiting: EndedLife[] = [];
  const judged: EndedLife[] = [];
  const dueMs = (checkSeconds + PAUSE_SECONDS) * 1000;
  return {
    add: (life, how) => void waiting.push({ life, how, atMs: performance.now() }),
    async watch(soak) {
      while (!soak.isOver()) {
        const [next] = waiting;
        if (next === undefined || performance.now() - next.atMs < dueMs) await wait(200);
        else judged.push(...(await judge(soak, waiting.splice(0, 1))));
      }
    },
    async judgeAll(soak) {
      const last = waiting.at(-1);
      if (last !== undefined) await wait(Math.max(0, last.atMs + dueMs - performance.now()));
      await judge(soak, [...judged, ...waiting].slice(-MOST_JUDGED));
    },
  };
}

async function judge(soak: Soak, lives: readonly EndedLife[]): Promise<readonly EndedLife[]> {
  for (const { life, how } of lives) {
    const found = [];
    for (const isolate of soak.isolates) found.push(await callOf(life, isolate));
    const isolate = choose(soak.random, soak.isolates);
    const { refresh_token } = life.tokens;
    const { answer } = await insist(() => clientAt(life.client, isolate).refresh(refresh_token));
    soak.tally.count("ended sessions looked at");
    if (found.includes(200) || answer?.status !== 400)
      soak.tally.tell(
        "ended sessions that live",
        `${life.person}, ${how}: calls ${found.join(", ")}, refresh ${answer?.status}`,
      );
  }
  return lives;
}

/** The status of a call, once the isolate could ask the store. */
async function callOf(life: Life, isolate: TestWorker, asked = 1): Promise<number> {
  const status = await statusOfCall(isolate, life.tokens.access_token).catch(() => 0);
  if (status === 401 || asked === MOST_ASKED) return status;
  await wait(PAUSE_SECONDS * 1000);
  return callOf(life, isolate, asked + 1);
}
