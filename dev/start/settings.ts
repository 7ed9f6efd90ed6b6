/**
 * What `npm run dev` starts, and with which variables. The environment and the generated keys go
 * in; ports, folders and the Worker's variables come out, or everything that is wrong with them at
 * once. A value is never printed.
 */
import { join, resolve } from "node:path";
import * as z from "zod";
import { type Config, isConfig, loadConfig, VARIABLES } from "../../src/config.ts";
import { Obstacle } from "../obstacle.ts";
import type { Keys } from "./keys.ts";
import type { Claim } from "./ports.ts";
import { chooseNamed, readFiles } from "./team-variables.ts";

type Environment = Readonly<Record<string, string | undefined>>;
type Variables = Readonly<Record<string, string>>;

export interface Places {
  readonly keys: string;
  /** What the local tenant and the local store remember. */
  readonly data: string;
  /** What wrangler keeps: the local KV, D1, R2, queues. */
  readonly wrangler: string;
}

export interface Ports {
  readonly worker: number;
  readonly tenant: number;
  readonly store: number;
  /** For a debugger. */
  readonly inspector: number;
}

export interface Settings {
  readonly ports: Ports;
  /** What the Worker makes of its variables. */
  readonly config: Config;
  readonly variables: Variables;
  /** Names in `.env` and `.dev.vars` that are not used here. */
  readonly leftOut: readonly string[];
  /**
   * Whether the Worker signs people in at the local tenant, and keeps its records in the local
   * store.
   */
  readonly usesLocalTenant: boolean;
  readonly usesLocalStore: boolean;
}

const ROOT = resolve(import.meta.dirname, "../..");

const port = (fallback: number) =>
  z.coerce
    .number("must be a port")
    .int("must be a port")
    .min(1, "must be a port")
    .max(65_535, "must be a port")
    .default(fallback);

const portsSchema = z.object({
  DEV_PORT: port(8787),
  DEV_AUTH0_PORT: port(4400),
  DEV_UPSTASH_PORT: port(8079),
  DEV_INSPECTOR_PORT: port(9229),
});

/** Where everything is kept: in `.dev` beside package.json, or in `DEV_DIR`. */
export function placesOf({ DEV_DIR = "" }: Environment): Places {
  const folder = resolve(ROOT, DEV_DIR || ".dev");
  return {
    keys: join(folder, "keys.env"),
    data: join(folder, "data"),
    wrangler: join(folder, "wrangler"),
  };
}

/**
 * Everything else. A variable of the Worker that the environment sets is used as it is; what tools
 * need comes from `.env`, `.dev.vars` and the environment, of which the later wins.
 */
export function readSettings(environment: Environment, keys: Keys): Settings {
  const set = withoutEmpty(environment);
  const ports = readPorts(set);
  const baseUrl = `http://localhost:${ports.worker}`;
  const tenant = `http://localhost:${ports.tenant}`;
  const store = `http://127.0.0.1:${ports.store}`;
  const { variables: fromFiles, leftOut } = readFiles(ROOT);
  const variables = {
    ...fromFiles,
    ...chooseNamed(environment, ROOT),
    RESOURCE_BASE_URL: baseUrl,
    JWT_SIGNING_KEY: keys.JWT_SIGNING_KEY,
    STORAGE_ENCRYPTION_KEY: keys.STORAGE_ENCRYPTION_KEY,
    ...(isElsewhere(set["AUTH0_DOMAIN"], tenant) ? {} : localTenant(tenant, keys)),
    ...(isElsewhere(set["UPSTASH_REDIS_REST_URL"], store) ? {} : localStore(store, keys)),
    ...Object.fromEntries(Object.entries(set).filter(([name]) => VARIABLES.includes(name))),
  };
  const config = checkVariables(variables, baseUrl);
  return {
    ports,
    config,
    variables,
    leftOut,
    usesLocalTenant: config.auth?.identity.issuer === `${tenant}/`,
    usesLocalStore: config.auth?.store.url === store,
  };
}

/** The ports that will be listened on, each with the variable that moves it. */
export function claimsOf({ ports, usesLocalTenant, usesLocalStore }: Settings): readonly Claim[] {
  return [
    { port: ports.worker, variable: "DEV_PORT" },
    ...(usesLocalTenant ? [{ port: ports.tenant, variable: "DEV_AUTH0_PORT" }] : []),
    ...(usesLocalStore ? [{ port: ports.store, variable: "DEV_UPSTASH_PORT" }] : []),
  ];
}

/** An empty variable is an absent one, as it is for the Worker. */
function withoutEmpty(environment: Environment): Variables {
  const entries = Object.entries(environment);
  return Object.fromEntries(
    entries.flatMap(([name, value]) => (value?.trim() ? [[name, value]] : [])),
  );
}

function readPorts(set: Variables): Ports {
  const read = portsSchema.safeParse(set);
  if (!read.success) {
    const problems = read.error.issues.map(({ path, message }) => `${path.join()} ${message}.`);
    throw new Obstacle(problems.join("\n"));
  }
  const { DEV_PORT, DEV_AUTH0_PORT, DEV_UPSTASH_PORT, DEV_INSPECTOR_PORT } = read.data;
  return {
    worker: DEV_PORT,
    tenant: DEV_AUTH0_PORT,
    store: DEV_UPSTASH_PORT,
    inspector: DEV_INSPECTOR_PORT,
  };
}

/** Whether a variable names another place than the local part's own address. */
function isElsewhere(value: string | undefined, local: string): boolean {
  if (value === undefined) return false;
  return URL.parse(value.replace(/^(?!https?:)/, "http://"))?.host !== new URL(local).host;
}

/** The local tenant knows one application and one API; their names are no secrets. */
function localTenant(url: string, keys: Keys): Variables {
  return {
    AUTH0_DOMAIN: url,
    AUTH0_CLIENT_ID: "local-application",
    AUTH0_CLIENT_SECRET: keys.AUTH0_CLIENT_SECRET,
    AUTH0_AUDIENCE: "https://local-api.test",
    // An empty variable is an absent one, whatever wrangler.toml says for the real tenant.
    AUTH0_ORGANIZATION: "",
    AUTH0_ORGANIZATIONS: "",
    AUTH0_CONNECTION: "",
    AUTH0_API_CLIENT_ID: "local-api-client",
    AUTH0_API_CLIENT_SECRET: keys.AUTH0_API_CLIENT_SECRET,
  };
}

function localStore(url: string, keys: Keys): Variables {
  return {
    UPSTASH_REDIS_REST_URL: url,
    UPSTASH_REDIS_REST_TOKEN: keys.UPSTASH_REDIS_REST_TOKEN,
  };
}

/** Asks the Worker's own schema, so that nothing starts with variables that it would refuse. */
function checkVariables(variables: Variables, baseUrl: string): Config {
  const loaded = loadConfig(variables, new URL(baseUrl));
  if (isConfig(loaded)) return loaded;
  const problems = loaded.map(({ variable, problem }) => `${variable} ${problem}.`);
  throw new Obstacle(
    ["The environment sets variables that do not work:", ...problems].join("\n  "),
  );
}
