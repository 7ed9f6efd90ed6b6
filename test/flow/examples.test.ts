/** Every example of docs/examples/ is a diff that applies to this tree, type-checks, and passes its test. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const run = promisify(execFile);
const FOLDER = "docs/examples";
const examples = readdirSync(FOLDER).filter((name) => name.endsWith(".diff"));
const bin = join(process.cwd(), "node_modules/.bin");

/** The files of this repository, as they stand, in a folder of their own. */
async function copyTree(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "example-"));
  const { stdout } = await run("git", ["ls-files", "-co", "--exclude-standard", "-z"]);
  for (const file of stdout.split("\0").filter(Boolean))
    await cp(file, join(folder, file), { recursive: true }).catch(ignoreMissing);
  symlinkSync(dirname(bin), join(folder, "node_modules"), "dir");
  return folder;
}

/** A file that was deleted and not committed yet. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
}

it.each(examples)("%s", { timeout: 240_000 }, async (name) => {
  const diff = readFileSync(join(FOLDER, name), "utf8");
  const tests = [...diff.matchAll(/^\+\+\+ b\/(test\/\S+\.test\.ts)$/gm)].map(
    ([, file]) => file ?? "",
  );
  expect(tests.length).toBeGreaterThan(0);
  const folder = await copyTree();
  const options = { cwd: folder, env: { ...process.env, PATH: `${bin}:${process.env["PATH"]}` } };
  try {
    await run("git", ["init", "-q"], options);
    await run("git", ["apply", "--whitespace=error", join(process.cwd(), FOLDER, name)], options);
    await run(process.execPath, ["dev/types.ts"], options);
    await run("tsc", ["-p", "."], options);
    await run("oxlint", ["src", "test/unit"], options);
    await run("vitest", ["run", ...tests, "--reporter=json", "--outputFile=report.json"], options);
    const report = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
    expect(report).toMatchObject({ success: true, numFailedTests: 0 });
    expect(report.numPassedTests).toBeGreaterThan(2);
  } finally {
    await rm(folder, { recursive: true });
  }
});
