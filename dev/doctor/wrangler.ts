/**
 * What `wrangler.toml` says about the deployment. The file, as wrangler reads it, goes in; verdicts
 * come out. Nothing is changed.
 */
import { type Check, failure, ok, type Verdict, warning } from "./check.ts";
import type { Subject } from "./subject.ts";
import { isObject } from "./answers.ts";

type Settings = Readonly<Record<string, unknown>>;

export const WRANGLER_CHECKS: readonly Check[] = [
  {
    id: "wrangler",
    area: "wrangler.toml",
    examine: async (subject) => judgeWrangler(await readWrangler(subject.environmentName), subject),
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

type Judged = Pick<Subject, "variables" | "isForDeployment" | "url">;

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
    isFilled(settings["ratelimits"])
      ? undefined
      : warning(
          "there is no rate-limit binding: strangers can call as often as they like",
          "[[ratelimits]] in wrangler.toml, as the repository has it.",
        ),
    judgeRoutes(settings, judged),
    judgeSecrets(settings["vars"]),
    judgePreviews(settings),
  ].filter((verdict) => verdict !== undefined);
  return verdicts.length > 0 ? verdicts : [ok("wrangler.toml is as it should be")];
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
