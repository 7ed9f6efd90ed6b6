/**
 * The Worker's variables as a developer command finds them: in a file (`.dev.vars`, or the one that
 * is named) and in the environment, which wins. Values go to the caller and are never printed.
 */
import { existsSync } from "node:fs";
import { findMeantName } from "../src/near-miss.ts";
import { VARIABLES } from "../src/config.ts";
import { Obstacle } from "./obstacle.ts";
import { readEnvFile } from "./start/env-file.ts";

type Variables = Readonly<Record<string, string>>;

/** Where wrangler looks for them in development. */
export const LOCAL_FILE = ".dev.vars";

/** Reads them; a file that is named must exist, the usual one need not. */
export function readVariables(
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  usual: string = LOCAL_FILE,
): Variables {
  if (file !== undefined && !existsSync(file))
    throw new Obstacle(`There is no file ${file}.`, "npm run setup makes it.");
  const set = { ...readEnvFile(file ?? usual), ...ofTheWorker(environment) };
  return Object.fromEntries(
    Object.entries(set).flatMap(([name, value]) => (value?.trim() ? [[name, value]] : [])),
  );
}

/** Of the environment only what is ours, or nearly: the rest is the shell's. */
function ofTheWorker(environment: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) =>
        VARIABLES.includes(name) ||
        /^(AUTH0|UPSTASH)_/.test(name) ||
        findMeantName(name, VARIABLES) !== undefined,
    ),
  );
}
