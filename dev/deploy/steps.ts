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
import { isHealthy, renderFindings } from "../doctor/report.ts";
import { createSubject, type Subject } from "../doctor/subject.ts";
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
const OFFLINE = ["variables", "unknown-names", "placeholders", "key-strength", "wrangler"];

/** Says what would be done, and lets wrangler bundle it. */
export async function rehearse(deployment: Deployment): Promise<void> {
  const { variables, environment, wrangler, say } = deployment;
  await look(deployment, { isForDeployment: true }, OFFLINE);
  say(`Would upload: ${namesOf(variables).join(", ")}`);
  await wrangler(["deploy", "--dry-run", ...environmentOf(environment)]);
  say("Would look at the deployment with npm run doctor, and print how clients connect.");
}

/** Deploys. A Worker without an address of its own is deployed twice: workers.dev tells it. */
export async function deploy(deployment: Deployment): Promise<URL> {
  const { keep, say } = deployment;
  const given = deployment.variables["RESOURCE_BASE_URL"];
  if (given === undefined) {
    const printed = await upload(deployment);
    const address = findAddress(printed);
    if (address === undefined)
      throw new Obstacle(
        "wrangler printed no workers.dev address.",
        "Put RESOURCE_BASE_URL into the file of variables, and run it again.",
      );
    const variables = { ...deployment.variables, RESOURCE_BASE_URL: address };
    keep(variables);
    say(
      `Its address is ${address}. Add ${address}/auth/callback to Allowed Callback URLs at Auth0.`,
    );
    return deploy({ ...deployment, variables });
  }
  await look(deployment, { isForDeployment: true }, BEFORE);
  await upload(deployment);
  return new URL(given);
}

/** Everything that can be known before it is live. */
const BEFORE = CHECKS.filter(({ area }) => area !== "Deployment" && area !== "Client").map(
  ({ id }) => id,
);

/** What clients will meet. */
export async function lookAfterwards(deployment: Deployment, url: URL): Promise<void> {
  await look(deployment, { isForDeployment: true, url }, AFTER);
}

const AFTER = CHECKS.filter(({ area }) => area === "Deployment").map(({ id }) => id);

/** The first `https://….workers.dev` in what wrangler printed. */
export function findAddress(printed: string): string | undefined {
  return /https:\/\/[\w-]+(?:\.[\w-]+)*\.workers\.dev/.exec(printed)?.[0];
}

async function look(
  { variables, file, environment, say }: Deployment,
  options: Partial<Subject>,
  ids: readonly string[],
): Promise<void> {
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
    managementToken: undefined,
    ...options,
  });
  const findings = await examine(
    CHECKS.filter(({ id }) => ids.includes(id)),
    subject,
  );
  say(renderFindings(findings));
  assertHealthy(findings);
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
  return [...known, ...Object.keys(variables).filter((name) => !VARIABLES.includes(name))];
}

function environmentOf(environment: string | undefined): readonly string[] {
  return environment === undefined ? [] : ["--env", environment];
}
