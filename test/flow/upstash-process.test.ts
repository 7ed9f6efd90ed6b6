/** The process that `npm run dev` starts as Upstash: its data, its options, and how it fails. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "vitest";

const MAIN = new URL("../../dev/upstash/main.ts", import.meta.url).pathname;
const TOKEN = "a token of this test";

let folder: string;
let file: string;
let processes: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "upstash-"));
  file = join(folder, "data", "upstash.json");
  processes = [];
});
afterEach(async () => {
  await Promise.all(processes.map((child) => stop(child, "SIGKILL")));
  await rm(folder, { recursive: true });
});

it.each(["SIGTERM", "SIGINT"] as const)(
  "keeps its data over a %s and a restart",
  async (signal) => {
    const first = await start();
    await send(first.url, ["SET", "client", "record", "EX", 1000]);
    expect(await stop(first.child, signal)).toBe(0);
    const second = await start();
    expect(await send(second.url, ["GET", "client"])).toEqual({ result: "record" });
    expect(await send(second.url, ["TTL", "client"])).toEqual({ result: expect.closeTo(1000, -1) });
  },
);

it("saves by itself soon after a write, for its owner's eyes only", async () => {
  const { child, url } = await start();
  await send(url, ["SET", "client", "record"]);
  await expect.poll(() => existsSync(file) && readFileSync(file, "utf8")).toContain("record");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(folder, "data"))).toEqual(["upstash.json"]);
  await stop(child, "SIGKILL");
  expect(await send((await start()).url, ["GET", "client"])).toEqual({ result: "record" });
});

it("starts empty with --fresh, and stays so", async () => {
  const first = await start();
  await send(first.url, ["SET", "client", "record"]);
  await stop(first.child, "SIGTERM");
  const second = await start({ args: ["--fresh"] });
  expect(await send(second.url, ["DBSIZE"])).toEqual({ result: 0 });
  await stop(second.child, "SIGKILL");
  expect(await send((await start()).url, ["DBSIZE"])).toEqual({ result: 0 });
});

it("listens on loopback, prints one line, and no token in it", async () => {
  const { child, url, line } = await start();
  expect(line).toBe(`upstash: ready on ${url}, data in ${file}\n`);
  expect(new URL(url).hostname).toBe("127.0.0.1");
  const rest = child.stdout === null ? "" : text(child.stdout);
  await stop(child, "SIGTERM");
  expect(await rest).toBe("");
});

it("ends with a clear line when its port is taken", async () => {
  const { url } = await start();
  const { port } = new URL(url);
  const second = await failToStart({ DEV_UPSTASH_PORT: port });
  expect(second).toEqual({
    code: 1,
    output: `upstash: port ${port} is in use; choose another with DEV_UPSTASH_PORT\n`,
  });
});

it.each([
  [{ DEV_UPSTASH_TOKEN: "" }, "DEV_UPSTASH_TOKEN must be set"],
  [{ DEV_UPSTASH_TOKEN: undefined }, "DEV_UPSTASH_TOKEN must be set"],
  [{ DEV_UPSTASH_PORT: "http" }, "DEV_UPSTASH_PORT must be a port"],
  [{ DEV_UPSTASH_PORT: "70000" }, "DEV_UPSTASH_PORT must be a port"],
])("ends with a clear line for %j", async (env, problem) => {
  expect(await failToStart(env)).toEqual({ code: 1, output: `upstash: ${problem}\n` });
});

it("leaves a file alone that it cannot read", async () => {
  await start().then(({ child }) => stop(child, "SIGTERM"));
  await writeFile(file, '{"format":1,"keys":"secret"}');
  const output = `upstash: ${file} is not a snapshot of this version; --fresh starts without it\n`;
  expect(await failToStart({})).toEqual({ code: 1, output });
  expect(readFileSync(file, "utf8")).toBe('{"format":1,"keys":"secret"}');
});

type Variables = Readonly<Record<string, string | undefined>>;

function run(args: readonly string[], env: Variables): ChildProcess {
  const own = {
    DEV_UPSTASH_PORT: "0",
    DEV_UPSTASH_TOKEN: TOKEN,
    DEV_DATA_DIR: join(folder, "data"),
    ...env,
  };
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env["PATH"], ...own },
  });
  processes.push(child);
  return child;
}

async function start({ args = [] }: { args?: readonly string[] } = {}) {
  const child = run(args, {});
  const [data] = await once(child.stdout ?? child, "data");
  const line = String(data);
  return { child, line, url: /http:\S+\d/.exec(line)?.[0] ?? "" };
}

async function failToStart(env: Variables): Promise<{ code: unknown; output: string }> {
  const child = run([], env);
  const output = child.stderr === null ? "" : text(child.stderr);
  const [code] = await once(child, "close");
  return { code, output: await output };
}

/** The exit code of the process after a signal. */
async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, "exit");
  child.kill(signal);
  const [code] = await ended;
  return code;
}

async function send(url: string, command: unknown[]): Promise<unknown> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(command) });
  return response.json();
}
