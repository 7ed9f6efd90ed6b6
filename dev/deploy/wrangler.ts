/**
 * wrangler as a program. Words go in; what it prints is shown while it runs, and comes out. It keeps
 * its own credentials (`npx wrangler login`).
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Obstacle } from "../obstacle.ts";

const FILE = fileURLToPath(
  new URL("bin/wrangler.js", import.meta.resolve("wrangler/package.json")),
);

/** Runs it; a failure of wrangler is one of the command's. */
export async function runWrangler(words: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [FILE, ...words], {
    env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
    stdio: ["inherit", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    process.stdout.write(text);
  });
  const [code] = await once(child, "close");
  if (code === 0) return printed;
  throw new Obstacle(
    `wrangler ${words[0]} has failed (exit code ${String(code)}).`,
    "Its own words are above. Not signed in? npx wrangler login",
  );
}
