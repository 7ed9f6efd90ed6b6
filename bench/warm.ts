/**
 * Requests to isolates that have run for a while. Each case gets a moment of load in every round,
 * in turns, so that whatever else the machine does meets all of them alike.
 */
import { callRequest, forge, getRequest, listRequest } from "./requests.ts";
import { type HttpRequest, sendLoad } from "./load.ts";
import type { Running, VariantName } from "./variants.ts";

interface Case {
  readonly name: string;
  readonly variant: VariantName;
  readonly request: HttpRequest;
  readonly status?: number;
}

/** What was measured of a case; one number for each round, in the same order for every case. */
export interface Measured {
  readonly name: string;
  readonly cpuUs: number[];
  readonly perSecond: number[];
}

const MODERN = "2026-07-28";
const LEGACY = "2025-11-25";
const CONNECTIONS = 4;

/** The cases; `name` is how the report and the figures call them. */
function listCases({ tokens, providerToken }: Running): Case[] {
  const token = tokens.access_token;
  return [
    { name: "bare POST", variant: "bare", request: callRequest(MODERN) },
    { name: "bare GET", variant: "bare", request: getRequest("/") },
    { name: "SDK 2.x call", variant: "sdk2-10", request: callRequest(MODERN) },
    { name: "SDK 2.x call, 2025-11-25", variant: "sdk2-10", request: callRequest(LEGACY) },
    { name: "SDK 2.x call, 50 tools", variant: "sdk2-50", request: callRequest(MODERN) },
    { name: "SDK 1.x call, 2025-11-25", variant: "sdk1-10", request: callRequest(LEGACY) },
    {
      name: "library + KV call",
      variant: "provider-10",
      request: callRequest(MODERN, providerToken),
    },
    { name: "ours call", variant: "ours-10", request: callRequest(MODERN, token) },
    { name: "ours call, 2025-11-25", variant: "ours-10", request: callRequest(LEGACY, token) },
    { name: "ours call, 50 tools", variant: "ours-50", request: callRequest(MODERN, token) },
    {
      name: "ours call, store asked",
      variant: "ours-10-checking",
      request: callRequest(MODERN, token),
    },
    { name: "SDK 2.x list, 3 tools", variant: "sdk2-3", request: listRequest(MODERN) },
    { name: "SDK 2.x list, 10 tools", variant: "sdk2-10", request: listRequest(MODERN) },
    { name: "SDK 2.x list, 50 tools", variant: "sdk2-50", request: listRequest(MODERN) },
    { name: "ours list, 3 tools", variant: "ours-3", request: listRequest(MODERN, token) },
    { name: "ours list, 10 tools", variant: "ours-10", request: listRequest(MODERN, token) },
    { name: "ours list, 50 tools", variant: "ours-50", request: listRequest(MODERN, token) },
    {
      name: "ours forged token",
      variant: "ours-10",
      request: callRequest(MODERN, forge(token)),
      status: 401,
    },
    {
      name: "ours garbage token",
      variant: "ours-10",
      request: callRequest(MODERN, "garbage"),
      status: 401,
    },
    { name: "ours no token", variant: "ours-10", request: callRequest(MODERN), status: 401 },
    { name: "ours landing page", variant: "ours-10", request: getRequest("/") },
    {
      name: "ours server metadata",
      variant: "ours-10",
      request: getRequest("/.well-known/oauth-authorization-server"),
    },
    {
      name: "ours resource metadata",
      variant: "ours-10",
      request: getRequest("/.well-known/oauth-protected-resource/mcp"),
    },
    { name: "ours health", variant: "ours-10", request: getRequest("/health") },
  ];
}

interface Extent {
  readonly rounds: number;
  readonly milliseconds: number;
  /** The names of the cases, if not all of them. */
  readonly only?: RegExp;
}

/** Measures every case so many times; each turn lasts `milliseconds`. */
export async function measureWarm(
  running: Running,
  { rounds, milliseconds, only = /./ }: Extent,
): Promise<Measured[]> {
  const cases = listCases(running).filter(({ name }) => only.test(name));
  for (const one of cases) await turn(running, one, 2 * milliseconds);
  const measured = cases.map(({ name }): Measured => ({ name, cpuUs: [], perSecond: [] }));
  for (let round = 0; round < rounds; round++) {
    const order = [...cases.keys()];
    for (const at of round % 2 === 0 ? order : order.toReversed()) {
      const [one, kept] = [cases[at], measured[at]];
      if (one === undefined || kept === undefined) continue;
      const { cpuUs, perSecond } = await turn(running, one, milliseconds);
      kept.cpuUs.push(cpuUs);
      kept.perSecond.push(perSecond);
    }
  }
  return measured;
}

async function turn(
  { workers }: Running,
  { variant, request, status = 200 }: Case,
  milliseconds: number,
): Promise<{ cpuUs: number; perSecond: number }> {
  const worker = workers[variant];
  const before = worker.cpuMs();
  const { requests, seconds } = await sendLoad({
    port: worker.port,
    request,
    status,
    connections: CONNECTIONS,
    milliseconds,
  });
  const cpuUs = ((worker.cpuMs() - before) * 1000) / requests;
  return { cpuUs, perSecond: requests / seconds };
}
