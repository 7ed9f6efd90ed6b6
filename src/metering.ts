/**
 * What a request has sent, wherever in the house: the store goes in, the same one that counts comes
 * out, and a `fetch` goes in, the same one that continues the request's trace comes out. And what
 * failed in it while nobody waited: an error goes in, whoever serves the request is told.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Redis } from "./storage/redis.ts";

interface Meter {
  /** Hears how many commands were sent so far, each time some are. */
  readonly note: (sent: { readonly storeCommands: number }) => void;
  /** W3C Trace Context, of the request that is served; absent when it belongs to no trace. */
  readonly traceparent: string | undefined;
  /** Hears what failed in this request while nobody awaited it. */
  onStray: OnStray;
  storeCommands: number;
}

type OnStray = (error: unknown) => void;

const meters = new AsyncLocalStorage<Meter>();

/** Runs what a request does. */
export function meter<Value>(
  { note, traceparent, onStray }: Omit<Meter, "storeCommands">,
  run: () => Value,
): Value {
  return meters.run({ note, traceparent, onStray, storeCommands: 0 }, run);
}

/** Who hears from now on what fails in this request while nobody awaits it. */
export function hearStrays(onStray: OnStray): void {
  const meter = meters.getStore();
  if (meter !== undefined) meter.onStray = onStray;
}

/** Tells the request in which a promise failed that nobody awaited; the runtime would say nothing. */
export function tellStray({ reason }: Pick<PromiseRejectionEvent, "reason">): void {
  meters.getStore()?.onStray(reason);
}

/** The same `fetch`, whose requests belong to the trace of the one that is served. */
export function traced(send: typeof fetch): typeof fetch {
  return (input, init) => {
    const traceparent = meters.getStore()?.traceparent;
    if (traceparent === undefined) return send(input, init);
    const headers = new Headers(init?.headers);
    headers.set("traceparent", traceparent);
    return send(input, { ...init, headers });
  };
}

/** The same store, which tells the request that asks it. */
export function metered({ transact }: Redis): Redis {
  return {
    transact: (commands, options) => {
      count(commands.length);
      return transact(commands, options);
    },
  };
}

function count(commands: number): void {
  const meter = meters.getStore();
  if (meter === undefined) return;
  meter.storeCommands += commands;
  meter.note({ storeCommands: meter.storeCommands });
}
