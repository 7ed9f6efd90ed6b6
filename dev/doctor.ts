/**
 * `npm run doctor`: what is wrong with the variables, Auth0, the store, a deployment, before people
 * notice. Options go in, findings with what to do come out. Changes nothing, prints no value.
 */
import { readArguments, USAGE, type Wish } from "./doctor/arguments.ts";
import { examine } from "./doctor/check.ts";
import { CHECKS } from "./doctor/checks.ts";
import { isHealthy, renderFindings, renderJson } from "./doctor/report.ts";
import { createSubject, readAccounts, type Subject } from "./doctor/subject.ts";
import { loadTools } from "./doctor/tools.ts";
import { Obstacle } from "./obstacle.ts";
import { readVariables } from "./variables-file.ts";

try {
  const wish = readArguments();
  if (wish === undefined) console.log(USAGE);
  else await look(wish);
} catch (error) {
  if (!(error instanceof Obstacle)) throw error;
  console.error([error.message, error.advice].filter(Boolean).join("\n\n"));
  process.exitCode = 2;
}

async function look(wish: Wish): Promise<void> {
  const findings = await examine(CHECKS, await findSubject(wish));
  console.log(wish.json ? renderJson(findings) : renderFindings(findings));
  process.exitCode = isHealthy(findings) ? 0 : 1;
}

async function findSubject(wish: Wish): Promise<Subject> {
  const catalogue = await loadTools();
  const variables = readVariables(wish.file, process.env, wish.usualFile);
  return createSubject({
    variables,
    file: wish.file ?? wish.usualFile,
    url: wish.url,
    isForDeployment: wish.isForDeployment,
    login: wish.login ? { ...(wish.person && { person: wish.person }) } : undefined,
    client: wish.client,
    looksAtDirectories: wish.directory,
    environmentName: wish.environmentName,
    tools: catalogue?.tools,
    permissions: catalogue?.permissions,
    ...(catalogue && { needs: catalogue.needs }),
    ...readAccounts(variables),
  });
}
