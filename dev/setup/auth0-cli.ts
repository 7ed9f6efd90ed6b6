/**
 * The Auth0 CLI (`auth0 api …`), when it is installed and signed in. Requests of the Management API
 * go in, answers come out. It keeps its own credentials; none pass through here.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Obstacle } from "../obstacle.ts";
import {
  type Found,
  isFields,
  NAME,
  planRole,
  planRolePermissions,
  planSettings,
  type Request,
  type Wanted,
} from "./auth0-plan.ts";

const run = promisify(execFile);

type Fields = Readonly<Record<string, unknown>>;

/** Whether there is one. */
export async function hasAuth0Cli(): Promise<boolean> {
  return run("auth0", ["--version"]).then(
    () => true,
    () => false,
  );
}

/** What the tenant has; the application is the one of that id, or the one that was made here. */
export async function findAtAuth0(wanted: Wanted, clientId: string | undefined): Promise<Found> {
  const apis = listOf(await get("resource-servers"), "resource_servers");
  const applications = listOf(await get("clients"), "clients");
  const roles = listOf(await get("roles"), "roles");
  return {
    api: apis.find((api) => api["identifier"] === wanted.audience),
    application: applications.find((application) =>
      clientId ? application["client_id"] === clientId : application["name"] === NAME,
    ),
    role: roles.find((role) => role["name"] === NAME),
  };
}

export interface Application {
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
}

/** Does what is missing, and says what; the application comes back, since it may be a new one. */
export async function perform(
  wanted: Wanted,
  found: Found,
  say: (text: string) => void,
): Promise<Application> {
  let { application, role } = found;
  for (const request of planSettings(wanted, found)) {
    const answer = await send(request, say);
    if (request.path.startsWith("clients")) application = { ...application, ...answer };
  }
  const creation = planRole(wanted, found);
  if (creation !== undefined) role = await send(creation, say);
  if (role !== undefined && wanted.permissions.length > 0)
    await send(planRolePermissions(wanted, role), say);
  return {
    clientId: textOf(application?.["client_id"]),
    clientSecret: textOf(application?.["client_secret"]),
  };
}

async function send(request: Request, say: (text: string) => void): Promise<Fields> {
  say(request.does);
  const words = ["api", request.method, request.path, "--data", JSON.stringify(request.body)];
  return call(words, request.does);
}

async function get(path: string): Promise<unknown> {
  return call(["api", "get", path], `read ${path}`);
}

/** What it prints on stderr may name a token's scopes, and is for whoever runs it. */
async function call(words: readonly string[], does: string): Promise<Fields> {
  try {
    const { stdout } = await run("auth0", [...words], { maxBuffer: 16 * 1024 * 1024 });
    const answer: unknown = stdout.trim() === "" ? {} : JSON.parse(stdout);
    return Array.isArray(answer) ? { list: answer } : isFields(answer) ? answer : {};
  } catch {
    throw new Obstacle(
      `The Auth0 CLI could not ${does}.`,
      "auth0 login, with the tenant that AUTH0_DOMAIN names; then run npm run setup again.",
    );
  }
}

function listOf(answer: unknown, name: string): readonly Fields[] {
  if (!isFields(answer)) return [];
  const list = answer["list"] ?? answer[name];
  return Array.isArray(list) ? list.filter(isFields) : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
