/**
 * The audit trail. Lines of the log about security go to whoever keeps them; which ones, and how one
 * of them is handed over, stands here. Pure.
 */

/**
 * Where a team keeps what happened: the binding `AUDIT`, such as a queue of Cloudflare's. It gets the
 * lines of security events as they are in the log.
 */
export interface Audit {
  send(line: Readonly<Record<string, string | number | boolean>>): Promise<unknown>;
}

/** What happens all the time, and to nobody. */
const UNAUDITED: ReadonlySet<string> = new Set(["served", "challenged", "unavailable"]);

/** Whether an event is one of security: somebody got, used, lost or was refused something. */
export function isAudited(event: string): boolean {
  return !UNAUDITED.has(event);
}
