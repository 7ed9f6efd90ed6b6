/**
 * How long a use may take. A use and its context go in; its result comes out, or its time is over:
 * then its signal fires and the caller is told, whatever it still does. On its developer's machine
 * the terminal hears of one that does not end, since a use that waits for ever writes no line.
 */
import { ToolError } from "./answer.ts";
import type { Use } from "./offer.ts";
import type { ToolContext } from "./tool-context.ts";

/** It took longer than its definition allows. */
export class TimedOut extends ToolError {}

const STILL_RUNNING_SECONDS = 10;

/** Runs a use within its time, if it has one. */
export function runInTime<Result>(
  use: Use<Result>,
  context: ToolContext,
  isLocal: boolean,
): Promise<Result> {
  return isLocal || use.limitSeconds !== undefined
    ? runWatched(use, context, isLocal)
    : use.run(context);
}

async function runWatched<Result>(
  use: Use<Result>,
  context: ToolContext,
  isLocal: boolean,
): Promise<Result> {
  const { limitSeconds } = use;
  let seconds = 0;
  const watch =
    isLocal &&
    setInterval(() => {
      seconds += STILL_RUNNING_SECONDS;
      context.log.warn(`has not ended after ${seconds} s`);
    }, STILL_RUNNING_SECONDS * 1000);
  try {
    return await (limitSeconds === undefined
      ? use.run(context)
      : limited(use, context, limitSeconds));
  } finally {
    if (watch !== false) clearInterval(watch);
  }
}

async function limited<Result>(
  use: Use<Result>,
  context: ToolContext,
  limitSeconds: number,
): Promise<Result> {
  const stop = new AbortController();
  const over = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new TimedOut(`This took longer than ${limitSeconds} seconds, so it was stopped.`);
    over.reject(error);
    stop.abort(error);
  }, limitSeconds * 1000);
  const signal = AbortSignal.any([context.signal, stop.signal]);
  try {
    return await Promise.race([use.run({ ...context, signal }), over.promise]);
  } finally {
    clearTimeout(timer);
  }
}
