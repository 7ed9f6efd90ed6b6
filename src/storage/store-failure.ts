/**
 * What the store says when it cannot serve, by its name. An answer goes in, as HTTP status and JSON;
 * a reason comes out, and what the log may know of it. The store's own text, which may quote a
 * command, never leaves this file. Pure.
 */
import * as z from "zod";
import { parseJson } from "../json.ts";
import type { Reason } from "../errors.ts";

export interface StoreFailure {
  readonly reason: Reason;
  /** Nobody knows whether the commands ran. */
  readonly isOpen: boolean;
  readonly facts: Readonly<Record<string, string | number>>;
}

/**
 * The first that matches. Redis 7.0 begins with a code in capitals; Upstash's own limits are
 * sentences (its documentation, Troubleshooting).
 */
const NAMES: readonly (readonly [RegExp, Reason])[] = [
  [/^OOM\b|capacity quota|max (?:database|db|data|storage) size/i, "store_full"],
  [/^(?:READONLY|NOPERM|MISCONF)\b|\bread[- ]?only\b/i, "store_read_only"],
  [/^(?:WRONGPASS|NOAUTH)\b/i, "store_auth_failed"],
  [/\bper second\b|concurrent|max (?:number of )?clients|too many requests/i, "store_rate_limited"],
  [/max (?:\w+ )?(?:requests?|commands?|bandwidth) limit|\bbudget\b/i, "store_quota_exceeded"],
  [/rate limit/i, "store_rate_limited"],
  [/database .*(?:not found|not exist|deleted|archived|paused|suspended|inactive)/i, "store_gone"],
  // Cloudflare's answer where a host name does not resolve, with status 530.
  [/^error code: 1016$/, "store_gone"],
  [/^(?:LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY)\b/, "store_unavailable"],
];

const STATUSES: ReadonlyMap<number, Reason> = new Map([
  [401, "store_auth_failed"],
  [403, "store_auth_failed"],
  [404, "store_gone"],
  [410, "store_gone"],
  [429, "store_rate_limited"],
]);

const errorSchema = z.object({ error: z.string() });

/**
 * Names what is wrong with an answer that is not the replies we asked for: one error for all
 * commands, or an error of one of them.
 */
export function nameFailure(status: number, text: string): StoreFailure {
  const answer = parseJson(text);
  const refusal = readError(answer);
  const errors = Array.isArray(answer) ? answer.flatMap(readError) : [refusal ?? text.trim()];
  const named = errors.flatMap(nameOf)[0] ?? STATUSES.get(status);
  const facts = { storeStatus: status };
  if (named !== undefined) return { reason: named, isOpen: named === "store_unavailable", facts };
  // One error for all of them: none ran.
  if (refusal !== undefined && status < 500)
    return { reason: "store_answer_invalid", isOpen: false, facts };
  const reason = status < 400 ? "store_answer_invalid" : "store_unavailable";
  return { reason, isOpen: true, facts };
}

/** Names what kept an answer from coming: a time-out, a name that does not resolve, or the network. */
export function nameSilence(error: unknown): StoreFailure {
  const { name, message } = error instanceof Error ? error : new Error("");
  if (/timeout|abort/i.test(name))
    return { reason: "store_unavailable", isOpen: true, facts: { storeFault: "timeout" } };
  if (/\bDNS\b|getaddrinfo|ENOTFOUND|name resolution/i.test(message))
    return { reason: "store_gone", isOpen: true, facts: { storeFault: "name_resolution" } };
  return { reason: "store_unavailable", isOpen: true, facts: { storeFault: "network" } };
}

function nameOf(error: string | undefined): Reason | [] {
  return NAMES.find(([pattern]) => pattern.test(error ?? ""))?.[1] ?? [];
}

function readError(part: unknown): string | undefined {
  return errorSchema.safeParse(part).data?.error;
}
