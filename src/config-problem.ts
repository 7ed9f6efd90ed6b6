/**
 * What is wrong with a configuration, told by the name of the variable. What a schema or a look at
 * the names found goes in, our own words come out; a value is never part of them.
 */
import type * as z from "zod";
import { findMeantName } from "./near-miss.ts";

/** One problem of one variable; the text never contains the value. */
export interface ConfigProblem {
  readonly variable: string;
  readonly problem: string;
}

/** A value copied together with the quotes that a shell or a file of variables would take away. */
export function quotedValues(
  set: Readonly<Record<string, unknown>>,
  names: readonly string[],
): ConfigProblem[] {
  const quoted = names.filter((name) => /^\s*(["'`]).*\1\s*$/s.test(String(set[name] ?? "")));
  return quoted.map((variable) => ({ variable, problem: "is wholly in quotes: leave them out" }));
}

/** A setting under a name that is almost ours would be passed over in silence. */
export function misspeltNames(
  set: Readonly<Record<string, unknown>>,
  names: readonly string[],
): ConfigProblem[] {
  return Object.keys(set).flatMap((variable) => {
    const meant = findMeantName(variable, names);
    return meant === undefined ? [] : [{ variable, problem: `is not read: is ${meant} meant?` }];
  });
}

/** What follows from a problem already told is not told again. */
export function firstOfEach(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return problems.filter(
    ({ variable }, index) => problems.findIndex((other) => other.variable === variable) === index,
  );
}

/** What a schema found. */
export function problemsOf(result: { error?: z.ZodError } | undefined): ConfigProblem[] {
  return (result?.error?.issues ?? []).map((issue) => ({
    variable: String(issue.path[0]),
    problem: problemText(issue),
  }));
}

/** Our own words only: Zod's may describe what it received. */
function problemText(issue: z.core.$ZodIssue): string {
  const place = issue.path.slice(1).join(".");
  return place === ""
    ? issue.message
    : `${issue.code === "custom" ? issue.message : "is not as documented"} (at ${place})`;
}
