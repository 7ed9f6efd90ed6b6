/**
 * `npm run try`: an MCP client that meets a server for the first time. Its address goes in; every step with its time,
 * and what a tool answers, comes out. Never prints a token or a code.
 */
import { readArguments } from "./try/arguments.ts";
import { authorize } from "./try/authorization.ts";
import { describeFailure } from "./try/failure.ts";
import { callTool, chooseTool, connect, meet } from "./try/session.ts";
import { createSteps } from "./try/steps.ts";

const steps = createSteps();

try {
  const wish = readArguments();
  console.log(`Trying ${wish.url.href}${wish.person === undefined ? "" : ` as ${wish.person}`}\n`);
  const challenge = await steps.run("challenge", () => meet(wish.url));
  const token = challenge && (await authorize(wish, challenge, steps));
  ...
} catch (error) {
  console.error(describeFailure(error, steps.last));
  process.exitCode = 1;
}
