/**
 * The local tenant and the local store as programs. Settings go in; what to start comes out.
 */
import { join } from "node:path";
import type { Program } from "./processes.ts";
import type { Places, Settings } from "./settings.ts";

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
