/**
 * What `wrangler.toml` says about the deployment. The file, as wrangler reads it, goes in; verdicts
 * come out. Nothing is changed.
 */
import { type Check, failure, ok, type Verdict, warning } from "./check.ts";
import type { Subject } from "./subject.ts";
import { LIMIT_BINDINGS } from "../../src/edge/limits.ts";
import { isObject } from "./answers.ts";
import { PLACEHOLDER } from "./variables.ts";

type Settings = Readonly<Record<string, unknown>>;

export const WRANGLER_CHECKS: readonly Check[] = [
  {
    id: "wrangler",
    area: "wrangler.toml",
    examine: async (subject) =>
      judgeWrangler(await readWrangler(subject.environmentName), {
        ...subject,
        production:
          subject.environmentName === undefined ? undefined : await readWrangler(undefined),
      }),
  },
  {
    id: "bindings",
    area: "wrangler.toml",
    examine: async (subject) => judgeBindings(await readWrangler(subject.environmentName), subject),
  },
];

/** wrangler's own reading; nothing when there is no such file or environment. */
async function readWrangler(environment: string | undefined): Promise<Settings | undefined> {
  const { unstable_readConfig: readConfig } = await import("wrangler");
  try {
    return { ...readConfig({ config: "wrangler.toml", env: environment }, { hideWarnings: true }) };
  } catch {
    return undefined;
  }
}

type Judged = Pick<Subject, "variables" | "isForDeployment" | "url"> & {
  /** What stands at the top, when it is another environment that is judged. */
  readonly production?: Settings | undefined;
};

/** What is left out here bites later. */
export function judgeWrangler(settings: Settings | undefined, judged: Judged): readonly Verdict[] {
  if (settings === undefined)
    return [
      failure(
        "wrangler.toml has no such environment",
        "Add [env.NAME], as docs/operations.md shows.",
      ),
    ];
  const verdicts = [
    settings["keep_vars"] === true
      ? undefined
      : warning(
          "a deploy takes away the variables that were set in Cloudflare's dashboard",
          "keep_vars = true in wrangler.toml.",
        ),
    judgeLimits(settings),
    judgeShared(settings, judged.production),
    judgeFlags(settings["compatibility_flags"]),
    isObject(settings["triggers"]) && isFilled(settings["triggers"]["crons"])
      ? undefined
      : warning(
          "there is no cron trigger: Auth0 is not told of sessions that ended while it was away",
          '[triggers] crons = ["*/10 * * * *"] in wrangler.toml.',
        ),
    judgeAddresses(settings),
    judgeRoutes(settings, judged),
    judgeSecrets(settings["vars"]),
    judgePreviews(settings),
  ].filter((verdict) => verdict !== undefined);
  return verdicts.length > 0 ? verdicts : [ok("wrangler.toml is as it should be")];
}

/** Each limit is a binding of its own; without one nobody is counted there. */
function judgeLimits({ ratelimits }: Settings): Verdict | undefined {
  const names = listOf(ratelimits).map(({ name }) => name);
  const missing = LIMIT_BINDINGS.filter((name) => !names.includes(name));
  if (missing.length === 0) return undefined;
  return warning(
    missing.length === LIMIT_BINDINGS.length
      ? "there is no rate-limit binding: strangers can call as often as they like"
      : `there is no rate-limit binding ${missing.join(", ")}: nobody is counted there`,
    "[[ratelimits]] in wrangler.toml, as the repository has it; an [env.NAME] inherits none.",
  );
}

/** A counter belongs to the account, not to the Worker. */
function judgeShared(settings: Settings, production: Settings | undefined): Verdict | undefined {
  const ids = listOf(production?.["ratelimits"]).map(({ namespace_id }) => namespace_id);
  const shared = listOf(settings["ratelimits"]).filter(({ namespace_id }) =>
    ids.includes(namespace_id),
  );
  if (shared.length === 0) return undefined;
  return warning(
    `${shared.map(({ name }) => String(name)).join(", ")} counts together with production's`,
    "Another namespace_id for each [[env.NAME.ratelimits]].",
  );
}

/** What the Worker is built on, and what is lost without it. */
const FLAGS: Readonly<Record<string, string>> = {
  global_fetch_strictly_public: "documents of clients could be asked for at inner addresses",
  nodejs_als: "a line of the log cannot say what its request cost the store",
  enable_request_signal: "a tool does not learn that its client has gone",
};

function judgeFlags(flags: unknown): Verdict | undefined {
  const missing = Object.keys(FLAGS).filter(
    (name) => !(Array.isArray(flags) && flags.includes(name)),
  );
  if (missing.length === 0) return undefined;
  return failure(
    `compatibility_flags lack ${missing.map((name) => `${name} (${FLAGS[name]})`).join(", ")}`,
    "compatibility_flags in wrangler.toml, as the repository has them.",
  );
}

/** workers.dev beside a host of one's own is a second door to the same secrets. */
function judgeAddresses(settings: Settings): Verdict | undefined {
  if (settings["workers_dev"] !== true || hostsOf(settings).length === 0) return undefined;
  return warning(
    "the Worker answers at workers.dev too, beside its own host",
    "workers_dev = false in wrangler.toml, once clients use the host.",
  );
}

type Needy = Pick<Subject, "variables" | "needs" | "file">;

/** What tools need of `env` is a variable or a binding; an environment inherits no binding. */
export function judgeBindings(
  settings: Settings | undefined,
  { variables, needs = new Map(), file }: Needy,
): readonly Verdict[] {
  if (settings === undefined || Object.keys(variables).length === 0) return [];
  const bound = new Set(Object.values(settings).flatMap(namesIn));
  const vars = isObject(settings["vars"]) ? Object.keys(settings["vars"]) : [];
  const missing = [...needs].filter(
    ([name]) => !variables[name] && !bound.has(name) && !vars.includes(name),
  );
  const unfilled = Object.values(settings)
    .flatMap(idsIn)
    .filter((id) => PLACEHOLDER.test(id));
  return [
    ...missing.map(([name, tool]) =>
      failure(
        `${name} is missing, which ${tool} needs`,
        `A secret: in ${file}, its name in .dev.vars.example. A binding: in wrangler.toml, in an [env.NAME] too.`,
      ),
    ),
    ...(unfilled.length === 0
      ? []
      : [
          failure(
            `a binding in wrangler.toml has a placeholder as its id`,
            "npx wrangler kv namespace create, d1 create, …: put the id that it prints there.",
          ),
        ]),
  ];
}

/** `binding` is what most kinds call it; durable objects, limits and mail say `name`. */
function namesIn(setting: unknown): readonly string[] {
  return fieldsIn(setting, ["binding", "name"]);
}

function idsIn(setting: unknown): readonly string[] {
  return fieldsIn(setting, ["id", "database_id", "bucket_name", "queue"]);
}

function fieldsIn(setting: unknown, names: readonly string[]): readonly string[] {
  if (Array.isArray(setting)) return setting.flatMap((item) => fieldsIn(item, names));
  if (!isObject(setting)) return [];
  return Object.entries(setting).flatMap(([key, value]) =>
    typeof value === "string" ? (names.includes(key) ? [value] : []) : fieldsIn(value, names),
  );
}

function listOf(list: unknown): readonly Settings[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}

/** A host in `routes` is the one that clients must be told. */
function judgeRoutes(
  settings: Settings,
  { variables, isForDeployment, url }: Judged,
): Verdict | undefined {
  if (!isForDeployment && url === undefined) return undefined;
  const hosts = hostsOf(settings);
  const base = URL.parse(variables["RESOURCE_BASE_URL"] ?? "")?.host;
  if (hosts.length === 0 || base === undefined || hosts.includes(base)) return undefined;
  return failure(
    `routes say ${hosts.join(", ")}, RESOURCE_BASE_URL says ${base}`,
    "Clients reach one address: make them the same.",
  );
}

function hostsOf(settings: Settings): string[] {
  const routes = [settings["routes"] ?? [], settings["route"] ?? []].flat();
  return routes.flatMap((route: unknown) => {
    const pattern = isObject(route) ? route["pattern"] : route;
    const [host = ""] =
      typeof pattern === "string" ? pattern.replace(/^https?:\/\//, "").split("/") : [];
    return host === "" || host.includes("*") ? [] : [host];
  });
}

const SECRETS = /(SECRET|TOKEN|KEY)$/;

/** `[vars]` are readable in the dashboard, and in the repository. */
function judgeSecrets(vars: unknown): Verdict | undefined {
  const names = isObject(vars) ? Object.keys(vars).filter((name) => SECRETS.test(name)) : [];
  if (names.length === 0) return undefined;
  return failure(
    `${names.join(", ")} in [vars] of wrangler.toml can be read by everybody`,
    "Take it out, make a new one, and upload that with npm run deploy.",
  );
}

/** A preview is another address with the same secrets. */
function judgePreviews(settings: Settings): Verdict | undefined {
  return settings["preview_urls"] === false
    ? undefined
    : warning(
        "every version has a preview URL, with production's secrets behind it",
        "preview_urls = false in wrangler.toml.",
      );
}

function isFilled(list: unknown): boolean {
  return Array.isArray(list) && list.length > 0;
}
