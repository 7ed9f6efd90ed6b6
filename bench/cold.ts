/**
 * The first requests of a fresh isolate: a new process for every sample, which has answered nothing
 * before. CPU time of the whole process, until it is quiet again.
 */
import type { Ground } from "./ground.ts";
import { type HttpRequest, sendLoad } from "./load.ts";
import { callRequest, getRequest, mcpRequest } from "./requests.ts";
import { type Bundler, describeVariant, type VariantName } from "./variants.ts";
import { startWorkerd } from "./workerd.ts";

interface ColdCase {
  readonly name: string;
  readonly variant: VariantName;
  readonly request: HttpRequest;
  readonly status?: number;
}

export interface ColdMeasured {
  readonly name: string;
  readonly startMs: number[];
  /** The first, the second and the third request, in milliseconds of CPU; a list for each sample. */
  readonly requestsMs: number[][];
  readonly residentMb: number[];
  /** What the store got for the first request, of each sample. */
  readonly storeCommands: number[];
  readonly storeTrips: number[];
}

const MODERN = "2026-07-28";
const LEGACY = "2025-11-25";

/** Refused after one question to the store. */
const UNKNOWN_CLIENT = getRequest(
  `/authorize?response_type=code&client_id=unknown&redirect_uri=https%3A%2F%2Fexample.com%2F&code_challenge=${"c".repeat(43)}&code_challenge_method=S256`,
);

function listCases(token: string): ColdCase[] {
  const list = { method: "tools/list", params: {} };
  return [
    { name: "bare GET", variant: "bare", request: getRequest("/") },
    { name: "SDK 2.x call", variant: "sdk2-10", request: callRequest(MODERN) },
    { name: "SDK 1.x call", variant: "sdk1-10", request: callRequest(LEGACY) },
    { name: "ours GET /health", variant: "ours-10", request: getRequest("/health") },
    { name: "ours GET /", variant: "ours-10", request: getRequest("/") },
    { name: "ours call", variant: "ours-10", request: callRequest(MODERN, token) },
    { name: "ours call, 2025-11-25", variant: "ours-10", request: callRequest(LEGACY, token) },
    { name: "ours list", variant: "ours-10", request: mcpRequest(MODERN, list, token) },
    { name: "ours GET /authorize", variant: "ours-10", request: UNKNOWN_CLIENT, status: 400 },
    { name: "ours no token", variant: "ours-10", request: callRequest(MODERN), status: 401 },
  ];
}

/** Takes so many samples of each, in turns. */
export async function measureCold(
  { token, bundler, ground }: { token: string; bundler: Bundler; ground: Ground },
  samples: number,
  only = /./,
): Promise<ColdMeasured[]> {
  const cases = listCases(token).filter(({ name }) => only.test(name));
  const measured = cases.map(({ name }): ColdMeasured => ({
    name,
    startMs: [],
    requestsMs: [],
    residentMb: [],
    storeCommands: [],
    storeTrips: [],
  }));
  for (let sample = 0; sample < samples; sample++) {
    const order = [...cases.keys()];
    for (const at of sample % 2 === 0 ? order : order.toReversed()) {
      const [one, kept] = [cases[at], measured[at]];
      if (one !== undefined && kept !== undefined) await takeSample(one, kept, { bundler, ground });
    }
  }
  return measured;
}

async function takeSample(
  { variant, request, status = 200 }: ColdCase,
  kept: ColdMeasured,
  { bundler, ground }: { bundler: Bundler; ground: Ground },
): Promise<void> {
  const worker = await startWorkerd(await describeVariant(variant, bundler, ground));
  try {
    let before = await worker.settledCpuMs();
    kept.startMs.push(before);
    const requestsMs: number[] = [];
    ground.takeTraffic();
    for (let count = 0; count < 3; count++) {
      await sendLoad({ port: worker.port, request, status, connections: 1, requests: 1 });
      const after = await worker.settledCpuMs();
      requestsMs.push(after - before);
      before = after;
      const { commands, requests } = ground.takeTraffic();
      if (count > 0) continue;
      kept.storeCommands.push(commands);
      kept.storeTrips.push(requests);
    }
    kept.requestsMs.push(requestsMs);
    kept.residentMb.push(worker.residentMb());
  } finally {
    await worker.stop();
  }
}
