/**
 * A deployment, step by step: judged first, uploaded with its secrets, looked at afterwards.
 * Variables and a way to run wrangler go in; the address comes out. Secrets go to wrangler in a file
 * of their own, which is gone afterwards; none is an argument, and none is printed.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VARIABLES } from "../../src/config.ts";
import { examine, type Finding } from "../doctor/check.ts";
import { CHECKS } from "../doctor/checks.ts";
import { DOCTOR_VARIABLES } from "../doctor/own-variables.ts";
import { isHealthy, renderFindings } from "../doctor/report.ts";
import { createSubject, readAccounts, type Subject } from "../doctor/subject.ts";
import { loadTools } from "../doctor/tools.ts";
import { Obstacle } from "../obstacle.ts";

export type Variables = Readonly<Record<string, string>>;

export interface Deployment {
  readonly variables: Variables;
  readonly file: string;
  readonly environment: string | undefined;
  /** Runs wrangler with these words; what it prints comes out. */
  readonly wrangler: (words: readonly string[]) => Promise<string>;
  readonly say: (text: string) => void;
  /** Keeps the address that workers.dev gave. */
  readonly keep: (variables: Variables) => void;
}

/** Without asking anybody: for a rehearsal. */
const OFFLINE = [
  "variables",
  "unknown-names",
  "tool-secrets",
  "placeholders",
  "key-strength",
  "wrangler",
  "bindings",
];

/** Says what would be done, and lets wrangler bundle it. */
export async function rehearse(deployment: Deployment): Promise<void> {
  const { variables, file, environment, wrangler, say } = deployment;
  const names = namesOf(variables);
  const findings = names.length === 0 ? [] : await examineAll(deployment, {}, OFFLINE);
  if (names.length === 0)
    say(`There is no ${file} yet: npm run setup makes it. The rest, without it:`);
  else say(`${renderFindings(findings)}\n\nWould upload: ${names.join(", ")}`);
  await wrangler(["deploy", "--dry-run", ...environmentOf(environment)]);
  say("Would look at the deployment with npm run doctor, and print how clients connect.");
  assertHealthy(findings);
}

/** Deploys. A Worker without an address of its own is deployed twice: workers.dev tells it. */
export async function deploy(deployment: Deployment): Promise<URL> {
  const given = deployment.variables["RESOURCE_BASE_URL"];
  if (given === undefined) return deployToLearnAddress(deployment);
  await look(deployment, {}, BEFORE);
  await upload(deployment);
  return new URL(given);
}

/** What is to be said of an address that nobody knows yet. */
const OF_THE_ADDRESS: readonly string[] = ["addresses", "authorize", "organization", "application"];

async function deployToLearnAddress(deployment: Deployment): Promise<URL> {
  const { keep, say } = deployment;
  await look(
    deployment,
    {},
    BEFORE.filter((id) => !OF_THE_ADDRESS.includes(id)),
  );
  const address = findAddress(await upload(deployment));
  if (address === undefined)
    throw new Obstacle(
      "wrangler printed no workers.dev address.",
      "Put RESOURCE_BASE_URL into the file of variables, and run it again.",
    );
  const variables = { ...deployment.variables, RESOURCE_BASE_URL: address };
  keep(variables);
  say(`Its address is ${address}.`);
  const known = { ...deployment, variables };
  const findings = await examineAll(known, {}, [...OF_THE_ADDRESS, "management"]);
  if (!isHealthy(findings))
    throw new Obstacle(
      `${renderFindings(findings)}\n\nAuth0 does not know the address yet: half of it is done.`,
      `Add ${address}/auth/callback to Allowed Callback URLs at Auth0, and run npm run deploy again.`,
    );
  await upload(known);
  return new URL(address);
}

/** Everything that can be known before it is live. */
const BEFORE = CHECKS.filter(({ area }) => area !== "Deployment" && area !== "Client").map(
  ({ id }) => id,
);

/** What clients will meet. */
export async function lookAfterwards(deployment: Deployment, url: URL): Promise<void> {
  await look(deployment, { url }, AFTER);
}

const AFTER = CHECKS.filter(({ area }) => area === "Deployment").map(({ id }) => id);

/** The first `https://….workers.dev` in what wrangler printed. */
export function findAddress(printed: string): string | undefined {
  return /https:\/\/[\w-]+(?:\.[\w-]+)*\.workers\.dev/.exec(printed)?.[0];
}

async function look(
  deployment: Deployment,
  options: Partial<Subject>,
  ids: readonly string[],
): Promise<void> {
  const findings = await examineAll(deployment, options, ids);
  deployment.say(renderFindings(findings));
  assertHealthy(findings);
}

async function examineAll(
  { variables, file, environment }: Deployment,
  options: Partial<Subject>,
  ids: readonly string[],
): Promise<readonly Finding[]> {
  const catalogue = await loadTools();
  const subject = createSubject({
    variables,
    file,
    url: undefined,
    isForDeployment: true,
    login: undefined,
    client: undefined,
    looksAtDirectories: false,
    environmentName: environment,
    tools: catalogue?.tools,
    permissions: catalogue?.permissions,
    ...(catalogue && { needs: catalogue.needs }),
    ...readAccounts(variables),
    ...options,
  });
  return examine(
    CHECKS.filter(({ id }) => ids.includes(id)),
    subject,
  );
}

function assertHealthy(findings: readonly Finding[]): void {
  if (isHealthy(findings)) return;
  throw new Obstacle("Something is wrong.", "Mend what is marked ✗, and run it again.");
}

async function upload({ variables, environment, wrangler }: Deployment): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "deploy-"));
  const secrets = join(folder, "secrets.json");
  try {
    const set = namesOf(variables).map((name) => [name, variables[name]]);
    await writeFile(secrets, JSON.stringify(Object.fromEntries(set)), { mode: 0o600 });
    return await wrangler(["deploy", "--secrets-file", secrets, ...environmentOf(environment)]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Ours, and whatever else the file has: the tools' own. */
function namesOf(variables: Variables): readonly string[] {
  const known = VARIABLES.filter((name) => name in variables);
  const theirs = Object.keys(variables).filter(
    (name) => !VARIABLES.includes(name) && !DOCTOR_VARIABLES.includes(name),
  );
  return [...known, ...theirs];
}

/** Said even when it is none: wrangler would warn of the others. */
function environmentOf(environment: string | undefined): readonly string[] {
  return [`--env=${environment ?? ""}`];
}
