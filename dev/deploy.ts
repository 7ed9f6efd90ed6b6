/**
 * `npm run deploy`: checks the variables, uploads them with the Worker, looks at the result, and
 * tells how clients connect. Options go in; what went wrong, or what to do next, comes out.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { installationsOf } from "../src/clients/installation.ts";
import { deploymentFile } from "./deploy/file.ts";
import { deploy, type Deployment, lookAfterwards, rehearse } from "./deploy/steps.ts";
import { runWrangler } from "./deploy/wrangler.ts";
import { Obstacle } from "./obstacle.ts";
import { optionObstacle } from "./options.ts";
import { writeEnvFile } from "./start/env-file.ts";
import { writeSkills } from "./types/skills.ts";
import { readVariables } from "./variables-file.ts";

const USAGE = `npm run deploy -- [options]
  --env staging     that environment of wrangler.toml, with .deploy.vars.staging
  --file path       where the variables are; .deploy.vars when left out
  --dry-run         uploads nothing, needs no account: checks, bundles, and says what it would do
  --help            this text`;

try {
  await run();
} catch (error) {
  if (!(error instanceof Obstacle)) throw error;
  console.error([error.message, error.advice].filter(Boolean).join("\n\n"));
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const { env, file = deploymentFile(env), "dry-run": isDry, help } = readArguments();
  if (help) return console.log(USAGE);
  if (!existsSync(file) && !isDry)
    throw new Obstacle(
      `There is no file ${file}.`,
      `npm run setup -- ${env === undefined ? "--deploy" : `--env ${env}`} makes it.`,
    );
  writeSkills(join(import.meta.dirname, ".."));
  const deployment: Deployment = {
    variables: readVariables(undefined, isDry ? process.env : {}, file),
    file,
    environment: env,
    wrangler: runWrangler,
    say: (text) => console.log(text),
    keep: (variables) => writeEnvFile(file, variables),
  };
  if (isDry) return rehearse(deployment);
  const url = await deploy(deployment);
  await lookAfterwards(deployment, url);
  console.log(welcome(url));
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        env: { type: "string" },
        file: { type: "string" },
        "dry-run": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw optionObstacle(error, USAGE);
  }
}

function welcome(url: URL): string {
  const ways = installationsOf(`${url.origin}/mcp`).map(
    ({ application, how, command, link }) => `  ${application}: ${command ?? link?.href ?? how}`,
  );
  return `
Deployed: ${url.origin}/mcp
${ways.join("\n")}

npm run try -- --url ${url.origin}/mcp               goes the whole way as a client
npm run doctor -- --url ${url.origin} --as claude    goes it as Claude would
npx wrangler rollback                                takes it back`;
}
