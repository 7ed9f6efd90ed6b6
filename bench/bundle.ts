/**
 * Workers as they are deployed: an entry file goes in; what `wrangler deploy` would upload, and its
 * compressed size as wrangler counts it, come out. Nothing is deployed.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export interface Bundle {
  /** The one module. */
  readonly file: string;
  readonly gzipKib: number;
}

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const wrangler = fileURLToPath(
  new URL("bin/wrangler.js", import.meta.resolve("wrangler/package.json")),
);

/** Bundles entry files with the settings of `wrangler.toml`; gone when this process ends. */
export async function createBundler(): Promise<{
  bundle(entry: string): Promise<Bundle>;
  remove(): Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  const made = new Map<string, Promise<Bundle>>();
  return {
    bundle: (entry) => {
      const before = made.get(entry);
      if (before !== undefined) return before;
      const bundling = bundle(entry, join(folder, String(made.size)));
      made.set(entry, bundling);
      return bundling;
    },
    remove: () => rm(folder, { recursive: true }),
  };
}

async function bundle(entry: string, folder: string): Promise<Bundle> {
  const options = ["deploy", entry, "--dry-run", "--outdir", folder];
  const { stdout } = await run(process.execPath, [wrangler, ...options], {
    cwd: root,
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_WRITE_LOGS: "false" },
  });
  const [, kib] = /gzip: ([\d.]+) KiB/.exec(stdout) ?? [];
  return { file: join(folder, `${basename(entry, ".ts")}.js`), gzipKib: Number(kib) };
}
