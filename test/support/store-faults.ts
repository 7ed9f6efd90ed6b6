/**
 * Faults between a client and the store, as a network and a tired server make them: a REST API goes
 * in, the same one with programmable faults and a record of what was asked comes out.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "../../dev/upstash/engine.ts";
import {
  jsonAnswer,
  parseCommands,
  type RestAnswer,
  type RestApi,
  type RestRequest,
} from "../../dev/upstash/rest.ts";

/** What can go wrong; `FAULTS` below says of each whether the commands ran. */
export type FaultKind = keyof typeof FAULTS;

export interface FaultOptions {
  /** Only requests with this command, in any letter case. */
  readonly match?: string;
  /** How many matching requests meet the fault; `next` is 1 without it. */
  readonly times?: number;
  /** How many matching requests pass untouched before. */
  readonly skip?: number;
  /** How long "slow" waits before the command runs; 1000 without it. */
  readonly milliseconds?: number;
  /** Which command of the request fails with "element-error", from 0; the first without it. */
  readonly element?: number;
}

export interface Faults {
  /** How much later every request arrives. */
  latencyMs: number;
  /** The next matching request meets this fault, or the next `times`. */
  next(kind: FaultKind, options?: FaultOptions): void;
  /** Every matching request meets this fault until `clear`. */
  always(kind: FaultKind, options?: FaultOptions): void;
  /** No faults and no latency from here on; requests that hang are cut. */
  clear(): void;
}

/** One HTTP request as it arrived, and the names of its commands in capitals. */
export interface WireRequest {
  readonly path: string;
  readonly commands: readonly string[];
}

export interface Wire {
  /** What has arrived since the last `take`, faults included. */
  take(): WireRequest[];
}

/** Puts faults in front of a REST API. */
export function withFaults(api: RestApi): { api: RestApi; faults: Faults; wire: Wire } {
  let seen: WireRequest[] = [];
  const plan = createPlan();
  const faultyApi: RestApi = async (request) => {
    const names = (parseCommands(request) ?? []).map(([name]) => name.toUpperCase());
    seen.push({ path: request.path, commands: names });
    const planned = plan.take(names);
    if (plan.faults.latencyMs > 0) await delay(plan.faults.latencyMs);
    if (planned === undefined) return api(request);
    return FAULTS[planned.kind]({
      request,
      api,
      options: planned.options,
      release: plan.release(),
    });
  };
  const take = () => {
    const taken = seen;
    seen = [];
    return taken;
  };
  return { api: faultyApi, faults: plan.faults, wire: { take } };
}

interface Planned {
  readonly kind: FaultKind;
  readonly options: FaultOptions;
  skip: number;
  times: number;
}

interface Plan {
  readonly faults: Faults;
  /** The fault that a request with these commands meets, which is then used up. */
  take(names: readonly string[]): Planned | undefined;
  /** Settles at the next `clear`. */
  release(): Promise<void>;
}

function createPlan(): Plan {
  let planned: Planned[] = [];
  let released = Promise.withResolvers<void>();
  const add = (kind: FaultKind, options: FaultOptions, times: number) =>
    void planned.push({ kind, options, skip: options.skip ?? 0, times: options.times ?? times });
  const faults: Faults = {
    latencyMs: 0,
    next: (kind, options = {}) => add(kind, options, 1),
    always: (kind, options = {}) => add(kind, options, Infinity),
    clear() {
      planned = [];
      faults.latencyMs = 0;
      released.resolve();
      released = Promise.withResolvers<void>();
    },
  };
  return {
    faults,
    take: (names) => planned.find((fault) => isDue(fault, names)),
    release: () => released.promise,
  };
}

/** Counts the request against the fault when it matches. */
function isDue(fault: Planned, names: readonly string[]): boolean {
  const { match, element = 0 } = fault.options;
  if (match !== undefined && !names.includes(match.toUpperCase())) return false;
  if (fault.kind === "element-error" && element >= names.length) return false;
  if (fault.skip > 0) {
    fault.skip -= 1;
    return false;
  }
  if (fault.times === 0) return false;
  fault.times -= 1;
  return true;
}

interface Meeting {
  readonly request: RestRequest;
  readonly api: RestApi;
  readonly options: FaultOptions;
  /** Settles when the test clears the faults. */
  readonly release: Promise<void>;
}

type Fault = (meeting: Meeting) => ReturnType<RestApi>;

const FAULTS = {
  /** The connection is cut before anything ran. */
  refuse: async () => undefined,
  /** No answer until the faults are cleared; nothing ever runs. */
  hang: async ({ release }) => void (await release),
  /** The request arrives late, and runs even if nobody waits any more. */
  slow: async ({ request, api, options }) => {
    await delay(options.milliseconds ?? 1000);
    return api(request);
  },
  /** It ran, and the connection is cut before the answer. */
  lost: async ({ request, api }) => void (await api(request)),
  /** It ran, and half of the answer arrives. */
  truncated: async ({ request, api }) => halfOf(await api(request)),
  /** One command of several fails by itself, the others run. */
  "element-error": ({ request, api, options }) => api(withFailure(request, options.element ?? 0)),
  "429": async () => jsonAnswer(429, { error: "ERR rate limit exceeded" }, { "retry-after": "7" }),
  "500": async () => jsonAnswer(500, { error: "ERR internal error" }),
  unauthorized: async () => jsonAnswer(401, { error: "WRONGPASS invalid or missing auth token" }),
  quota: async () => jsonAnswer(400, { error: "ERR max requests limit exceeded. Limit: 500000" }),
  garbage: async () => ({
    status: 200,
    headers: { "content-type": "text/html" },
    body: "<!doctype html><title>Bad gateway</title>",
  }),
  "wrong-shape": async () => jsonAnswer(200, { result: {} }),
  "error-200": async () => jsonAnswer(200, { error: "ERR something went wrong" }),
} as const satisfies Record<string, Fault>;

function halfOf(answer: RestAnswer | undefined): RestAnswer | undefined {
  return answer && { ...answer, body: answer.body.slice(0, answer.body.length / 2) };
}

/** A real failure, so that Redis itself decides what becomes of the commands around it. */
function withFailure(request: RestRequest, element: number): RestRequest {
  const failing: Command = ["EXPIRE", "no-such-key", "not-a-number"];
  const commands: readonly Command[] = parseCommands(request) ?? [];
  const body = request.path === "/" ? failing : commands.with(element, failing);
  return { ...request, body: JSON.stringify(body) };
}
