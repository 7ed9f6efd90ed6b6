/**
 * Faults between a client and the store, as a network and a tired server make them: a REST API goes
 * in, the same one with programmable faults and a record of what was asked comes out. A request can
 * be kept under way until the test delivers it, so that "late" is an order and not a time.
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

export interface Chance {
  /** From 0 to 1. */
  readonly share: number;
  readonly faults: readonly (FaultOptions & { readonly kind: FaultKind })[];
  /** From 0 to 1, as `Math.random`. */
  readonly random: () => number;
}

export interface Faults {
  /** How much later every request arrives. */
  latencyMs: number;
  /** The next matching request meets this fault, or the next `times`. */
  next(kind: FaultKind, options?: FaultOptions): void;
  /** Every matching request meets this fault until `clear`. */
  always(kind: FaultKind, options?: FaultOptions): void;
  /** From here on a request meets, in this share of cases, one of these faults by chance. */
  randomly(chance: Chance): void;
  /** The requests that are kept under way arrive now, in their order, and run; how many they were. */
  deliver(): Promise<number>;
  /** No new faults from here on. What is kept under way stays there. */
  stop(): void;
  /** No faults and no latency from here on; what hangs is cut, what is kept under way is lost. */
  clear(): void;
}

/** One HTTP request as it arrived, and the names of its commands in capitals. */
export interface WireRequest {
  readonly path: string;
  readonly commands: readonly string[];
  /** The fault that it met. */
  readonly fault?: FaultKind;
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
    const isHeld = plan.roads.isHeld(request);
    const planned = isHeld ? { kind: "held" as const, options: {} } : plan.take(names);
    const met = planned === undefined ? {} : { fault: planned.kind };
    seen.push({ path: request.path, commands: names, ...met });
    if (plan.faults.latencyMs > 0) await delay(plan.faults.latencyMs);
    const send = () => api(request);
    const answer =
      planned === undefined
        ? await send()
        : await FAULTS[planned.kind]({ ...planned, request, api, send, roads: plan.roads });
    plan.roads.notePassed();
    return answer;
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
  readonly roads: Roads;
  /** The fault that a request with these commands meets, which is then used up. */
  take(names: readonly string[]): Pick<Planned, "kind" | "options"> | undefined;
}

function createPlan(): Plan {
  let planned: Planned[] = [];
  let chance: Chance | undefined;
  const roads = createRoads();
  const add = (kind: FaultKind, options: FaultOptions, times: number) =>
    void planned.push({ kind, options, skip: options.skip ?? 0, times: options.times ?? times });
  const faults: Faults = {
    latencyMs: 0,
    next: (kind, options = {}) => add(kind, options, 1),
    always: (kind, options = {}) => add(kind, options, Infinity),
    randomly: (next) => void (chance = next),
    deliver: () => roads.deliver(),
    stop() {
      planned = [];
      chance = undefined;
    },
    clear() {
      faults.stop();
      faults.latencyMs = 0;
      roads.clear();
    },
  };
  const take = (names: readonly string[]) =>
    planned.find((fault) => isDue(fault, names)) ?? (chance && draw(chance));
  return { faults, roads, take };
}

/** One of the faults, or none: by chance. */
function draw({ share, faults, random }: Chance): Pick<Planned, "kind" | "options"> | undefined {
  if (random() >= share) return undefined;
  const options = faults[Math.floor(random() * faults.length)];
  return options && { kind: options.kind, options };
}

type Send = () => ReturnType<RestApi>;

/** Where requests are between the client and the store. */
interface Roads {
  /** Keeps a request under way until `deliver`; its answer, or nothing when it was lost. */
  keep(send: Send): ReturnType<RestApi>;
  /** The same, with every request that is sent again as it was. */
  hold(request: RestRequest, send: Send): ReturnType<RestApi>;
  isHeld(request: RestRequest): boolean;
  deliver(): Promise<number>;
  /** Settles when the next request has had its answer, or at `clear`. */
  nextPassed(): Promise<void>;
  notePassed(): void;
  /** Settles at `clear`. */
  cleared(): Promise<void>;
  clear(): void;
}

function createRoads(): Roads {
  let kept: (() => Promise<void>)[] = [];
  const held = new Set<string | undefined>();
  let clearing = Promise.withResolvers<void>();
  let passing = Promise.withResolvers<void>();
  const notePassed = () => {
    passing.resolve();
    passing = Promise.withResolvers<void>();
  };
  const keep: Roads["keep"] = (send) =>
    new Promise((resolve, reject) => {
      void clearing.promise.then(() => resolve(undefined));
      kept.push(() => send().then(resolve, reject));
    });
  return {
    keep,
    hold(request, send) {
      held.add(request.body);
      return keep(send);
    },
    isHeld: ({ body }) => held.has(body),
    async deliver() {
      const arriving = kept;
      kept = [];
      held.clear();
      for (const arrive of arriving) await arrive();
      return arriving.length;
    },
    nextPassed: () => passing.promise,
    notePassed,
    cleared: () => clearing.promise,
    clear() {
      kept = [];
      held.clear();
      clearing.resolve();
      clearing = Promise.withResolvers<void>();
      notePassed();
    },
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
  /** Sends the request as it came. */
  readonly send: Send;
  readonly options: FaultOptions;
  readonly roads: Roads;
}

type Fault = (meeting: Meeting) => ReturnType<RestApi>;

const FAULTS = {
  /** The connection is cut before anything ran. */
  refuse: async () => undefined,
  /** No answer until the faults are cleared; nothing ever runs. */
  hang: async ({ roads }) => void (await roads.cleared()),
  /** The request arrives late, and runs even if nobody waits any more. */
  slow: async ({ send, options }) => {
    await delay(options.milliseconds ?? 1000);
    return send();
  },
  /** No answer while the client waits; it runs at `deliver`, over whatever came between. */
  late: ({ send, roads }) => roads.keep(send),
  /** The same, however often the client sends it again. */
  held: ({ request, send, roads }) => roads.hold(request, send),
  /** Late with the connection cut, for a client that need not wait for its own time-out. */
  stray: async ({ send, roads }) => void roads.keep(send),
  /** It ran and is answered, and a second copy runs at `deliver`. */
  echo: async ({ send, roads }) => {
    void roads.keep(send);
    return send();
  },
  /** Two copies run, one right after the other; the answer is the second one's. */
  twice: async ({ send }) => {
    await send();
    return send();
  },
  /** The next request overtakes it: it runs when that one has had its answer. */
  overtaken: async ({ send, roads }) => {
    await roads.nextPassed();
    return send();
  },
  /** It ran, and the connection is cut before the answer. */
  lost: async ({ send }) => void (await send()),
  /** It ran, and half of the answer arrives. */
  truncated: async ({ send }) => halfOf(await send()),
  /** One command of several fails by itself, the others run. */
  "element-error": ({ request, api, options }) => api(withFailure(request, options.element ?? 0)),
  "429": async () => jsonAnswer(429, { error: "ERR rate limit exceeded" }, { "retry-after": "7" }),
  "500": async () => jsonAnswer(500, { error: "ERR internal error" }),
  unauthorized: async () => jsonAnswer(401, { error: "WRONGPASS invalid or missing auth token" }),
  quota: async () => jsonAnswer(400, { error: "ERR max requests limit exceeded. Limit: 500000" }),
  /** Every command fails by itself, as where there is no room for another byte. */
  full: async ({ request }) => errorOfEach(request, "ERR DB capacity quota exceeded. Limit: 256MB"),
  /** … or where the token may read only. */
  "read-only": async ({ request }) =>
    errorOfEach(request, "NOPERM this user has no permissions to run the 'set' command"),
  garbage: async () => ({
    status: 200,
    headers: { "content-type": "text/html" },
    body: "<!doctype html><title>Bad gateway</title>",
  }),
  "wrong-shape": async () => jsonAnswer(200, { result: {} }),
  "error-200": async () => jsonAnswer(200, { error: "ERR something went wrong" }),
} as const satisfies Record<string, Fault>;

function errorOfEach(request: RestRequest, error: string): RestAnswer {
  return jsonAnswer(
    200,
    (parseCommands(request) ?? []).map(() => ({ error })),
  );
}

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
