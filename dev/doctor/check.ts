/**
 * What a check is, and what it may say. Checks and a subject go in, findings come out in the order
 * of the table. A check never throws its way out, and never says a value of a variable.
 */
import { Obstacle } from "../obstacle.ts";
import type { Subject } from "./subject.ts";

export type Status = "ok" | "warning" | "failure" | "skipped";

export interface Verdict {
  readonly status: Status;
  /** What was found, on one line. */
  readonly says: string;
  /** What to do about it, on one line. */
  readonly fix?: string;
}

export type Area =
  | "Variables"
  | "Auth0"
  | "Auth0's settings"
  | "Sign-in"
  | "Store"
  | "wrangler.toml"
  | "Deployment"
  | "Client"
  | "Directories";

export interface Check {
  /** Stable: for `--json`, and for whoever filters. */
  readonly id: string;
  readonly area: Area;
  /** Checks that must not have failed, or this one tells nothing. */
  readonly needs?: readonly string[];
  /** No verdict: there is nothing to check here. */
  readonly examine: (
    subject: Subject,
  ) => Promise<Verdict | readonly Verdict[] | undefined> | Verdict | readonly Verdict[] | undefined;
}

export interface Finding extends Verdict {
  readonly id: string;
  readonly area: Area;
}

export function ok(says: string): Verdict {
  return { status: "ok", says };
}

export function failure(says: string, fix: string): Verdict {
  return { status: "failure", says, fix };
}

export function warning(says: string, fix: string): Verdict {
  return { status: "warning", says, fix };
}

export function skipped(says: string, fix?: string): Verdict {
  return { status: "skipped", says, ...(fix === undefined ? {} : { fix }) };
}

/** Runs the checks one after the other; what needs a failed one is skipped. */
export async function examine(
  checks: readonly Check[],
  subject: Subject,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const unusable = new Set<string>();
  for (const check of checks) {
    const { id, area, needs = [] } = check;
    const missing = needs.find((need) => unusable.has(need));
    if (missing !== undefined) unusable.add(id);
    const verdicts = missing === undefined ? await verdictsOf(check, subject) : [];
    if (verdicts.some(({ status }) => status === "failure") || isSkipped(verdicts))
      unusable.add(id);
    findings.push(...verdicts.map((verdict) => ({ id, area, ...verdict })));
  }
  return findings;
}

function isSkipped(verdicts: readonly Verdict[]): boolean {
  return verdicts.length > 0 && verdicts.every(({ status }) => status === "skipped");
}

async function verdictsOf(check: Check, subject: Subject): Promise<readonly Verdict[]> {
  try {
    return [(await check.examine(subject)) ?? []].flat();
  } catch (error) {
    if (error instanceof Obstacle) return [failure(error.message, error.advice ?? "Try again.")];
    const name = error instanceof Error ? error.name : "error";
    return [failure(`${check.id} could not be examined (${name})`, "This is a bug of the doctor.")];
  }
}
