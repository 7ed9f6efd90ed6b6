/**
 * A client's command line. A command goes in; how it ended and all that it printed come out. An
 * authorization request that it prints is opened in the browser.
 */
import { spawn } from "node:child_process";
import type { Place } from "./place.ts";

export interface Finished {
  readonly code: number | null;
  /** Both outputs, in the order they came, without colours. */
  readonly text: string;
}

/** A client that waits for ever is stopped. */
const PATIENCE_MS = 40_000;

/** So is one that was told of a refusal, and still waits. */
const PATIENCE_AFTER_REFUSAL_MS = 5000;

/** Printable characters only: terminals frame links with others. */
const ADDRESS = /http:\/\/localhost:\d+\/authorize\?[!#-&(-;=?-~]+(?=[^!#-&(-;=?-~])/;

const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[\\d;?]*[A-Za-z]`, "g");

interface Options {
  /** It insists on a terminal, and gets a wide one (`script`, of util-linux). */
  readonly needsTerminal?: boolean;
  /** What it asks, and what is typed then. */
  readonly answer?: { readonly question: RegExp; readonly keys: string };
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a command of a client to its end. */
export function run(
  place: Place,
  command: readonly string[],
  { needsTerminal = false, answer, env = {} }: Options = {},
): Promise<Finished> {
  const [program = "", ...args] = needsTerminal
    ? ["script", "-qec", `stty cols 2000 rows 50; ${command.join(" ")}`, "/dev/null"]
    : command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...place.env, ...env }, cwd: place.home });
    if (!needsTerminal && answer === undefined) child.stdin.end();
    const signal = AbortSignal.timeout(PATIENCE_MS);
    signal.addEventListener("abort", () => child.kill("SIGKILL"));
    let text = "";
    let isAnswered = false;
    const visit = async (address: string): Promise<void> => {
      await place.browser.open(address);
      if (place.browser.person === "deny")
        setTimeout(() => child.kill("SIGKILL"), PATIENCE_AFTER_REFUSAL_MS).unref();
    };
    const hear = (chunk: Buffer): void => {
      text += chunk.toString().replaceAll(COLOURS, "");
      const [address] = ADDRESS.exec(text) ?? [];
      if (address !== undefined) void visit(address).catch(reject);
      if (isAnswered || answer?.question.test(text) !== true) return;
      isAnswered = true;
      child.stdin.write(answer.keys);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ code, text });
    });
  });
}

/** Runs a command that must succeed; what it printed. */
export async function succeed(
  place: Place,
  command: readonly string[],
  options: Options = {},
): Promise<string> {
  const { code, text } = await run(place, command, options);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${text}`);
  return text;
}
