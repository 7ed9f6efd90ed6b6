/**
 * `npm run bench`: measures this server beside others, prints what it claims, and writes it to
 * `bench/`. `-- --json` prints one object and nothing else; `-- --quick` takes few samples.
 */
import { writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import workerdPackage from "workerd/package.json" with { type: "json" };
import { createBundler } from "./bundle.ts";
import { measureCold } from "./cold.ts";
import { holds, listFigures } from "./figures.ts";
import { startGround } from "./ground.ts";
import { measureHeapGrowth } from "./heap.ts";
import { measureLegs } from "./legs.ts";
import { sendLoad } from "./load.ts";
import { type Report, renderDrawing, renderFigures, renderMarkdown } from "./report.ts";
import { callRequest, forge } from "./requests.ts";
import { type Running, startVariants } from "./variants.ts";
import { measureWarm } from "./warm.ts";

const { values: options } = parseArgs({
  options: { json: { type: "boolean" }, quick: { type: "boolean" } },
});
const extent = options.quick
  ? { rounds: 3, milliseconds: 250, samples: 3, times: 3, calls: 5000 }
  : { rounds: 9, milliseconds: 500, samples: 9, times: 15, calls: 100_000 };

const bundler = await createBundler();
const ground = await startGround();
tell("bundling and starting");
const deployed = await bundler.bundle("src/index.ts");
const running = await startVariants(bundler, ground);
try {
  const report = await measure();
  if (options.json === true) printJson(report);
  else await publish(report);
} finally {
  await running.stop();
  await ground.stop();
  await bundler.remove();
}

async function measure(): Promise<Report> {
  tell("warm requests");
  const warm = await measureWarm(running, extent);
  const storeCommandsWarm = await commandsPerRequest(running, running.tokens.access_token, 200);
  const forged = forge(running.tokens.access_token);
  const storeCommandsForged = await commandsPerRequest(running, forged, 401);
  tell("the way to a token");
  const legs = [];
  for (const delayMs of [0, 20]) {
    const worker = running.workers["ours-10"];
    legs.push({ delayMs, legs: await measureLegs(worker, ground, { ...extent, delayMs }) });
  }
  tell("fresh isolates");
  const token = running.tokens.access_token;
  const cold = await measureCold({ token, bundler, ground }, extent.samples);
  tell("the heap");
  const heapGrowthMb = await measureHeapGrowth(token, { bundler, ground }, extent.calls);
  const figures = listFigures({
    warm,
    cold,
    storeCommandsWarm,
    storeCommandsForged,
    bundleGzipKib: deployed.gzipKib,
    heapGrowthMb,
  });
  return { machine: describeMachine(), figures, warm, cold, legs };
}

/** Store commands of one request among many, in an isolate that has seen the token just before. */
async function commandsPerRequest(
  { workers }: Running,
  token: string,
  status: number,
): Promise<number> {
  const request = callRequest("2026-07-28", token);
  const load = { port: workers["ours-10"].port, request, status, connections: 4 };
  await sendLoad({ ...load, requests: 1 });
  ground.takeTraffic();
  const { requests } = await sendLoad({ ...load, requests: 500 });
  return ground.takeTraffic().commands / requests;
}

function describeMachine(): string {
  const [cpu] = cpus();
  const load = loadavg()[0]?.toFixed(1);
  return `${cpus().length} × ${cpu?.model.trim()}, ${process.platform}, workerd ${workerdPackage.version}, Node ${process.versions.node}; load average at the end ${load}.`;
}

function printJson({ figures }: Report): void {
  const entries = figures.map(({ key, spread }) => [key, Number(spread.median.toPrecision(4))]);
  console.log(JSON.stringify(Object.fromEntries(entries), null, 2));
}

async function publish(report: Report): Promise<void> {
  const [markdown, drawing] = ["results.md", "results.svg"].map(
    (name) => new URL(name, import.meta.url),
  );
  if (markdown === undefined || drawing === undefined) return;
  await writeFile(markdown, renderMarkdown(report));
  await writeFile(drawing, renderDrawing(report));
  console.log(`${renderFigures(report.figures)}\n\n${report.machine}`);
  const missed = report.figures.filter((figure) => !holds(figure)).length;
  console.log(
    `${missed === 0 ? "Every goal holds." : `${missed} of ${report.figures.length} goals are missed.`} More in bench/results.md.`,
  );
}

function tell(what: string): void {
  console.error(`· ${what}`);
}
