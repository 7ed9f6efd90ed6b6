/**
 * The addresses of the resource server: `/mcp`, one for each organization, their metadata, and what
 * a browser sees there. Nothing is made for an organization before somebody asks for it.
 */
import type { Context, Next } from "hono";
import { installationsOf } from "./clients/installation.ts";
import { type EdgeEnv, refuseWith, type Routes } from "./edge/passage.ts";
import { wantsJson, wantsPage } from "./edge/routes.ts";
import { createMcp, type Mcp, type McpParts, METADATA_PATHS } from "./mcp/handler.ts";
import { METADATA_PATH } from "./mcp/gate.ts";
import { organizationsOf } from "./organizations.ts";
import { createLanding } from "./pages/landing.tsx";
import type { Look } from "./pages/look.ts";

/** Adds them. */
export function addMcpRoutes(routes: Routes, parts: McpParts, look: Look): void {
  const common = serveAt(parts.config.resource, parts, look);
  const lead = (status: number) => (context: Context<EdgeEnv>, next: Next) =>
    wantsPage(context.req.raw) ? common.answerLanding("text/html", status) : next();
  routes.get("/", ({ req }, next) =>
    wantsJson(req.raw) ? next() : common.answerLanding(req.header("Accept") ?? null),
  );
  routes.get("/mcp", lead(200));
  routes.get("/sse", lead(410));
  routes.get("/llms.txt", () => common.answerLanding("text/markdown"));
  routes.all("/mcp", (context) => common.mcp.fetch(context.req.raw, context.env.exchange));
  for (const path of METADATA_PATHS)
    routes.all(path, (context) => common.mcp.describe(context.req.raw, context.env.exchange));
  routes.all("/sse", refuseWith("sse_gone"));
  if (organizationsOf(parts.config).length > 0) addOrganizations(routes, parts, look);
}

/** One address for all of them, so that a line of the log does not repeat what was asked. */
function addOrganizations(routes: Routes, parts: McpParts, look: Look): void {
  const findThere = createFinder(parts, look);
  routes.all("/mcp/o/:organization", ({ req, env: { exchange } }, next) => {
    const there = findThere(req.param("organization"));
    if (there === undefined) return next();
    exchange.note({ organization: req.param("organization") });
    return req.method === "GET" && wantsPage(req.raw)
      ? there.answerLanding("text/html")
      : there.mcp.fetch(req.raw, exchange);
  });
  routes.all(`${METADATA_PATH}/mcp/o/:organization`, ({ req, env: { exchange } }, next) => {
    const there = findThere(req.param("organization"));
    return there === undefined ? next() : there.mcp.describe(req.raw, exchange);
  });
}

interface There {
  readonly mcp: Mcp;
  readonly answerLanding: ReturnType<typeof createLanding>;
}

/** What is made for an organization is kept; there are no more than were configured. */
function createFinder(parts: McpParts, look: Look): (name: string) => There | undefined {
  const organizations = organizationsOf(parts.config);
  const made = new Map<string, There>();
  return (name) => {
    const organization = organizations.find((known) => known.name === name);
    if (organization === undefined) return undefined;
    const there = made.get(name) ?? serveAt(organization.resource, parts, look);
    made.set(name, there);
    return there;
  };
}

/** A resource: its tokens are good nowhere else, and no others are good there. */
function serveAt(resource: string, parts: McpParts, look: Look): There {
  const { config, catalogue, site } = parts;
  const tools = [...catalogue.tools.values()].map(({ item }) => item);
  return {
    mcp: createMcp({ ...parts, config: { ...config, resource } }),
    answerLanding: createLanding({
      issuer: config.issuer,
      address: resource,
      look,
      installations: installationsOf(resource),
      tools: site.listsToolsPublicly ? tools : [],
      requiresSignIn: config.auth !== undefined,
    }),
  };
}
