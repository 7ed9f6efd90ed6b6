/**
 * `npm run bench:crowded`: what the dearest requests cost where there is much of everything: 500
 * tools, 120 permissions, one person with 100 connections. CPU is that of the whole process, what goes
 * on after the answer included.
 */
import { createBundler } from "./bundle.ts";
import { type Ground, ISSUER, reachIssuerAt, startGround } from "./ground.ts";
import { type Spread, spreadOf } from "./spread.ts";
import { startWorkerd, type Workerd } from "./workerd.ts";
import { json, meetStranger, type Stranger } from "../test/support/stranger.ts";
import { type CookieJar, signIn, visit } from "../test/support/tenant.ts";

const TOOLS = 500;
const CONNECTIONS = 100;
const PERMISSIONS = Array.from({ length: 120 }, (_, index) => `bench:permission_${index + 1}`);
const TIMES = 9;
const LOGOUTS = 5;

interface Cost {
  readonly cpuMs: number;
  readonly bytes: number;
  readonly storeRequests: number;
  readonly storeCommands: number;
  readonly providerRequests: number;
}

interface Stage {
  readonly worker: Workerd;
  readonly ground: Ground;
}

const bundler = await createBundler();
const ground = await startGround(PERMISSIONS);
const { file } = await bundler.bundle("bench/variants/crowded.ts");
const variables = {
  ...ground.variables,
  TOOLS: String(TOOLS),
  PERMISSIONS: PERMISSIONS.join(" "),
  RATE_LIMITS: "false",
};
const worker = await startWorkerd({ file, variables });
reachIssuerAt(worker.port);
try {
  await measureAll({ worker, ground });
} finally {
  await worker.stop();
  await ground.stop();
  await bundler.remove();
}

async function measureAll(stage: Stage): Promise<void> {
  for (const path of ["/", "/llms.txt"])
    print(`GET ${path} of ${TOOLS} tools`, await often(stage, () => open(path)));
  const client = await meetStranger(`${ISSUER}/mcp`);
  await connect(client);
  const jar: CookieJar = new Map();
  const away = await visit(new URL("/connections/sign-in", ISSUER), jar);
  await visit(await signIn(new URL(away.headers.get("location") ?? ""), "ada"), jar);
  const page = new URL("/connections", ISSUER);
  print(
    `GET /connections, ${CONNECTIONS} of ${PERMISSIONS.length} permissions`,
    await often(stage, () => visit(page, jar)),
  );
  const logouts: Cost[] = [];
  while (logouts.length < LOGOUTS) {
    if (logouts.length > 0) await connect(client);
    logouts.push(
      await costOf(stage, () => ground.control.logout("ada", { claims: { sid: undefined } })),
    );
  }
  console.log(logouts.map((c) => c.cpuMs.toFixed(1)).join(" "));
  print(`a logout of ${CONNECTIONS} connections`, logouts);
}

async function connect(client: Stranger): Promise<void> {
  for (let made = 0; made < CONNECTIONS; made++) await client.signIn("ada");
}

function open(path: string): Promise<Response> {
  return fetch(ISSUER + path);
}

/** The first time pays for what an isolate does once. */
async function often(stage: Stage, run: () => Promise<Response>): Promise<readonly Cost[]> {
  await costOf(stage, run);
  const costs: Cost[] = [];
  while (costs.length < TIMES) costs.push(await costOf(stage, run));
  return costs;
}

async function costOf(
  { worker: { settledCpuMs }, ground: around }: Stage,
  run: () => Promise<Response>,
): Promise<Cost> {
  const before = await settledCpuMs();
  around.takeTraffic();
  const asked = providerRequests(around);
  const response = await run();
  if (!response.ok) await json(response, 200);
  const bytes = (await response.arrayBuffer()).byteLength;
  const cpuMs = (await settledCpuMs()) - before;
  const { requests, commands } = around.takeTraffic();
  return {
    cpuMs,
    bytes,
    storeRequests: requests,
    storeCommands: commands,
    providerRequests: providerRequests(around) - asked,
  };
}

function providerRequests({ control }: Ground): number {
  const endpoints = ["discovery", "jwks", "revoke", "token", "userinfo"] as const;
  return endpoints.reduce((sum, endpoint) => sum + control.count(endpoint), 0);
}

function print(name: string, costs: readonly Cost[]): void {
  const of = (read: (cost: Cost) => number): Spread => spreadOf(costs.map(read));
  const cpu = of(({ cpuMs }) => cpuMs);
  const most = (read: (cost: Cost) => number): number => of(read).most;
  console.log(
    `${name}: ${cpu.median.toFixed(1)} ms CPU (${cpu.least.toFixed(1)}–${cpu.most.toFixed(1)}), ` +
      `${(most(({ bytes }) => bytes) / 1024).toFixed(0)} KiB, ` +
      `${most(({ storeRequests, providerRequests: asked }) => storeRequests + asked)} subrequests, ` +
      `${most(({ storeCommands }) => storeCommands)} store commands`,
  );
}
