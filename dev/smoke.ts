/**
 * `npm run smoke`: the real Auth0, Upstash and Cloudflare, for whoever has accounts. Secrets come
 * from the environment; without them it says aloud that it was skipped. Everything the doctor
 * checks, and the whole way of every client, sign-in included; what failed comes out.
 */
import { CLIENT_NAMES } from "./doctor/arguments.ts";
import { examine, type Finding } from "./doctor/check.ts";
import { CHECKS } from "./doctor/checks.ts";
import { isHealthy, renderFindings } from "./doctor/report.ts";
import { createSubject, readAccounts } from "./doctor/subject.ts";
import { loadTools } from "./doctor/tools.ts";
import type { Account } from "./smoke/browser.ts";
import { Obstacle } from "./obstacle.ts";
import { readVariables } from "./variables-file.ts";

const NEEDED = `npm run smoke needs
  SMOKE_URL                       the deployment
  SMOKE_EMAIL, SMOKE_PASSWORD     an account of its Auth0 tenant that has every permission, without MFA
  SMOKE_FILE                      the deployment's variables, such as .deploy.vars; or have them in the environment
  AUTH0_MANAGEMENT_TOKEN          optional: reads the switches of the dashboard too`;

const { SMOKE_URL, SMOKE_FILE } = process.env;

try {
  await run();
} catch (error) {
  if (!(error instanceof Obstacle)) throw error;
  console.error([error.message, error.advice].filter(Boolean).join("\n\n"));
  process.exitCode = 2;
}

/** Nothing set is a skip; something set and something missing is a mistake. */
async function run(): Promise<void> {
  const account = readAccount();
  const missing = [
    ...(SMOKE_URL ? [] : ["SMOKE_URL"]),
    ...(account === undefined ? ["SMOKE_EMAIL", "SMOKE_PASSWORD"] : []),
  ].filter((name) => !process.env[name]);
  if (!Object.keys(process.env).some((name) => name.startsWith("SMOKE_")))
    return console.log(`SKIPPED: nothing real was tested.\n\n${NEEDED}`);
  const url = URL.parse(SMOKE_URL ?? "");
  if (account === undefined || missing.length > 0)
    throw new Obstacle(`Nothing was tested: ${missing.join(", ")} is missing.`, NEEDED);
  if (url === null) throw new Obstacle("SMOKE_URL is no address.", NEEDED);
  const findings = await testAll(new URL(url.origin), account);
  console.log(`${renderFindings(findings)}\n\n${renderEnd(findings)}`);
  process.exitCode = isHealthy(findings) ? 0 : 1;
}

/** The last lines: at which step what has failed. */
function renderEnd(findings: readonly Finding[]): string {
  const failed = findings.filter(({ status }) => status === "failure");
  if (failed.length === 0) return `PASSED: ${findings.length} steps.`;
  return failed.map(({ area, id, says }) => `FAILED at ${area}, ${id}: ${says}`).join("\n");
}

/** `SMOKE_PERSON` is somebody of the local tenant: for a rehearsal. */
function readAccount(): Account | undefined {
  const { SMOKE_EMAIL: email, SMOKE_PASSWORD: password, SMOKE_PERSON: person } = process.env;
  if (person) return { person };
  return email && password ? { email, password } : undefined;
}

/** The doctor once, then one client after the other. */
async function testAll(url: URL, signedIn: Account): Promise<readonly Finding[]> {
  const catalogue = await loadTools();
  const variables = readVariables(SMOKE_FILE);
  const subjectOf = (client: (typeof CLIENT_NAMES)[number] | undefined) =>
    createSubject({
      variables,
      file: SMOKE_FILE ?? "",
      url,
      isForDeployment: false,
      login: { account: signedIn },
      client,
      looksAtDirectories: true,
      environmentName: undefined,
      tools: catalogue?.tools,
      permissions: catalogue?.permissions,
      ...(catalogue && { needs: catalogue.needs }),
      ...readAccounts(variables),
    });
  const general = CHECKS.filter(({ id }) => id !== "client" && id !== "login");
  const findings = [...(await examine(general, subjectOf(undefined)))];
  const walk = CHECKS.filter(({ id }) => id === "client");
  for (const client of CLIENT_NAMES) findings.push(...(await examine(walk, subjectOf(client))));
  return findings;
}
