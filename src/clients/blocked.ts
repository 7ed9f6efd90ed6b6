/**
 * Clients that the operator has switched off (`BLOCKED_CLIENTS`). A client's id and the configuration
 * go in; nothing comes out, or a refusal that makes nobody register or sign in again.
 */
import type { Config } from "../config.ts";
import { Refusal } from "../errors.ts";

/** Whether a client gets and uses nothing until further notice. Pure. */
export function isBlocked(clientId: string, { auth }: Pick<Config, "auth">): boolean {
  return auth?.blockedClients.includes(clientId) ?? false;
}

/** Refuses a client that is blocked, with `client_blocked`. */
export function assertNotBlocked(clientId: string, config: Pick<Config, "auth">): void {
  if (isBlocked(clientId, config)) throw new Refusal("client_blocked");
}
