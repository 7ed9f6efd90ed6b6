/**
 * The parts of a local run as programs: the Worker under wrangler, the local tenant, the local
 * store. Settings go in; what to start comes out.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Program } from "./processes.ts";
import type { Places, Settings } from "./settings.ts";

/** wrangler must neither phone home, nor ask, nor look for another version. */
const QUIET = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_WRITE_LOGS: "false",
  WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
};

/** The Worker. Its variables are in a file, since anybody can read the arguments of a process. */
export function workerProgram({ ports }: Settings, places: Places): Program {
  return {
    name: "The Worker (wrangler dev)",
    file: fileURLToPath(new URL("bin/wrangler.js", import.meta.resolve("wrangler/package.json"))),
    arguments: [
      "dev",
      `--env-file=${places.variables}`,
      `--port=${ports.worker}`,
      "--inspector-port=0",
      `--persist-to=${places.wrangler}`,
      "--show-interactive-dev-session=false",
    ],
    environment: { ...QUIET, WRANGLER_REGISTRY_PATH: join(places.wrangler, "registry") },
  };
}

/** The local tenant; `permissions` are what Ada holds. */
export function tenantProgram(
  settings: Settings,
  places: Places,
  permissions: readonly string[],
): Program {
  return {
    name: "The local tenant",
    file: join(import.meta.dirname, "../tenant/main.ts"),
    environment: {
      ...settings.variables,
      DEV_AUTH0_PORT: String(settings.ports.tenant),
      DEV_DATA_DIR: places.data,
      DEV_PERMISSIONS: permissions.join(),
    },
  };
}

/** The local store. */
export function storeProgram({ ports, variables }: Settings, places: Places): Program {
  return {
    name: "The local store",
    file: join(import.meta.dirname, "../upstash/main.ts"),
    environment: {
      DEV_UPSTASH_PORT: String(ports.store),
      DEV_UPSTASH_TOKEN: variables["UPSTASH_REDIS_REST_TOKEN"] ?? "",
      DEV_DATA_DIR: places.data,
    },
  };
}
