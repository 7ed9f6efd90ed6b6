/**
 * Whether memory grows: the size of the heap after a full collection, before and after many calls,
 * as the runtime's inspector tells it.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Ground } from "./ground.ts";
import { type Load, sendLoad } from "./load.ts";
import { callRequest } from "./requests.ts";
import { type Bundler, describeVariant } from "./variants.ts";
import { startWorkerd, type Workerd } from "./workerd.ts";

const WARM_UP_CALLS = 5000;

/** By how many MB the heap of an isolate grows in so many calls with one token. */
export async function measureHeapGrowth(
  token: string,
  { bundler, ground }: { readonly bundler: Bundler; readonly ground: Ground },
  calls: number,
): Promise<number> {
  const variant = await describeVariant("ours-10", bundler, ground);
  const worker = await startWorkerd({ ...variant, inspect: true });
  try {
    const request = callRequest("2026-07-28", token);
    const load = { port: worker.port, request, status: 200, connections: 4 };
    await sendLoad({ ...load, requests: WARM_UP_CALLS });
    const before = await heapMb(worker, load);
    await sendLoad({ ...load, requests: calls });
    return (await heapMb(worker, load)) - before;
  } finally {
    await worker.stop();
  }
}

/** The used heap after a collection. */
async function heapMb({ inspectorPort }: Workerd, load: Load): Promise<number> {
  const targets = await fetch(`http://127.0.0.1:${inspectorPort}/json`);
  const [target]: { webSocketDebuggerUrl: string }[] = await targets.json();
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? "");
  const { promise: opened, resolve, reject } = Promise.withResolvers<unknown>();
  socket.addEventListener("open", resolve);
  socket.addEventListener("error", reject);
  await opened;
  let isCollected = false;
  const collection = ask(socket, "HeapProfiler.collectGarbage").then(() => (isCollected = true));
  // The isolate collects when it is next at work.
  while (!isCollected) {
    await sendLoad({ ...load, requests: 1 });
    await delay(POKE_MS);
  }
  await collection;
  const { usedSize } = await ask(socket, "Runtime.getHeapUsage");
  socket.close();
  return Number(usedSize) / 1024 / 1024;
}

const POKE_MS = 50;
const LONGEST_ANSWER_MS = 10_000;
let lastId = 0;

/** One command of the inspector's protocol and its answer. Rejects when none comes. */
function ask(socket: WebSocket, method: string): Promise<Readonly<Record<string, unknown>>> {
  const id = ++lastId;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${method}: no answer`)), LONGEST_ANSWER_MS);
    const listen = ({ data }: MessageEvent) => {
      const answer = JSON.parse(String(data));
      if (answer.id !== id) return;
      clearTimeout(timer);
      socket.removeEventListener("message", listen);
      if (answer.error === undefined) resolve(answer.result);
      else reject(new Error(`${method}: ${answer.error.message}`));
    };
    socket.addEventListener("message", listen);
    socket.send(JSON.stringify({ id, method }));
  });
}
