import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const run = promisify(execFile);

/** Workers' free plan takes 3 MB; a small bundle is what makes a cold isolate start fast. */
const MOST_KIB = 270;

it(`deploys as a bundle of at most ${MOST_KIB} KiB compressed, before the tools of a team`, async () => {
  const folder = await mkdtemp(join(tmpdir(), "bundle-"));
  try {
    const { stdout } = await run(
      "wrangler",
      ["deploy", "test/support/bare.ts", "--dry-run", "--outdir", folder],
      {
        env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
      },
    );
    const [, kib] = /gzip: ([\d.]+) KiB/.exec(stdout) ?? [];
    expect(Number(kib)).toBeGreaterThan(0);
    expect(Number(kib)).toBeLessThanOrEqual(MOST_KIB);
  } finally {
    await rm(folder, { recursive: true });
  }
});
