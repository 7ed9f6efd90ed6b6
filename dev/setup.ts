/**
 * `npm run setup`: asks what it cannot know, checks each answer at once, makes the keys, writes the
 * file of variables, and tells or does the Auth0 side. Creates nothing twice, prints no secret.
 */
import { parseArgs } from "node:util";
import { deploymentFile } from "./deploy/file.ts";
import { loadTools } from "./doctor/tools.ts";
import { Obstacle } from "./obstacle.ts";
import { optionObstacle } from "./options.ts";
import { findAtAuth0, hasAuth0Cli, perform } from "./setup/auth0-cli.ts";
import { planRole, planSettings, renderRequest, type Wanted } from "./setup/auth0-plan.ts";
import { interview, readAnswer, type Variables, withKeys } from "./setup/interview.ts";
import { QUESTIONS } from "./setup/questions.ts";
import { assertTerminal, terminal } from "./setup/terminal.ts";
import { writeEnvFile } from "./start/env-file.ts";
import { LOCAL_FILE, readVariables } from "./variables-file.ts";

const USAGE = `npm run setup -- [options]
  --deploy          for a deployment (.deploy.vars); else for this machine (.dev.vars)
  --env staging     for that environment of wrangler.toml (.deploy.vars.staging)
  --dry-run         asks nothing, changes nothing: says what it would do with the variables it finds
  --help            this text`;

try {
  await setUp();
} catch (error) {
  if (!(error instanceof Obstacle)) throw error;
  console.error([error.message, error.advice].filter(Boolean).join("\n\n"));
  process.exitCode = 1;
}

async function setUp(): Promise<void> {
  const { deploy, env, "dry-run": isDry, help } = readArguments();
  if (help) return console.log(USAGE);
  const isForDeployment = deploy || env !== undefined;
  const file = isForDeployment ? deploymentFile(env) : LOCAL_FILE;
  const permissions = (await loadTools())?.permissions ?? [];
  const known = readVariables(undefined, {}, file);
  const given = isDry ? readVariables(undefined, process.env, file) : known;
  if (isDry) return rehearse(file, wantedOf(given, permissions, isForDeployment), given);
  assertTerminal();
  const prepared = await prepareAuth0(given, permissions, isForDeployment);
  const variables = await interview({
    person: terminal,
    known: prepared,
    isForDeployment,
    permissions,
    hasAnswered: prepared === given ? [] : ["RESOURCE_BASE_URL"],
  });
  writeEnvFile(file, variables);
  console.log(
    `\n${file} is written, for you only. Next:\n${nextSteps(isForDeployment, env).join("\n")}`,
  );
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        deploy: { type: "boolean", default: false },
        env: { type: "string" },
        "dry-run": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw optionObstacle(error, USAGE);
  }
}

/** Names only: a value is never printed. */
function rehearse(file: string, wanted: Wanted, known: Variables): void {
  const made = Object.keys(withKeys(known)).filter((name) => !(name in known));
  console.log(`Would write ${file}:`);
  for (const name of Object.keys(known)) console.log(`  ${name}  (kept)`);
  for (const name of made) console.log(`  ${name}  (made)`);
  console.log("\nAt Auth0, with its CLI:");
  for (const line of auth0Lines(wanted)) console.log(`  ${line}`);
}

/** What would be done in an empty tenant. */
function auth0Lines(wanted: Wanted): readonly string[] {
  const nothing = { api: undefined, application: undefined, role: undefined };
  const role = planRole(wanted, nothing);
  return [...planSettings(wanted, nothing), ...(role === undefined ? [] : [role])].map(
    renderRequest,
  );
}

function wantedOf(
  variables: Variables,
  permissions: readonly string[],
  isForDeployment: boolean,
): Wanted {
  const local = `http://localhost:${process.env["DEV_PORT"] || "8787"}`;
  const base = variables["RESOURCE_BASE_URL"] ?? (isForDeployment ? undefined : local);
  return {
    audience: variables["AUTH0_AUDIENCE"] ?? "https://mcp.example.com/",
    callbackUrl: base === undefined ? undefined : new URL("/auth/callback", base).href,
    loginUrl: base?.startsWith("https:") === true ? new URL("/login", base).href : undefined,
    permissions,
  };
}

/** With the Auth0 CLI at hand it can do the other side itself, once it knows the API's name. */
async function prepareAuth0(
  known: Variables,
  permissions: readonly string[],
  isForDeployment: boolean,
): Promise<Variables> {
  if (!(await hasAuth0Cli())) {
    terminal.tell(
      "Without the Auth0 CLI, set up Auth0 by hand: docs/auth0-setup.md, three pages of its dashboard.",
    );
    return known;
  }
  if (
    !(await terminal.confirm(
      "Shall the Auth0 CLI make or mend the API, the application and a role?",
    ))
  )
    return known;
  const base = isForDeployment ? await askForAddress(known) : undefined;
  const place = base === undefined ? known : { ...known, RESOURCE_BASE_URL: base };
  const audience = await terminal.ask(
    { variable: "AUTH0_AUDIENCE", asks: "The identifier of the API, any URL", checks: [] },
    known["AUTH0_AUDIENCE"] ?? base,
  );
  if (!audience) return { ...place };
  const wanted = wantedOf({ ...place, AUTH0_AUDIENCE: audience }, permissions, isForDeployment);
  const found = await findAtAuth0(wanted, known["AUTH0_CLIENT_ID"]);
  const { clientId, clientSecret } = await perform(wanted, found, terminal.tell);
  return {
    ...place,
    AUTH0_AUDIENCE: audience,
    ...(clientId && { AUTH0_CLIENT_ID: clientId }),
    ...(clientSecret && { AUTH0_CLIENT_SECRET: clientSecret }),
  };
}

/** Auth0 has to know the callback before anything else; at workers.dev it is not known yet. */
async function askForAddress(known: Variables): Promise<string | undefined> {
  const question = QUESTIONS.find(({ variable }) => variable === "RESOURCE_BASE_URL");
  const given = question && (await terminal.ask(question, known["RESOURCE_BASE_URL"]));
  return question && (URL.parse(readAnswer(question, given))?.origin ?? undefined);
}

function nextSteps(isForDeployment: boolean, env: string | undefined): readonly string[] {
  const options = env === undefined ? "" : ` -- --env ${env}`;
  return isForDeployment
    ? ["  npx wrangler login", `  npm run deploy${options}`]
    : ["  npm run doctor", "  npx wrangler dev"];
}
