/**
 * The figures that are claimed: measurements go in, one number for each name comes out, with how
 * far the rounds lay apart and the goal. A ratio is ours divided by the other's, round by round.
 */
import type { ColdMeasured } from "./cold.ts";
import { ratioOf, type Spread, spreadOf } from "./spread.ts";
import type { Measured } from "./warm.ts";

export interface Measurements {
  readonly warm: readonly Measured[];
  readonly cold: readonly ColdMeasured[];
  readonly storeCommandsWarm: number;
  readonly storeCommandsForged: number;
  readonly bundleGzipKib: number;
  readonly heapGrowthMb: number;
}

export interface Figure {
  readonly key: string;
  readonly text: string;
  readonly spread: Spread;
  readonly goal: number;
  /** Whether more is better. */
  readonly atLeast?: boolean;
}

/** Every figure, in the order in which it is told. */
export function listFigures(measurements: Measurements): Figure[] {
  const cpu = (name: string) => find(measurements.warm, name).cpuUs;
  const rate = (name: string) => find(measurements.warm, name).perSecond;
  const first = (name: string) =>
    find(measurements.cold, name).requestsMs.map(([ms = Number.NaN]) => ms);
  const exactly = (number: number) => spreadOf([number]);
  const [call, plain] = ["ours call", "SDK 2.x call"];
  const trip = cpu("ours call, store asked").map((us, at) => us - (cpu(call)[at] ?? Number.NaN));
  return [
    {
      key: "call_cpu_vs_plain_sdk",
      text: "`tools/call` with a token, CPU × plain SDK 2.x without",
      spread: ratioOf(cpu(call), cpu(plain)),
      goal: 0.35,
    },
    {
      key: "call_legacy_cpu_vs_plain_sdk",
      text: "the same in 2025-11-25",
      spread: ratioOf(cpu("ours call, 2025-11-25"), cpu("SDK 2.x call, 2025-11-25")),
      goal: 0.35,
    },
    {
      key: "call_throughput_vs_plain_sdk",
      text: "`tools/call`, throughput × plain SDK 2.x",
      spread: ratioOf(rate(call), rate(plain)),
      goal: 2.5,
      atLeast: true,
    },
    {
      key: "list50_cpu_vs_plain_sdk",
      text: "`tools/list` of 50 tools, CPU × plain SDK 2.x",
      spread: ratioOf(cpu("ours list, 50 tools"), cpu("SDK 2.x list, 50 tools")),
      goal: 0.07,
    },
    {
      key: "call_throughput_vs_provider_kv",
      text: "`tools/call`, throughput × provider library + KV + SDK 2.x",
      spread: ratioOf(rate(call), rate("library + KV call")),
      goal: 2.5,
      atLeast: true,
    },
    {
      key: "forged_cpu_vs_bare",
      text: "forged token, CPU × a bare handler",
      spread: ratioOf(cpu("ours forged token"), cpu("bare POST")),
      goal: 2,
    },
    {
      key: "missing_cpu_vs_bare",
      text: "no token, CPU × a bare handler",
      spread: ratioOf(cpu("ours no token"), cpu("bare POST")),
      goal: 1.6,
    },
    {
      key: "landing_cpu_vs_bare",
      text: "landing page, CPU × a bare handler",
      spread: ratioOf(cpu("ours landing page"), cpu("bare GET")),
      goal: 1.5,
    },
    {
      key: "metadata_cpu_vs_bare",
      text: "authorization server metadata, CPU × a bare handler",
      spread: ratioOf(cpu("ours server metadata"), cpu("bare GET")),
      goal: 1.5,
    },
    {
      key: "store_commands_warm",
      text: "store commands of a warm call",
      spread: exactly(measurements.storeCommandsWarm),
      goal: 0,
    },
    {
      key: "store_commands_cold",
      text: "store commands of the first call in an isolate, in one trip",
      spread: spreadOf(find(measurements.cold, call).storeCommands),
      goal: 2,
    },
    {
      key: "store_commands_forged",
      text: "store commands of a forged token",
      spread: exactly(measurements.storeCommandsForged),
      goal: 0,
    },
    {
      key: "first_call_cpu_ms",
      text: "first request of an isolate, a call, ms CPU",
      spread: spreadOf(first(call)),
      goal: 6,
    },
    {
      key: "first_call_cpu_vs_plain_sdk",
      text: "the same × plain SDK 2.x",
      spread: ratioOf(first(call), first(plain)),
      goal: 0.6,
    },
    {
      key: "first_get_cpu_ms",
      text: "first request of an isolate, `GET /health`, ms CPU",
      spread: spreadOf(first("ours GET /health")),
      goal: 3,
    },
    {
      key: "store_trip_cpu_us",
      text: "one question to the store, µs CPU",
      spread: spreadOf(trip),
      goal: 300,
    },
    {
      key: "bundle_gzip_kib",
      text: "bundle, KiB compressed",
      spread: exactly(measurements.bundleGzipKib),
      goal: 215,
    },
    {
      key: "heap_growth_mb_100k_calls",
      text: "growth of the heap in 100,000 calls, MB",
      spread: exactly(measurements.heapGrowthMb),
      goal: 1,
    },
  ];
}

/** Whether a figure is what it should be. */
export function holds({ spread: { median }, goal, atLeast = false }: Figure): boolean {
  return atLeast ? median >= goal : median <= goal;
}

function find<Named extends { readonly name: string }>(all: readonly Named[], name: string): Named {
  const found = all.find((one) => one.name === name);
  if (found === undefined) throw new Error(`nothing was measured under “${name}”`);
  return found;
}
