/**
 * Sequences of everything that two people do with their sessions, over two isolates and a real
 * Redis of which single requests fail, come late or twice. What has ended never lives again; what
 * works once works once; what nobody ended lives; what was not said to have happened can be tried
 * again. `MODEL_SEED`, `MODEL_PATH` and `MODEL_SECONDS` play a failure again, or for longer; without
 * them no machine plays further than any other.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type House, randomKey, startHouse, type TestWorker } from "../support/house.ts";
import { type EndName, playSteps, SESSIONS, type Step } from "../support/model.ts";
import { availableEngines } from "../support/store.ts";
import type { FaultKind } from "../support/store-faults.ts";

const SECONDS = Number(process.env["MODEL_SECONDS"] ?? 40);
/** As far as a slow machine has played this seed. */
const RUNS = process.env["MODEL_SECONDS"] === undefined ? 75 : 10_000;
const SEED = Number(process.env["MODEL_SEED"] ?? 20261126);

let house: House;
let other: TestWorker;
let runs = 0;

beforeAll(async () => {
  const keys = [randomKey(), randomKey()];
  house = await startHouse({
    engine: availableEngines().at(-1) ?? "memory",
    crowd: 4000,
    variables: { STORAGE_ENCRYPTION_KEY: keys.join(",") },
  });
  other = await house.startAnother({ STORAGE_ENCRYPTION_KEY: keys.toReversed().join(",") });
});
afterAll(() => house.stop());

const KINDS: readonly FaultKind[] = [
  "stray",
  "echo",
  "twice",
  "lost",
  "truncated",
  "refuse",
  "500",
  "429",
  "element-error",
];
const ENDS: readonly EndName[] = ["accessToken", "refreshToken", "cut", "logout"];

const session = fc.nat(SESSIONS.length - 1);
const at = fc.nat(1);
const leg = fc.nat(3);
const how = fc.constantFrom(...ENDS);
const fault = fc.option(fc.record({ kind: fc.constantFrom(...KINDS), skip: fc.nat(2) }), {
  nil: undefined,
  freq: 3,
});

function record<Do extends Step["do"]>(name: Do, rest: object = {}) {
  return fc.record({ do: fc.constant(name), ...rest }) as unknown as fc.Arbitrary<Step>;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: record("sign in", { session, at, leg, fault }) },
  { weight: 6, arbitrary: record("go", { session, at, fault }) },
  { weight: 3, arbitrary: record("call", { session, at }) },
  { weight: 3, arbitrary: record("repeat", { session, at, fault }) },
  { weight: 2, arbitrary: record("refresh twice", { session, fault }) },
  { weight: 1, arbitrary: record("visit", { session, at, leg: fc.nat(1), fault }) },
  { weight: 2, arbitrary: record("end", { session, at, how, fault }) },
  { weight: 1, arbitrary: record("end in a refresh", { session, how }) },
  { weight: 1, arbitrary: record("half a minute") },
  { weight: 1, arbitrary: record("an hour") },
  { weight: 4, arbitrary: record("arrival") },
);

/** At most one rotation of keys in a sequence, since each walks the whole store. */
const steps = fc
  .tuple(
    fc.array(step, { minLength: 6, maxLength: 24 }),
    fc.option(fc.array(step, { maxLength: 6 }), { nil: undefined, freq: 8 }),
  )
  .map(([before, after]): readonly Step[] =>
    after === undefined ? before : [...before, { do: "rotate keys" }, ...after],
  );

it(
  `keeps what it promises, for ${SECONDS} seconds of sequences`,
  { timeout: 300_000 },
  async () => {
    const played = await fc.check(
      fc.asyncProperty(steps, async (sequence) => {
        runs += 1;
        await playSteps(house, other, {
          people: [`p${(runs * 2) % 4000}`, `p${(runs * 2 + 1) % 4000}`],
          steps: sequence,
        });
      }),
      {
        seed: SEED,
        ...(process.env["MODEL_PATH"] === undefined ? {} : { path: process.env["MODEL_PATH"] }),
        numRuns: RUNS,
        interruptAfterTimeLimit: SECONDS * 1000,
        markInterruptAsFailure: false,
      },
    );
    expect(played.failed, describe(played)).toBe(false);
    expect(played.numRuns).toBeGreaterThan(0);
  },
);

function describe(played: fc.RunDetails<[readonly Step[]]>): string {
  if (!played.failed) return "";
  const { counterexample, counterexamplePath, errorInstance, seed, numShrinks } = played;
  const sequence = (counterexample?.[0] ?? []).map((one) => JSON.stringify(one)).join("\n");
  return `${String(errorInstance)}\nMODEL_SEED=${seed} MODEL_PATH=${counterexamplePath} (shrunk ${numShrinks} times)\n${sequence}`;
}
