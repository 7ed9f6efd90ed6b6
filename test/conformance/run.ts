/**
 * `npm run conformance`: the official suite against the whole Worker, signed in like anybody. The
 * suite cannot send a token, so a loopback proxy of a few lines adds one. It ends with a line per
 * revision, and fails when anything but what the baseline names fails.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { createServer, request as forward, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHouse } from "../support/house.ts";
import { freePort } from "../support/port.ts";
import { approve, meetStranger } from "../support/stranger.ts";

const HERE = "test/conformance";
const SUITE = `${HERE}/node_modules/@modelcontextprotocol/conformance`;
const REVISIONS = ["2026-07-28", "2025-11-25"] as const;
const AUTHORIZATION_SCENARIOS = [
  "authorization-server-metadata-endpoint",
  "authorization-code-grant",
];

if (!existsSync(SUITE)) await hear("npm", ["ci", "--prefix", HERE, "--no-audit", "--no-fund"]);

const house = await startHouse({ entry: `${HERE}/worker.ts` });
const client = await meetStranger(`${house.issuer}/mcp`);
const { access_token } = await client.signIn("ada");
const proxy = await startProxy(new URL(`${house.url}/mcp`), access_token);
const summary: string[] = [];
let isFine = true;
try {
  for (const revision of REVISIONS) {
    const { passed, required, failed } = await measure(revision, proxy.url);
    const excused = await baseline(revision);
    const unexcused = failed.filter((scenario) => !excused.includes(scenario));
    const stale = excused.filter((scenario) => !failed.includes(scenario));
    isFine &&= unexcused.length === 0 && stale.length === 0;
    summary.push(`${revision}: ${passed}/${required} required`);
    for (const scenario of unexcused) summary.push(`  failed: ${scenario}`);
    for (const scenario of stale)
      summary.push(`  passes, though the baseline says otherwise: ${scenario}`);
  }
  const authorization = await measureAuthorization();
  isFine &&= authorization.failed.length === 0;
  summary.push(`authorization: ${authorization.passed}/${AUTHORIZATION_SCENARIOS.length}`);
  for (const scenario of authorization.failed) summary.push(`  failed: ${scenario}`);
} finally {
  proxy.server.close();
  await house.stop();
}
console.log(summary.join("\n"));
process.exitCode = isFine ? 0 : 1;

/** Runs the required scenarios of one revision and reads what became of each. */
async function measure(revision: string, url: string) {
  const output = await mkdtemp(join(tmpdir(), "conformance-"));
  const args = ["server", "--url", url, "--requirements", revision, "-o", output];
  const said = await hear(process.execPath, [`${SUITE}/dist/index.js`, ...args]);
  const scenarios = await requiredScenarios(revision);
  const folders = await readdir(output);
  const failed = await failedOf(scenarios, output, "server-");
  if (folders.length === 0) throw new Error(`the suite did not run:\n${said}`);
  return { passed: scenarios.length - failed.length, required: scenarios.length, failed };
}

/**
 * The scenarios for authorization servers. The suite prints an address for a person to open: the
 * browser of our tests does, signs in and comes back.
 */
async function measureAuthorization() {
  const port = await freePort();
  const registered = { redirect_uris: [`http://127.0.0.1:${port}/callback`] };
  const { clientId } = await meetStranger(`${house.issuer}/mcp`, registered);
  const output = await mkdtemp(join(tmpdir(), "conformance-"));
  const args = ["authorization", "--url", house.issuer, "--client-id", clientId];
  const more = ["--resource", `${house.issuer}/mcp`, "--port", String(port), "-o", output];
  let isOpened = false;
  const said = await hear(
    process.execPath,
    [`${SUITE}/dist/index.js`, ...args, ...more],
    (heard) => {
      const [address] = /http:\/\/localhost:\d+\/authorize\?\S+/.exec(heard) ?? [];
      if (address === undefined || isOpened) return;
      isOpened = true;
      approve({ url: new URL(address) }, "ada")
        .then((returned) => fetch(returned))
        .catch((error: unknown) => console.error(error));
    },
  );
  const failed = await failedOf(AUTHORIZATION_SCENARIOS, output, "authorization-server-");
  if (failed.length === AUTHORIZATION_SCENARIOS.length) console.error(said);
  return { passed: AUTHORIZATION_SCENARIOS.length - failed.length, failed };
}

/** The scenarios of which a check failed, or none was made. */
async function failedOf(scenarios: readonly string[], output: string, prefix: string) {
  const folders = await readdir(output);
  const failed: string[] = [];
  for (const scenario of scenarios) {
    const folder = folders.find((name) => name.startsWith(`${prefix}${scenario}-2`));
    const checks: { status: string }[] =
      folder === undefined
        ? []
        : JSON.parse(await readFile(join(output, folder, "checks.json"), "utf8"));
    if (checks.length === 0 || checks.some(({ status }) => status === "FAILURE"))
      failed.push(scenario);
  }
  return failed;
}

async function requiredScenarios(revision: string): Promise<string[]> {
  const text = await readFile(`${SUITE}/requirements/${revision}.yaml`, "utf8");
  const [, list = ""] = /^server:\n((?:\s+- .*\n|\s*#.*\n)*)/m.exec(text) ?? [];
  return [...list.matchAll(/^\s+- ([\w-]+)/gm)].map(([, name = ""]) => name);
}

/** The scenarios that this server cannot pass by its nature, each with the reason in the file. */
async function baseline(revision: string): Promise<string[]> {
  const text = await readFile(`${HERE}/baseline-${revision}.yml`, "utf8");
  return [...text.matchAll(/^\s+- ([\w-]+)/gm)].map(([, name = ""]) => name);
}

async function startProxy(to: URL, token: string): Promise<{ url: string; server: Server }> {
  const server = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${token}` };
    const { method } = incoming;
    const onward = forward(to, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://localhost:${port}/mcp`, server };
}

/** What a command says. Its exit code says less than its results: unscored scenarios count in it. */
async function hear(
  command: string,
  args: readonly string[],
  onText: (said: string) => void = () => undefined,
): Promise<string> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => onText((said += text)));
  await new Promise((resolve) => child.once("close", resolve));
  return said;
}
