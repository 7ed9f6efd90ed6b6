/**
 * The door: a request comes in, the environment, checked once, becomes the parts, and they answer.
 * The only file that sees every room. No logic.
 */
import { createParts, now, type Outward } from "./assembly.ts";
import { type Config, type Env, isConfig, loadConfig } from "./config.ts";
import { warnConfig } from "./edge/log.ts";
import { createPassage, type Passage, refuseWith } from "./edge/passage.ts";
import { createCatalogue } from "./mcp/catalogue.ts";
import { createMcp, RESOURCE_PATHS } from "./mcp/handler.ts";
import { warmUp } from "./mcp/warm-up.ts";
import { renderIcon } from "./pages/icon.tsx";
import { renderLanding } from "./pages/landing.tsx";
import { answerHealth, createReadiness } from "./readiness.ts";
import { addRoutes } from "./routes.ts";
import { offerings } from "./tools/index.ts";

/** Everything on offer, prepared when the isolate starts, so that no request pays for it. */
const ours = createCatalogue(offerings);
warmUp();

/** The Worker. `outward` replaces parts of it: the store, the identity provider, the tools. */
export function createWorker(outward: Outward = {}) {
  let app: Passage | undefined;
  return {
    async fetch(request: Request, env: Env, execution: ExecutionContext): Promise<Response> {
      app ??= await open(loadConfig(env, new URL(request.url)), outward);
      return app.fetch(request, { execution }, execution);
    },
  };
}

async function open(config: ReturnType<typeof loadConfig>, outward: Outward): Promise<Passage> {
  if (isConfig(config)) return furnish(config, outward);
  warnConfig(config);
  return createPassage({ isLoopback: true, issuer: "" }).use(refuseWith("configuration_invalid"));
}

async function furnish(config: Config, outward: Outward): Promise<Passage> {
  const { catalogue = ours } = outward;
  const tools = [...catalogue.tools.values()].map(({ item }) => item);
  const parts = await createParts(config, catalogue, outward);
  const guard = parts && { grants: parts.keeper, signingKeys: parts.signingKeys };
  const mcp = createMcp({ config, catalogue, now, ...guard });
  const landing = { issuer: config.issuer, tools, requiresSignIn: parts !== undefined };
  const app = createPassage(config);

  app.get("/", ({ req }) => renderLanding(landing, req.header("Accept") ?? null));
  app.get("/llms.txt", () => renderLanding(landing, "text/markdown"));
  app.get("/favicon.svg", renderIcon);
  app.get("/health", answerHealth);
  app.get("/ready", createReadiness(parts));
  for (const path of RESOURCE_PATHS)
    app.all(path, ({ req, var: { exchange } }) => mcp.fetch(req.raw, exchange));
  app.all("/sse", refuseWith("sse_gone"));
  if (parts !== undefined) addRoutes(app, parts);
  return app;
}

export default createWorker();
