/**
 * What an isolate may cost, measured by the bench's own means: fresh processes, ours and the plain
 * SDK's, in turns. The limits are far enough from what is measured that a busy machine stays below
 * them; `npm run bench` has the figures themselves.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { createBundler } from "../../bench/bundle.ts";
import { type ColdMeasured, measureCold } from "../../bench/cold.ts";
import { type Ground, startGround } from "../../bench/ground.ts";
import { measureHeapGrowth } from "../../bench/heap.ts";
import { spreadOf } from "../../bench/spread.ts";
import { type Bundler, describeVariant, signInAt } from "../../bench/variants.ts";
import { startWorkerd } from "../../bench/workerd.ts";

/** × the first call of the plain SDK in the same run. */
const MOST_FIRST_CALL = 0.6;
const MOST_FIRST_GET = 0.4;
const HEAP_CALLS = 3000;
const MOST_HEAP_GROWTH_MB = 1;
const SAMPLES = 5;
const LONG_MS = 300_000;

const isLinux = process.platform === "linux";
if (!isLinux) console.warn("CPU time is read from /proc: the budgets are not tested here");

let bundler: Bundler;
let ground: Ground;
let token: string;

beforeAll(async () => {
  if (!isLinux) return;
  [bundler, ground] = [await createBundler(), await startGround()];
  const worker = await startWorkerd(await describeVariant("ours-10", bundler, ground));
  token = (await signInAt(worker)).access_token;
  await worker.stop();
}, LONG_MS);

afterAll(async () => {
  await ground?.stop();
  await bundler?.remove();
});

it.runIf(isLinux)(
  "the first request of an isolate costs less than that of the plain SDK",
  async () => {
    const wanted = /^(?:SDK 2\.x call|ours call|ours GET \/health)$/;
    const measured = await measureCold({ token, bundler, ground }, SAMPLES, wanted);
    const first = (name: string) => firstMs(measured, name);
    expect(first("ours call") / first("SDK 2.x call")).toBeLessThan(MOST_FIRST_CALL);
    expect(first("ours GET /health") / first("SDK 2.x call")).toBeLessThan(MOST_FIRST_GET);
    // None as long as the token is younger than the bound of staleness, which a slow machine may pass.
    const call = measured.find(({ name }) => name === "ours call");
    expect(spreadOf(call?.storeTrips ?? []).most).toBeLessThanOrEqual(1);
    expect(spreadOf(call?.storeCommands ?? []).most).toBeLessThanOrEqual(2);
  },
  LONG_MS,
);

it.runIf(isLinux)(
  "calls leave nothing behind in the heap",
  async () => {
    const grownMb = await measureHeapGrowth(token, { bundler, ground }, HEAP_CALLS);
    expect(grownMb).toBeLessThan(MOST_HEAP_GROWTH_MB);
  },
  LONG_MS,
);

function firstMs(measured: readonly ColdMeasured[], name: string): number {
  const samples = measured.find((one) => one.name === name)?.requestsMs ?? [];
  return spreadOf(samples.map(([ms = Number.NaN]) => ms)).median;
}
