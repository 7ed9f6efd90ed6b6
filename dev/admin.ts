/**
 * `npm run admin`: an operator's view of people, grants and clients, and their end, while the server
 * runs. A command goes in; what was found or done comes out. Prints no secret.
 */
import { readFileSync } from "node:fs";
import { asksForHelp, type Order, readArguments, USAGE } from "./admin/arguments.ts";
import { obey } from "./admin/commands.ts";
import { chooseAttempt, readLines, renderAttempt } from "./admin/trace.ts";
import { markOf } from "../src/clients/mark.ts";
import { Obstacle } from "./obstacle.ts";

try {
  console.log(asksForHelp() ? USAGE : await follow(readArguments()));
} catch (error) {
  if (!(error instanceof Obstacle)) throw error;
  console.error([error.message, error.advice].filter(Boolean).join("\n\n"));
  process.exitCode = 1;
}

async function follow(order: Order): Promise<string> {
  const { command } = order;
  return command === "trace" ? trace(order) : obey({ ...order, command });
}

async function trace({ log, request, client, user, at }: Order): Promise<string> {
  const text = readFileSync(log ?? 0, "utf8");
  // In the log stands the beginning of its hash.
  const mark = client === undefined || /^[\w-]{8}$/.test(client) ? client : await markOf(client);
  const attempt = chooseAttempt(readLines(text), { request, client: mark, user, at });
  if (attempt.length === 0) throw new Obstacle("There is no such request in this log.");
  return renderAttempt(attempt);
}
