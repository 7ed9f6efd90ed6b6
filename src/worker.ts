/**
 * The Worker: the environment and what is served, each checked once, become the parts, and they
 * answer requests. Sees every room; no logic.
 */
import { env as environment } from "cloudflare:workers";
import { createParts, now, type Outward, type Served } from "./assembly.ts";
import { type Config, type ConfigProblem, type Env, isConfig, loadConfig } from "./config.ts";
import { leadHome } from "./edge/home.ts";
import { createLimits, missingBindings } from "./edge/limits.ts";
import { type Trail, warnConfig, warnOnce } from "./edge/log.ts";
import { atPlainPath } from "./edge/origin.ts";
import { createPassage, type Passage, refuseWith } from "./edge/passage.ts";
import { PAGES } from "./edge/routes.ts";
import { loadCatalogue, missingNeeds } from "./mcp/catalogue.ts";
import { sayFarewells } from "./grants/farewell.ts";
import type { GateParts } from "./mcp/gate.ts";
import { addMcpRoutes } from "./mcp-routes.ts";
import type { Offerings } from "./mcp/tool.ts";
import { warmUp } from "./mcp/warm-up.ts";
import { renderIcon } from "./pages/icon.tsx";
import { createLook, PLAIN_SITE } from "./pages/look.ts";
import type { Parts } from "./parts.ts";
import { answerDocument, describeServer } from "./pages/server-card.ts";
import { tellStray } from "./metering.ts";
import { answerHealth, createReadiness } from "./readiness.ts";
import { ignore, rehearse } from "./rehearsal.ts";
import { addRoutes } from "./routes.ts";
import { checkSite, type Site } from "./site-definition.ts";
import { DOWN_RETRY_SECONDS } from "./switches.ts";
import { createServices } from "./tool-services.ts";

/** What a team brings. */
export interface Theirs {
  readonly site: Site;
  readonly offerings: Offerings | (() => Promise<Offerings>);
  readonly version: string;
}

/** The Worker that serves it. `outward` replaces parts: the store, the identity provider. */
export async function createWorker(theirs: Theirs, outward: Outward = {}) {
  // When the isolate starts, so that no request pays for it.
  const prepared = { ...theirs, catalogue: await loadCatalogue(theirs.offerings) };
  let opened: Opened | undefined;
  warmUp();
  globalThis.addEventListener("unhandledrejection", tellStray);
  openEarly(prepared, outward).then((early) => (opened ??= early), ignore);
  return {
    async fetch(request: Request, env: Env, execution: ExecutionContext): Promise<Response> {
      opened ??= await open({ ...prepared, env }, new URL(request.url), outward);
      const { limitsOf, trail } = opened;
      return opened.passage.fetch(atPlainPath(request), { execution, limitsOf, trail });
    },
    /** Works off what Auth0 is still to be told; a cron trigger of wrangler.toml calls it. */
    async scheduled(_event: unknown, env: Env): Promise<void> {
      opened ??= await open({ ...prepared, env }, undefined, outward);
      if (opened.parts !== undefined) await sayFarewells(opened.parts, FAREWELLS_AT_ONCE);
    },
  };
}

/** Each is one request to Auth0, and Workers' free plan allows fifty. */
const FAREWELLS_AT_ONCE = 40;

/** What answers requests, and what goes with each of them. */
interface Opened {
  readonly passage: Passage;
  /** Behind it; there are none when nobody has to sign in. */
  readonly parts?: Parts | undefined;
  readonly limitsOf: ReturnType<typeof createLimits>;
  readonly trail: Trail;
}

/** Before the first request, unless the configuration waits for one or something is not right. */
async function openEarly(
  prepared: Omit<Prepared, "env">,
  outward: Outward,
): Promise<Opened | undefined> {
  const config = loadConfig(environment);
  const early = { ...prepared, env: environment };
  if (!isConfig(config) || theirProblems(early).length > 0) return undefined;
  const opened = await furnish(early, config, outward);
  await rehearse(opened.passage, config, opened.parts);
  return opened;
}

/** The limits of wrangler.toml; where they are missing, everything works, and one warning says so. */
function openLimits(env: Env): ReturnType<typeof createLimits> {
  const isOff = ["false", "0"].includes(env.RATE_LIMITS?.trim().toLowerCase() ?? "");
  const missing = isOff ? [] : missingBindings(env);
  if (missing.length > 0) warnOnce("rate_limits_missing", { bindings: missing });
  return createLimits(isOff ? undefined : env, Date.now);
}

/** What leaves a trail beside the log, as far as it is bound. */
function openTrail({ env, version }: Prepared, logShare: number | undefined): Trail {
  const { METRICS: metrics, AUDIT: audit, VERSION: deployed } = env;
  return {
    ...(logShare === undefined ? {} : { logShare }),
    version: deployed?.id.slice(0, 8) ?? version,
    ...(metrics === undefined ? {} : { metrics }),
    ...(audit === undefined ? {} : { audit }),
  };
}

type Prepared = Theirs & Pick<Served, "catalogue"> & { readonly env: Env };

/** What is wrong with what a team brings. */
function theirProblems({ site, catalogue, env }: Prepared): readonly ConfigProblem[] {
  return [...checkSite(site), ...catalogue.problems, ...missingNeeds(catalogue, { ...env })];
}

/** Serves, or answers 500 and says in the log everything that must be put right first. */
async function open(
  prepared: Prepared,
  requestUrl: URL | undefined,
  outward: Outward,
): Promise<Opened> {
  const config = loadConfig(prepared.env, requestUrl);
  const problems = [...theirProblems(prepared), ...(isConfig(config) ? [] : config)];
  if (isConfig(config) && problems.length === 0) return furnish(prepared, config, outward);
  warnConfig(problems);
  const look = await createLook(PLAIN_SITE);
  const passage = createPassage({ isLoopback: true, issuer: "", look });
  passage.routes.use(refuseWith("configuration_invalid"));
  return { passage, limitsOf: openLimits(prepared.env), trail: openTrail(prepared, undefined) };
}

async function furnish(prepared: Prepared, config: Config, outward: Outward): Promise<Opened> {
  const { site, version, catalogue, env } = prepared;
  const look = await createLook(site);
  const parts = await createParts(config, { catalogue, look }, outward);
  const guard = parts && {
    grants: parts.keeper,
    switches: parts.switches,
    signingKeys: parts.signingKeys,
    permissionIndex: parts.permissionIndex,
    ...broughtTo(parts),
  };
  const services = await createServices(env, parts);
  const passage = createPassage({ ...config, look });
  const { routes } = passage;
  const around = { limitsOf: openLimits(env), trail: openTrail(prepared, config.logShare) };
  routes.get("/health", answerHealth);
  if (config.isDownForWork) {
    routes.use(refuseWith("down_for_work", { "Retry-After": String(DOWN_RETRY_SECONDS) }));
    return { passage, ...around };
  }
  for (const path of PAGES) routes.get(path, leadHome(config.issuer));
  addMcpRoutes(routes, { config, catalogue, services, site, version, now, ...guard }, look);
  const documents = describeServer({ ...config, site, version });
  for (const [path, document] of Object.entries(documents))
    routes.get(path, ({ req }) => answerDocument(document, req.header("If-None-Match")));
  routes.get("/favicon.svg", () => renderIcon(site));
  routes.get("/ready", createReadiness(parts, version));
  for (const path of ["/health", "/ready", "/favicon.svg", "/llms.txt", ...Object.keys(documents)])
    routes.all(path, refuseWith("method_not_allowed", { Allow: "GET, HEAD" }));
  if (parts !== undefined) addRoutes(routes, parts);
  return { passage, parts, ...around };
}

/** Where the API is another's too, the list of applications is all that keeps its tokens apart. */
function broughtTo({ config, identity }: Parts): Pick<GateParts, "brought"> {
  const { audience, directClients = [] } = config.auth.identity;
  if (directClients.length === 0) return {};
  if (audience !== config.resource)
    warnOnce("direct_audience_shared", { resource: config.resource });
  return { brought: identity };
}
