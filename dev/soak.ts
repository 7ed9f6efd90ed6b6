/**
 * `npm run soak`: people at several isolates over one real Redis, with faults of the store and of
 * Auth0, single late requests among them. It starts everything itself, on loopback only; counts by
 * kind come out, and exit code 1 when something happened that never may.
 */
import { setTimeout as wait } from "node:timers/promises";
import { startHouse } from "../test/support/house.ts";
import { hasRedisServer } from "../test/support/redis.ts";
import { readArguments, type Wish } from "./soak/arguments.ts";
import { disturb } from "./soak/disturbances.ts";
import { createEnded } from "./soak/ended.ts";
import { livePerson, settle } from "./soak/person.ts";
import { createRandom } from "./soak/random.ts";
import type { Soak } from "./soak/soak.ts";
import { createTally } from "./soak/tally.ts";

/** All people together send about so many requests a second, however many they are. */
const REQUESTS_PER_SECOND = 40;

/** In a short soak, too, everybody has several sessions; in a long one a session is used for long. */
const SESSIONS_PER_PERSON = 4;
const MOST_STEPS = 40;

const wish = readArguments();
if (!hasRedisServer()) {
  console.error("redis-server is not installed: the soak needs a real one.");
  process.exit(1);
}
process.exit((await run(wish)) === 0 ? 0 : 1);

/** How often happened what never may. */
async function run({ minutes, people, isolates: most, faultShare, seed }: Wish): Promise<number> {
  const tally = createTally();
  // A short soak must also see that other isolates hear of what ended.
  const checkSeconds = Math.round(Math.min(30, minutes * 6));
  const house = await startHouse({
    engine: "redis",
    crowd: people,
    variables: {
      ACCESS_TOKEN_TTL_SECONDS: "120",
      REVOCATION_CHECK_SECONDS: String(checkSeconds),
    },
  });
  const others = await Promise.all(Array.from({ length: most - 1 }, () => house.startAnother()));
  const random = createRandom(seed);
  const durationMs = minutes * 60_000;
  const pauseMs = (people / REQUESTS_PER_SECOND) * 1000;
  const endsAtMs = performance.now() + durationMs;
  const soak: Soak = {
    house,
    isolates: [house, ...others],
    tally,
    random,
    ended: createEnded(checkSeconds),
    pauseMs,
    steps: Math.min(MOST_STEPS, durationMs / pauseMs / SESSIONS_PER_PERSON),
    isOver: () => performance.now() >= endsAtMs,
  };
  console.log(
    `${minutes} min, ${people} people, ${most} isolates, ${faultShare * 100} % of store requests meet a fault, seed ${seed}`,
  );
  const calm = disturb(soak, faultShare);
  const crowd = Array.from({ length: people }, (_, index) => livePerson(soak, `p${index + 1}`));
  const checking = soak.ended.watch(soak);
  const living = await Promise.all(crowd);
  await checking;
  await calm();
  await wait(1000);
  await Promise.all(living.flatMap((life) => (life === undefined ? [] : [settle(soak, life)])));
  await soak.ended.judgeAll(soak);
  console.log(tally.render(soak.isolates.flatMap(({ log }) => log)));
  await house.stop();
  return tally.forbidden();
}
