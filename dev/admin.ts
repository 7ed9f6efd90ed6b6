/**
 * `npm run admin`: an operator's view of people, grants and clients, and their end, while the server
 * runs. A command goes in; what was found or done comes out. Prints no secret.
 */
import { existsSync, readFileSync } from "node:fs";
import { asksForHelp, type Order, readArguments, USAGE } from "./admin/arguments.ts";
import { obey } from "./admin/commands.ts";
import { chooseAttempt, readLines, renderAttempt } from "./admin/trace.ts";
import { markOf } from "../src/clients/mark.ts";
import { Refusal } from "../src/errors.ts";
import { Obstacle } from "./obstacle.ts";

try {
  console.log(asksForHelp() ? USAGE : await follow(readArguments()));
} catch (thrown) {
  const error = thrown instanceof Refusal ? obstacleOf(thrown) : thrown;
  if (!(error instanceof Obstacle)) throw error;
  console.error([error.message, error.advice].filter(Boolean).join("\n\n"));
  process.exitCode = 2;
}

/** What the store or Auth0 refuses has the reason that the log of a Worker would have. */
function obstacleOf({ reason }: Refusal): Obstacle {
  return new Obstacle(
    `That could not be done: ${reason}.`,
    "docs/operations.md has its cause; npm run doctor looks at the store and the variables.",
  );
}

async function follow(order: Order): Promise<string> {
  const { command } = order;
  return command === "trace" ? trace(order) : obey({ ...order, command });
}

async function trace({ log, request, client, user, at }: Order): Promise<string> {
  if ([request, client, user, at].every((name) => name === undefined))
    throw new Obstacle("Which? Name a request, a client, a user or a time.");
  if (log !== undefined && !existsSync(log)) throw new Obstacle(`There is no file ${log}.`);
  const text = readFileSync(log ?? 0, "utf8");
  // In the log stands the beginning of its hash.
  const mark = client === undefined || /^[\w-]{8}$/.test(client) ? client : await markOf(client);
  const lines = readLines(text);
  if (lines.length === 0)
    throw new Obstacle(
      "No line of this log is the server's.",
      "It is read as JSON: from wrangler tail --format json, or from Logpush.",
    );
  const attempt = chooseAttempt(lines, { request, client: mark, user, at });
  if (attempt.length === 0) throw new Obstacle("There is no such request in this log.");
  return renderAttempt(attempt);
}
