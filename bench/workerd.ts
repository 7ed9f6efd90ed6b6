/**
 * The runtime itself, without wrangler in front of it: a bundle and its variables go in; a process
 * with one isolate and one socket, and what it has used so far, come out.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export interface Variant {
  /** The file of a bundle. */
  readonly file: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** The bundle of a Worker that stands in for a key-value namespace called OAUTH_KV. */
  readonly keyValues?: string;
  /** Opens the inspector on a port of its own. */
  readonly inspect?: boolean;
}

export interface Workerd {
  readonly port: number;
  readonly inspectorPort: number;
  /** CPU time of the whole process since it began, in milliseconds. */
  cpuMs(): number;
  /** The same, once it has done nothing for a moment. */
  settledCpuMs(): Promise<number>;
  residentMb(): number;
  stop(): Promise<void>;
}

const COMPATIBILITY = readFileSync(new URL("../wrangler.toml", import.meta.url), "utf8");
const compatibilityDate = /^compatibility_date = "(.*)"$/m.exec(COMPATIBILITY)?.[1] ?? "";
const FLAGS = ["global_fetch_strictly_public", "enable_request_signal", "nodejs_als"];

/** Says what the Worker is told of the scheme under which it was asked. */
export const FORWARDED_PROTO = "x-forwarded-proto";

/** On a busy machine a process may rest for a while before it has done its work. */
const QUIET_MS = 40;
const QUIET_TIMES = 4;
const SETTLED_WITHIN_MS = 5000;

/** None outlives the bench. */
const alive = new Set<ChildProcess>();
process.once("exit", () => alive.forEach((child) => child.kill("SIGKILL")));

/** Starts a Worker and waits until its socket listens. No request has reached it then. */
export async function startWorkerd(variant: Variant): Promise<Workerd> {
  const folder = await mkdtemp(join(tmpdir(), "workerd-"));
  const [port, inspectorPort] = [await freePort(), await freePort()];
  const file = join(folder, "config.capnp");
  await writeFile(file, configOf(variant, port));
  const child = spawn(
    binary(),
    [
      "serve",
      file,
      `--import-path=/`,
      ...(variant.inspect ? [`--inspector-addr=127.0.0.1:${inspectorPort}`] : []),
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const problems: string[] = [];
  child.stderr?.on("data", (chunk: Buffer) => void problems.push(chunk.toString()));
  alive.add(child);
  await listening(child, port).catch((error: unknown) => {
    throw new Error(`workerd does not start: ${problems.join("")}`, { cause: error });
  });
  const pid = child.pid ?? 0;
  return {
    port,
    inspectorPort,
    cpuMs: () => cpuMs(pid),
    settledCpuMs: () => settledCpuMs(pid),
    residentMb: () => residentMb(pid),
    stop: async () => {
      alive.delete(child);
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

function binary(): string {
  const workerd = dirname(fileURLToPath(import.meta.resolve("workerd/package.json")));
  return join(workerd, "bin/workerd");
}

function configOf({ file, variables = {}, keyValues }: Variant, port: number): string {
  const worker = (bundle: string, bindings: readonly string[]): string => `(
    compatibilityDate = ${quote(compatibilityDate)},
    compatibilityFlags = [${FLAGS.map(quote).join(", ")}],
    modules = [(name = ${quote(basename(bundle))}, esModule = embed ${quote(bundle)})],
    bindings = [${bindings.join(", ")}],
    globalOutbound = "network"
  )`;
  const texts = Object.entries(variables).map(
    ([name, text]) => `(name = ${quote(name)}, text = ${quote(text)})`,
  );
  const services = [
    `(name = "main", worker = ${worker(file, [
      ...texts,
      ...(keyValues === undefined ? [] : [`(name = "OAUTH_KV", kvNamespace = "kv")`]),
    ])})`,
    `(name = "network", network = (allow = ["public", "private", "local"]))`,
    ...(keyValues === undefined ? [] : [`(name = "kv", worker = ${worker(keyValues, [])})`]),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${services.join(",\n")}],
  sockets = [(
    name = "http",
    address = "127.0.0.1:${port}",
    http = (forwardedProtoHeader = ${quote(FORWARDED_PROTO)}),
    service = "main"
  )]
);
`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

/**
 * CPU time of a process in milliseconds: of every thread, in nanoseconds, where the system tells
 * them; otherwise `utime` and `stime`, which come in steps of 10 ms.
 */
function cpuMs(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const spent = threads.map((thread) => threadNanoseconds(pid, thread));
    return spent.reduce((sum, one) => sum + one, 0) / 1e6;
  } catch (error) {
    throw new Error("CPU time is read from /proc: the bench runs on Linux only", { cause: error });
  }
}

function threadNanoseconds(pid: number, thread: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  } catch {
    // The thread has ended since.
    return 0;
  }
}

async function settledCpuMs(pid: number): Promise<number> {
  const until = performance.now() + SETTLED_WITHIN_MS;
  let before = cpuMs(pid);
  let quietTimes = 0;
  while (performance.now() < until && quietTimes < QUIET_TIMES) {
    await delay(QUIET_MS);
    const after = cpuMs(pid);
    quietTimes = after - before < 0.05 ? quietTimes + 1 : 0;
    before = after;
  }
  return before;
}

function residentMb(pid: number): number {
  const [, kilobytes] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) / 1024;
}

/** A connection without a request, tried until one is accepted. */
async function listening(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
    await delay(10);
  }
  throw new Error("it has ended");
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (typeof address !== "object" || address === null) throw new Error("no free port");
  return address.port;
}
