/**
 * Whether the source still type-checks, asked after each change and beside everything else. A
 * change goes in; the compiler's words come out, or that all is well again.
 */
import { execFile } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");
const TYPES = "worker-configuration.d.ts";

export interface TypeCheck {
  /** Checks now, or once more when the check under way has ended. */
  begin(): void;
}

/** `say` prints; nothing is said twice, and nothing of source that was right and is. */
export function createTypeCheck(say: (text: string) => void): TypeCheck {
  let isRunning = false;
  let isAsked = false;
  let last = "";
  const check = async (): Promise<void> => {
    const problems = await findProblems();
    if (problems === last) return;
    last = problems;
    if (problems === "") say("The source type-checks again.");
    else say(`\nThe source does not type-check; it runs as it is.\n${problems}\n`);
  };
  return {
    begin() {
      isAsked = true;
      if (isRunning) return;
      isRunning = true;
      void (async () => {
        while (isAsked) {
          isAsked = false;
          await check();
        }
        isRunning = false;
      })();
    },
  };
}

/** What the compiler says of `src/`; empty when there is nothing to say. */
async function findProblems(): Promise<string> {
  if (isStale()) await run(process.execPath, [join(ROOT, "dev/types.ts")]).catch(() => undefined);
  const compiler = fileURLToPath(
    new URL("bin/tsc", import.meta.resolve("typescript/package.json")),
  );
  try {
    await run(process.execPath, [compiler, "-p", ROOT, "--pretty", "false"], { cwd: ROOT });
    return "";
  } catch (error) {
    const said = error instanceof Error && "stdout" in error ? String(error.stdout) : "";
    return (said.match(/^src\/.*(?:\n +.*)*/gm) ?? []).join("\n");
  }
}

/** What a tool's `env` holds follows from these files. */
function isStale(): boolean {
  const target = join(ROOT, TYPES);
  if (!existsSync(target)) return true;
  const made = statSync(target).mtimeMs;
  return ["wrangler.toml", ".dev.vars.example", ".dev.vars"].some((name) => {
    const file = join(ROOT, name);
    return existsSync(file) && statSync(file).mtimeMs > made;
  });
}
