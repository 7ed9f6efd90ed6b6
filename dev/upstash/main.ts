/**
 * The process behind `npm run dev` that stands in for Upstash. Environment and `--fresh` in, a REST
 * server on loopback out; its data survives a restart in DEV_DATA_DIR.
 */
import { join } from "node:path";
import { z } from "zod";
import { createMemoryEngine, type MemoryEngine } from "./memory-engine.ts";
import { startUpstash } from "./server.ts";
import { createSnapshotSaver, readSnapshotFile, type SnapshotSaver } from "./snapshot-file.ts";

const settingsSchema = z.object({
  DEV_UPSTASH_PORT: z.coerce
    .number({ error: "must be a port" })
    .int()
    .min(0)
    .max(65_535)
    .default(8079),
  DEV_UPSTASH_TOKEN: z.string({ error: "must be set" }).min(1, "must be set"),
  DEV_DATA_DIR: z.string().min(1).default(".dev/data"),
});

const isFresh = process.argv.includes("--fresh");

try {
  await start();
} catch (error) {
  console.error(`upstash: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function start(): Promise<void> {
  const { DEV_UPSTASH_PORT: port, DEV_UPSTASH_TOKEN: token, DEV_DATA_DIR: folder } = readSettings();
  const path = join(folder, "upstash.json");
  const engine = openEngine(path, () => saver.saveSoon());
  const saver = createSnapshotSaver(path, engine.snapshot);
  const { url } = await startUpstash({ engine, token, port }).catch((error) => {
    throw isPortInUse(error)
      ? new Error(`port ${port} is in use; choose another with DEV_UPSTASH_PORT`)
      : error;
  });
  if (isFresh) saver.save();
  saveOnExit(saver);
  console.log(`upstash: ready on ${url}, data in ${path}`);
}

function readSettings(): z.output<typeof settingsSchema> {
  const settings = settingsSchema.safeParse(process.env);
  if (settings.success) return settings.data;
  const problems = settings.error.issues.map(({ path, message }) => `${path.join()} ${message}`);
  throw new Error(problems.join("; "));
}

function openEngine(path: string, onWrite: () => void): MemoryEngine {
  const snapshot = isFresh ? undefined : readSnapshotFile(path);
  try {
    return createMemoryEngine({ snapshot, onWrite });
  } catch {
    throw new Error(`${path} is not a snapshot of this version; --fresh starts without it`);
  }
}

function saveOnExit(saver: SnapshotSaver): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => {
      saver.save();
      process.exit(0);
    });
}

function isPortInUse(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}
